"""What a handler answers: a whole body, or one in pieces. A connection that was taken over needs none."""

from __future__ import annotations

import msgspec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JSON = "application/json"
TAR = "application/x-tar"


class Response:
    """A status, headers and a whole body."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self, status: int, body: bytes = b"", content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.body, self.content_type, self.headers = status, body, content_type, headers or {}


class Stream(Response):
    """A body in pieces, each sent as it comes, the headers before the first; closed when it is over.

    An error in between breaks the connection: there is no other way to say so.
    """

    __slots__ = ("pieces",)

    def __init__(
        self, pieces: Iterable[bytes], content_type: str = JSON, status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(status, b"", content_type, headers)
        self.pieces = pieces


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The value as JSON."""
    return Response(status, msgspec.json.encode(value), JSON, headers)


def json_line(value: object) -> bytes:
    """One value of a stream of them."""
    return msgspec.json.encode(value) + b"\n"


def empty(status: int = 204, headers: Mapping[str, str] | None = None) -> Response:
    """No body."""
    return Response(status, headers=headers)


def plain(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A text."""
    return Response(status, text.encode(), "text/plain; charset=utf-8", headers)

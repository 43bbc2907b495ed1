"""One request as a handler sees it: the parts of its path, its parameters, its body, and the way to its client."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..errors import InvalidArgument, SeaboxError
from ..model.decoding import decode
from .go_keys import read
from .routing import FILTERS, FLAG, NUMBER, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    from ..kernel.watch import Cancel
    from .connection import Taken
    from .routing import Match

    T = TypeVar("T")

JSON_AT_MOST = 8 << 20  # bytes
_TRUE = frozenset(("true", "1", "t", "yes", "on"))
_FALSE = frozenset(("false", "0", "f", "no", "off", "none", ""))
_LARGEST = 1 << 63
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_NEWEST = (1, 44)  # what a request without a version gets


class TooLarge(SeaboxError):
    """The body is larger than what this request may carry."""

    http_status = 413


class WrongType(SeaboxError):
    """The body is not of the type that this request takes: say what it is in Content-Type."""

    http_status = 415


class Client:
    """What a request can do to the connection that it came on; made by connection.py."""

    __slots__ = ("body", "cancel", "take_over", "typed")

    def __init__(
        self, body: Iterator[bytes], cancel: Callable[[], Cancel],
        take_over: Callable[[Mapping[str, str], str], Taken], typed: Callable[[], bytes],
    ) -> None:  # fmt: skip
        self.body, self.cancel, self.take_over, self.typed = body, cancel, take_over, typed


class Request:
    """A method, a path, a query, headers and a body; every word of them may come from anybody."""

    __slots__ = ("_asked", "_client", "_match", "headers", "method", "target")

    def __init__(self, method: str, target: str, headers: Mapping[str, str], match: Match, client: Client) -> None:
        """Raises: InvalidArgument."""
        self.method, self.target, self.headers = method, target, headers
        self._match, self._client = match, client
        try:
            pairs = parse_qsl(
                target.partition("?")[2], keep_blank_values=True, errors="strict", max_num_fields=1000
            )
        except ValueError:
            raise InvalidArgument("the query is not one: too many words, or not UTF-8") from None
        self._asked: dict[str, list[str]] = {}
        declared = {name.lower(): name for name in match.route.parameters}  # podman-remote writes them small
        for given, value in pairs:
            key = given if given in match.route.parameters else declared.get(given.lower(), given)
            if "\0" in value:
                raise InvalidArgument(f"there is a NUL in the parameter {key!r}")
            self._asked.setdefault(key, []).append(value)

    # --- path and query ------------------------------------------------------------------------------------------

    @property
    def version(self) -> tuple[int, ...]:
        """The version of the API that the client speaks: (1, 41)."""
        said = self._match.version
        return tuple(int(part) for part in said.split(".")) if said else _NEWEST

    @property
    def libpod(self) -> bool:
        """Whether it is to podman's own API."""
        return self._match.route.pattern.startswith("/libpod/")

    def place(self, name: str) -> str:
        """What stands in the path at {name}."""
        return self._match.places[name]

    def given(self, name: str) -> bool:
        """Whether the parameter was given at all."""
        self._match.route.parameters[name]
        return name in self._asked

    def flag(self, name: str) -> bool:
        """A boolean parameter. Raises: InvalidArgument."""
        said, default = self._one(name, FLAG)
        if said is None:
            return bool(default)
        if said.lower() in _TRUE:
            return True
        if said.lower() in _FALSE:
            return False
        raise InvalidArgument(f'{name} must be true or false, not "{said}"')

    def number(self, name: str) -> int | None:
        """A whole number; None if it is not given and has no default. Raises: InvalidArgument."""
        said, default = self._one(name, NUMBER)
        if said is None or said == "":
            assert default is None or isinstance(default, int)
            return default
        try:
            found = int(said)
        except ValueError:
            raise InvalidArgument(f'{name} must be a whole number, not "{said}"') from None
        if not -_LARGEST <= found < _LARGEST:
            raise InvalidArgument(f"{name} is out of range: {said[:30]}")
        return found

    def text(self, name: str) -> str:
        """A text."""
        said, default = self._one(name, TEXT)
        return str(default or "") if said is None else said

    def texts(self, name: str) -> list[str]:
        """All that was given for a parameter."""
        self._declared(name, TEXTS)
        return self._asked.get(name, [])

    def filters(self, name: str = "filters") -> dict[str, list[str]]:
        """The conditions: both of Docker's forms, lists and maps of what counts. Raises: InvalidArgument."""
        said, _ = self._one(name, FILTERS)
        if not said:
            return {}
        try:
            found = decode(said.encode(), dict[str, list[str] | dict[str, bool]])
        except (msgspec.DecodeError, UnicodeError) as problem:
            raise InvalidArgument(f"invalid filter: {problem}") from None
        return {
            key: values if isinstance(values, list) else [value for value, counts in values.items() if counts]
            for key, values in found.items()
        }

    def conditions(self, name: str = "filters") -> list[str]:
        """The filters as the KEY=VALUE texts that listing/ takes. Raises: InvalidArgument."""
        return [f"{key}={value}" for key, values in self.filters(name).items() for value in values]

    def _one(self, name: str, kind: str) -> tuple[str | None, bool | int | str | None]:
        default = self._declared(name, kind)
        if not (said := self._asked.get(name)):
            return None, default
        # Of several dockerd takes the first: docker-py says `dockerfile` twice. podman takes the last.
        return said[-1 if self.libpod else 0], default

    def _declared(self, name: str, kind: str) -> bool | int | str | None:
        parameter = self._match.route.parameters[name]  # a KeyError: the route forgot to declare it
        assert parameter.kind == kind, f"{name} is declared as {parameter.kind}"
        return parameter.default

    # --- body ----------------------------------------------------------------------------------------------------

    def json(self, kind: type[T]) -> T:
        """The body as a value of this type; an empty one is {}. Raises: InvalidArgument, TooLarge, WrongType.

        As Go reads it, small and large letters in its keys are the same.
        """
        data = self.read()
        if data.strip() in (b"", b"null"):
            data = b"{}"
        else:
            said = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if said and said not in ("application/json", "text/json"):
                raise WrongType(f"Content-Type {said} is not supported here: send application/json")
        if self.libpod:
            data = _first_value(data)
        try:
            return read(decode(data, dict[str, Any]), kind)
        except (msgspec.DecodeError, UnicodeError) as problem:
            raise InvalidArgument(f"the body is not what this request takes: {problem}") from None

    def read(self, at_most: int = JSON_AT_MOST) -> bytes:
        """The whole body. Blocks until it has come. Raises: TooLarge."""
        found = bytearray()
        for piece in self._client.body:
            found += piece
            if len(found) > at_most:
                raise TooLarge(f"the body is larger than {at_most} bytes")
        return bytes(found)

    @property
    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, for archives. Iterating blocks; once."""
        return self._client.body

    # --- client --------------------------------------------------------------------------------------------------

    @property
    def cancel(self) -> Cancel:
        """Fired when the client has hung up, or the service is about to end: for every call that waits."""
        return self._client.cancel()

    @property
    def typed(self) -> bytes:
        """What came on the connection after the request: the beginning of a container's input."""
        return self._client.typed()

    def take_over(self, content_type: str) -> Taken:
        """The client was told that its connection is a stream now; here it is. Nothing more is answered.

        101 if it asked for an upgrade, 200 otherwise. To be called when all that can fail has worked.
        """
        return self._client.take_over({"Content-Type": content_type}, "tcp")

    def switch(self, protocol: str, headers: Mapping[str, str]) -> Taken:
        """As `take_over`, for a client that has asked for an upgrade to `protocol`."""
        return self._client.take_over(headers, protocol)

    def header(self, name: str) -> str:
        """A header, "" if it was not sent."""
        return self.headers.get(name.lower(), "")


def _first_value(data: bytes) -> bytes:
    """What podman reads of a body: the first value, whatever follows it."""
    try:
        decode(data, msgspec.Raw)
    except msgspec.DecodeError as problem:
        if found := _TRAILING.search(str(problem)):
            return data[: int(found[1]) - 1]
    return data

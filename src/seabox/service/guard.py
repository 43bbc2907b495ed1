"""Who may ask: requests that a browser was tricked into, or that two servers would read differently, are refused."""

from __future__ import annotations

from .. import __version__
from ..errors import InvalidArgument, SeaboxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_VERSION = "1.44"
OLDEST_API_VERSION = "1.24"
LIBPOD_VERSION = "5.0.0"
OLDEST_LIBPOD_VERSION = "4.0.0"
_BY_BROWSERS = ("sec-fetch-site", "sec-fetch-mode")


class Forbidden(SeaboxError):
    """The request comes from a web page, or through a name that is not this service's."""

    http_status = 403


class Guard:
    """What one listening service lets in, and what it says in every answer.

    names  the host names that requests may be for; None = any: nobody else's name leads to a unix socket
    origin  the web pages that may ask: "" = none, "*" = all
    """

    __slots__ = ("headers", "names", "origin")

    def __init__(self, names: frozenset[str] | None = None, origin: str = "") -> None:
        self.names, self.origin = names, origin
        self.headers: list[tuple[str, str]] = [
            ("Api-Version", API_VERSION), ("Docker-Experimental", "false"), ("Libpod-API-Version", LIBPOD_VERSION),
            ("Ostype", "linux"), ("Server", f"Seabox/{__version__} (linux)"),
        ]  # fmt: skip
        if origin:
            self.headers += [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Allow-Headers", "Origin, X-Requested-With, Content-Type, Accept, X-Registry-Auth"),
                ("Access-Control-Allow-Methods", "HEAD, GET, POST, DELETE, PUT, OPTIONS"),
            ]


def check_sender(guard: Guard, raw: Sequence[tuple[bytes, bytes]], headers: Mapping[str, str]) -> None:
    """The request may be looked at. Raises: Forbidden, InvalidArgument."""
    names = [name.lower() for name, _ in raw]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise InvalidArgument("Content-Length and Transfer-Encoding exclude each other")
    if names.count(b"host") > 1:
        raise InvalidArgument("more than one Host")
    if not _allowed(guard.origin, headers):
        raise Forbidden("requests of web pages are refused: start the service with --cors to allow them")
    if guard.names is not None and _host(headers.get("host", "")) not in guard.names:
        raise Forbidden(f"this service is not called {headers.get('host', '')!a}")


def _allowed(page: str, headers: Mapping[str, str]) -> bool:
    """Whether the request is no web page's, or that of a page that may ask: one of the origin `page`, "*" is any.

    Libraries for websockets say that they are a page of the service itself. It has none, and a browser says more.
    """
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{headers.get('host', '')}".lower():
        return bool(page) and page in ("*", origin)
    return bool(page) or not any(name in headers for name in _BY_BROWSERS)


def _host(text: str) -> str:
    """The name in a Host header, without its port."""
    if text.startswith("["):
        return text[1:].partition("]")[0].lower()
    return text.rpartition(":")[0].lower() if ":" in text else text.lower()

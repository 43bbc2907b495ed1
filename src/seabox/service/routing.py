"""Which function answers which request: routes, the parameters that they take, and how one is found."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..errors import InvalidArgument, SeaboxError
from .guard import OLDEST_API_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..engine import Engine
    from .request import Request
    from .response import Response

    Handler = Callable[[Engine, Request], Response | None]

FLAG, NUMBER, TEXT, TEXTS, FILTERS = "boolean", "integer", "string", "array", "filters"
_VERSION = re.compile(r"/v(\d{1,3}(?:\.\d{1,3}){0,2})(?=/)")
_SLASHES = re.compile("//+")
_OLDEST = [int(part) for part in OLDEST_API_VERSION.split(".")]
_PLACE = re.compile(r"\{(\w+)(\.\.\.)?\}")


class NoRoute(SeaboxError):
    """There is nothing at this path."""

    http_status = 404

    def __init__(self, path: str) -> None:
        super().__init__(f"page not found: {path}")


class WrongMethod(SeaboxError):
    """What is at this path is asked for with another method; `allowed` says which."""

    http_status = 405

    def __init__(self, method: str, path: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"method {method} is not allowed for {path}: {', '.join(allowed)}")
        self.allowed = allowed


class Parameter:
    """One word of the query string: its name, its kind, and what it is when it is not given."""

    __slots__ = ("about", "default", "kind", "name")

    def __init__(self, name: str, kind: str, default: bool | int | str | None, about: str) -> None:
        self.name, self.kind, self.default, self.about = name, kind, default, about


def flag(name: str, default: bool = False, about: str = "") -> Parameter:
    """A boolean parameter: Request.flag."""
    return Parameter(name, FLAG, default, about)


def number(name: str, default: int | None = None, about: str = "") -> Parameter:
    """A whole number: Request.number."""
    return Parameter(name, NUMBER, default, about)


def text(name: str, default: str = "", about: str = "") -> Parameter:
    """A text: Request.text."""
    return Parameter(name, TEXT, default, about)


def texts(name: str, about: str = "") -> Parameter:
    """A text that may be given several times: Request.texts."""
    return Parameter(name, TEXTS, None, about)


def filters(about: str = "Conditions as JSON: {KEY: [VALUE...]} or {KEY: {VALUE: true...}}") -> Parameter:
    """The parameter `filters`: Request.filters."""
    return Parameter("filters", FILTERS, None, about)


class Route:
    """A method, a pattern of paths, and the function that answers.

    pattern  "/containers/{name}/json"; {name...} stands for a text with slashes in it
    body     what the request carries: a Struct (JSON), "raw" (a tar archive or other bytes), None
    answer   what a success carries: "json", "lines" of JSON, "raw", "stream" (taken over), "text", None
    status   of a success; further ones in `also`
    """

    __slots__ = ("also", "answer", "body", "expression", "handler", "method", "parameters", "pattern", "status")

    def __init__(
        self, method: str, pattern: str, handler: Handler, *parameters: Parameter, body: type[Any] | str | None = None,
        answer: str | None = "json", status: int = 200, also: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        self.method, self.pattern, self.handler, self.body = method, pattern, handler, body
        self.answer, self.status, self.also = answer, status, also
        self.parameters = {each.name: each for each in parameters}
        expression, at = "", 0
        for found in _PLACE.finditer(pattern):
            what = ".+" if found[2] else "[^/]+"
            expression += re.escape(pattern[at : found.start()]) + f"(?P<{found[1]}>{what})"
            at = found.end()
        self.expression = re.compile(expression + re.escape(pattern[at:]), re.DOTALL)

    @property
    def places(self) -> list[str]:
        """The names of the parts of the path that are filled in."""
        return list(self.expression.groupindex)


class Match:
    """A route, and what the path of a request says."""

    __slots__ = ("places", "route", "version")

    def __init__(self, route: Route, places: dict[str, str], version: str) -> None:
        self.route, self.places, self.version = route, places, version


class Router:
    """Finds routes: those without places to fill in first, then those that say the most."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = sorted(routes, key=lambda route: (
            bool(route.places), "..." in route.pattern, -len(_PLACE.sub("", route.pattern)),
        ))  # fmt: skip

    def find(self, method: str, target: str) -> Match:
        """The route for a request. Raises: NoRoute, WrongMethod, InvalidArgument."""
        path = _SLASHES.sub("/", target.partition("?")[0])
        version = ""
        if found := _VERSION.match(path):
            version, path = found[1], path[found.end() :]
            if [int(part) for part in version.split(".")] < _OLDEST:
                raise InvalidArgument(f"version {version} of the API is not supported any more")
        if len(path) > 1:
            path = path.rstrip("/")
        others: dict[str, None] = {}
        for route in self.routes:
            matched = route.expression.fullmatch(path)
            if matched is None:
                continue
            if route.method == method:
                return Match(route, {key: _plain(value) for key, value in matched.groupdict().items()}, version)
            others[route.method] = None
        if others:
            raise WrongMethod(method, path, tuple(others))
        raise NoRoute(path)


def _plain(part: str) -> str:
    try:
        found = unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise InvalidArgument("the path is not UTF-8") from None
    if any(ord(letter) < 0x20 for letter in found):
        raise InvalidArgument("there are control characters in the path")
    return found

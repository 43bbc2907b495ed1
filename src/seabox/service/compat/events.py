"""What happened, under Docker's names."""

from __future__ import annotations

from ...errors import NoSuchContainer
from ...listing.events import all_attributes
from ...listing.matching import label_fits
from ...state.execs import COMMAND
from ..events import PARAMETERS, stream
from ..image_names import short
from ..response import Response
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...engine import Engine
    from ...model.record import Event
    from ..request import Request

    Test = Callable[[str, str, str, dict[str, Any]], bool]

_SECOND = 10**9
_TYPES = ("container", "image", "volume", "network", "secret")
_NAMES = {
    ("container", "died"): "die", ("container", "remove"): "destroy", ("container", "exec_died"): "exec_die",
    ("image", "remove"): "delete", ("image", "loadfromarchive"): "load", ("volume", "remove"): "destroy",
    ("network", "remove"): "destroy",
}  # fmt: skip
_OURS = frozenset(("init", "cleanup", "sync", "mount", "unmount"))  # of containers, which Docker does not tell


def events(on: Engine, ask: Request) -> Response:
    """What happens from now on, or since a moment."""
    return stream(on, ask, _Teller(on, _tests(ask.filters())), follow=ask.flag("stream"))


class _Teller:
    """Rows for events, one after the other: when a container was started is needed again at its end."""

    def __init__(self, on: Engine, tests: list[Test]) -> None:
        self._on, self._tests = on, tests
        self._started: dict[str, int] = {}
        self._typed: dict[str, str] = {}  # what containers' images were called by who made them

    def __call__(self, event: Event) -> Iterator[dict[str, Any]]:
        if event.type not in _TYPES or (event.type == "container" and event.kind in _OURS):
            return
        if event.type == "container" and event.kind in ("start", "restore"):
            self._started[event.id] = event.at
        told = all_attributes(event)
        id = self._facts(event, told)
        for action in self._actions(event, told):
            if all(test(event.type, action, id, told) for test in self._tests):
                yield _row(event, action, id, told)
        if event.kind == "remove":
            self._typed.pop(event.id, None)

    def _facts(self, event: Event, told: dict[str, Any]) -> str:
        """What it is about, by Docker's ways; `told` says the rest by Docker's names."""
        if event.type == "volume":
            told.setdefault("driver", "local")
            return event.name
        if event.type == "image":
            told["name"] = short(event.name) or event.id
            return short(event.name) if event.kind == "pull" and event.name else f"sha256:{event.id}"
        told["name"] = event.name
        if event.type == "container":
            told["image"] = self._image(event)
            if event.exit_code is not None:
                told["exitCode"] = str(event.exit_code)
        if event.kind == "died":
            told["execDuration"] = str(max(0, event.at - self._start_of(event)) // _SECOND)
        return event.id

    def _image(self, event: Event) -> str:
        """As it was typed, as far as that is known: not of a container that is gone."""
        if event.id not in self._typed:
            try:
                self._typed[event.id] = self._on.containers.get(event.id).config().asked.get("image", "")
            except NoSuchContainer:
                return self._typed.get(event.id) or short(event.image)
        return self._typed[event.id] or short(event.image)

    def _start_of(self, event: Event) -> int:
        started = self._started.pop(event.id, 0)
        try:
            return started or self._on.containers.get(event.id).snapshot().state.started_at or event.at
        except NoSuchContainer:
            return event.at

    def _actions(self, event: Event, told: dict[str, Any]) -> list[str]:
        if event.type == "container" and event.kind == "exec":
            command = " ".join(told.pop(COMMAND, ()))
            return [f"exec_create: {command}", f"exec_start: {command}"]
        if event.kind == "health_status":
            return [f"health_status: {told.pop('health_status', '')}"]
        return [_NAMES.get((event.type, event.kind), event.kind)]


def _row(event: Event, action: str, id: str, told: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if event.type in ("container", "image"):
        row = {"status": action, "id": id}
    if event.type == "container":
        row["from"] = told["image"]
    return row | {
        "Type": event.type, "Action": action, "Actor": {"ID": id, "Attributes": told}, "scope": "local",
        "time": event.at // _SECOND, "timeNano": event.at,
    }  # fmt: skip


def _tests(asked: dict[str, list[str]]) -> list[Test]:
    """One for each key of the conditions, whose values are alternatives; keys that Docker does not know fit all."""
    found: list[Test] = []
    for key, values in asked.items():
        if values and (test := _test(key)) is not None:
            found.append(_any(test, values))
    return found


def _any(test: Callable[..., bool], values: list[str]) -> Test:
    return lambda type, action, id, told: any(test(value, type, action, id, told) for value in values)


def _test(key: str) -> Callable[[str, str, str, str, dict[str, Any]], bool] | None:
    if key == "event":
        return lambda value, type, action, id, told: value in (action, action.partition(":")[0])
    if key == "type":
        return lambda value, type, action, id, told: type == value
    if key == "scope":
        return lambda value, type, action, id, told: value == "local"
    if key in ("container", "volume", "network"):
        return lambda value, type, action, id, told: _is(key, value, type, id, told)
    if key == "image":
        return lambda value, type, action, id, told: _of_image(value, type, id, told)
    if key == "label":
        return lambda value, type, action, id, told: label_fits(told, value)
    return None


def _is(kind: str, value: str, type: str, id: str, told: dict[str, Any]) -> bool:
    """Whether the event is about this container, volume or network, or, of a network, this container."""
    if type != kind:
        return False
    return value.removeprefix("/") == told.get("name") or (bool(value) and id.startswith(value))


def _of_image(value: str, type: str, id: str, told: dict[str, Any]) -> bool:
    if type not in ("image", "container"):
        return False
    name = told.get("name" if type == "image" else "image", "")
    names = (name, _untagged(name))
    if value == id or any(each == value or each.endswith(f"/{value}") for each in names):
        return True
    return type == "image" and id.removeprefix("sha256:").startswith(value)


def _untagged(name: str) -> str:
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


ROUTES = (
    Route(
        "GET", "/events", events, *PARAMETERS,
        flag("stream", True, "podman's: go on with what happens until the client leaves"), answer="lines",
    ),
)  # fmt: skip

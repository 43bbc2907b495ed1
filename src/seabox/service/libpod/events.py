"""What happened, under podman's names."""

from __future__ import annotations

from ...listing.events import attributes, matcher
from ..events import PARAMETERS, stream
from ..response import Response
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...engine import Engine
    from ...model.record import Event
    from ..request import Request

_SECOND = 10**9


def events(on: Engine, ask: Request) -> Response:
    """What happened since a moment, and, unless it is not to be streamed, what happens."""
    fits = matcher(ask.conditions())

    def rows(event: Event) -> Iterator[dict[str, Any]]:
        if fits(event):
            yield row(event)

    return stream(on, ask, rows, follow=ask.flag("stream"))


def row(event: Event) -> dict[str, Any]:
    """One event."""
    told = attributes(event)
    health = told.pop("health_status", "") if event.kind == "health_status" else ""
    told |= {"image": event.image, "name": event.name, "podId": ""}
    told["containerExitCode"] = str(event.exit_code or 0)  # podman 4 crashes where there is none
    if event.type == "network":
        told["network"] = event.name
    found = {
        "status": event.kind, "id": event.id, "from": event.image, "Type": event.type, "Action": event.kind,
        "Actor": {"ID": event.id, "Attributes": told}, "scope": "local", "time": event.at // _SECOND,
        "timeNano": event.at,
    }  # fmt: skip
    return found | ({"HealthStatus": health} if health else {})


ROUTES = (
    Route(
        "GET", "/libpod/events", events, *PARAMETERS,
        flag("stream", True, "Go on with what happens until the client leaves"), answer="lines",
    ),
)  # fmt: skip

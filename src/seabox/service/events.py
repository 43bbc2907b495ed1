"""What happened, for both APIs: where a client's list begins and ends."""

from __future__ import annotations

import time
from itertools import takewhile

from ..errors import InvalidArgument
from .logs import moment
from .response import Response, Stream, json_line
from .routing import filters, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from ..engine import Engine
    from ..model.record import Event
    from .request import Request

    Rows = Callable[[Event], Iterable[dict[str, Any]]]

PARAMETERS = (
    text("since", about="From this time on: seconds since the epoch, RFC 3339, or a duration back from now"),
    text("until", about="Up to this time"), filters(),
)  # fmt: skip


def stream(on: Engine, ask: Request, rows: Rows, *, follow: bool) -> Response:
    """What came of each event, a line each; without `since`, or if they are not followed, from now on.

    Raises: InvalidArgument.
    """
    if on.config.events_backend == "none":
        raise InvalidArgument('cannot read events with the "none" backend')
    since, until = moment(ask, "since"), moment(ask, "until")
    first = on.newest_event() if since is None and follow else 0
    follow = follow and (until is None or until > time.time_ns())
    found = on.events(first, follow=follow, until=until, cancel=ask.cancel if follow else None)
    return Stream(_lines(found, rows, since, until))


def _lines(events: Iterable[Event], rows: Rows, since: int | None, until: int | None) -> Iterator[bytes]:
    for event in takewhile(lambda event: until is None or event.at <= until, events):
        if since is None or event.at >= since:
            for row in rows(event):
                yield json_line(row)

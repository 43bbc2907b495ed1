"""What containers wrote, for both APIs."""

from __future__ import annotations

import time

from ..errors import InvalidArgument
from ..logs.lines import STDERR, STDOUT
from ..logs.times import parse_when
from ..model.times import ZERO, utc
from ..streams import mux
from .routing import flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..container.container import Container
    from ..logs.lines import LogLine
    from .request import Request

_PIECE = 1 << 16
PARAMETERS = (
    flag("follow", about="Go on with what is written until the container ends"), flag("stdout"), flag("stderr"),
    text("since", about="From this time on: seconds since the epoch, RFC 3339, or a duration back from now"),
    text("until", about="Up to this time"), flag("timestamps", about="Each line begins with its time"),
    text("tail", "all", "How many of the last lines"),
)  # fmt: skip


def moment(ask: Request, name: str) -> int | None:
    """A time in ns; None if it was not given, or is 0, ours or Go's. Raises: InvalidArgument."""
    said = ask.text(name)
    if said in ("", "0", ZERO):
        return None
    return parse_when(said, now=time.time_ns(), until=name == "until")


def pieces(ctr: Container, ask: Request, *, framed: bool, details: bool, tail: int | None) -> Iterator[bytes]:
    """The lines as they travel. Raises, at once: InvalidArgument (no stream), Unsupported (a log nobody can read)."""
    wanted = {stream for stream, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if ask.flag(name)}
    if not wanted:
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    follow, since, until = ask.flag("follow"), moment(ask, "since"), moment(ask, "until")
    lines = ctr.logs(follow=follow, tail=tail, since=since, until=until, cancel=ask.cancel)
    chosen = (line for line in lines if line.stream in wanted)
    found = _told(chosen, framed=framed, timestamps=ask.flag("timestamps"), details=details)
    return found if follow else _gathered(found)


def _told(lines: Iterable[LogLine], *, framed: bool, timestamps: bool, details: bool) -> Iterator[bytes]:
    inside: set[int] = set()  # the streams that are in the middle of a line
    for line in lines:
        data = line.payload
        if line.stream not in inside:
            if details:  # of which there are none
                data = b" " + data
            if timestamps:
                data = stamp(line.at) + b" " + data
        (inside.add if line.partial else inside.discard)(line.stream)
        yield mux.encode(line.stream, data) if framed else data


def stamp(at: int) -> bytes:
    """The time of a line, with all nine digits."""
    seconds = utc(at - at % 10**9).removesuffix("Z")
    return f"{seconds}.{at % 10**9:09d}Z".encode()


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same in fewer pieces."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)

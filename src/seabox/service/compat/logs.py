"""What containers wrote, as Docker's clients read it."""

from __future__ import annotations

from ..framing import stream_type
from ..logs import PARAMETERS, pieces
from ..response import Response, Stream
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def logs(on: Engine, ask: Request) -> Response:
    """The lines, and with `follow` those to come. A number of lines that is none means all."""
    ctr = on.containers.get(ask.place("name"))
    said = ask.text("tail")
    tail = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None
    framed = not ctr.config().tty
    found = pieces(ctr, ask, framed=framed, details=ask.flag("details"), tail=tail)
    return Stream(found, stream_type(ask, framed=framed))


ROUTES = (
    Route(
        "GET", "/containers/{name}/logs", logs, *PARAMETERS,
        flag("details", about="Each line has room for what is known of it, which is nothing"), answer="raw",
    ),
)  # fmt: skip

"""What containers wrote, as podman's clients read it: always as frames."""

from __future__ import annotations

from ...errors import InvalidArgument
from ..framing import stream_type
from ..logs import PARAMETERS, pieces
from ..response import Response, Stream
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_MOST = 1 << 62


def logs(on: Engine, ask: Request) -> Response:
    """The lines, and with `follow` those to come."""
    ctr = on.containers.get(ask.place("name"))
    return Stream(pieces(ctr, ask, framed=True, details=False, tail=_tail(ask.text("tail"))), stream_type(
        ask, framed=True
    ))  # fmt: skip


def _tail(said: str) -> int | None:
    """How many of the last lines, None for all. Raises: InvalidArgument."""
    if said in ("", "all"):
        return None
    try:
        found = int(said)
    except ValueError:
        raise InvalidArgument(f'failed to parse parameter "tail": {said!a} is not a number of lines') from None
    return min(found, _MOST) if found >= 0 else None


ROUTES = (Route("GET", "/libpod/containers/{name}/logs", logs, *PARAMETERS, answer="raw"),)

"""How a container's outputs travel to a client: as they are, or as docker's frames; and what that is called."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

RAW = "application/vnd.docker.raw-stream"
_FRAMED = "application/vnd.docker.multiplexed-stream"
_KNOWN_SINCE = (1, 42)


def stream_type(ask: Request, *, framed: bool) -> str:
    """The media type of a stream; clients that are older than the name for frames get the other."""
    return _FRAMED if framed and ask.version >= _KNOWN_SINCE else RAW


def hijacked_type(ask: Request, *, framed: bool) -> str:
    """As `stream_type`, for a connection that is taken over: without an upgrade it is always called raw."""
    return stream_type(ask, framed=framed and bool(ask.header("upgrade")))

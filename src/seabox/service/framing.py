"""How a container's outputs travel to a client: as they are, or as docker's frames; and what that is called."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

RAW = "application/vnd.docker.raw-stream"
_FRAMED = "application/vnd.docker.multiplexed-stream"
_KNOWN_SINCE, _KNOWN_TO_PODMAN_SINCE = (1, 42), (4, 7)


def stream_type(ask: Request, *, framed: bool) -> str:
    """The media type of a stream; clients that are older than the name for frames get the other."""
    since = _KNOWN_SINCE if ask.version[0] == 1 else _KNOWN_TO_PODMAN_SINCE
    return _FRAMED if framed and ask.version >= since else RAW


def hijacked_type(ask: Request, *, framed: bool) -> str:
    """As `stream_type`, for a connection that is taken over: dockerd without an upgrade always calls it raw."""
    return stream_type(ask, framed=framed and (ask.libpod or bool(ask.header("upgrade"))))

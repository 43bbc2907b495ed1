"""A client joined to a container's streams: what both APIs have in common."""

from __future__ import annotations

from ..errors import InvalidArgument
from .framing import hijacked_type
from .routing import flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..container.container import Container
    from ..container.http_wire import Wire
    from .request import Request

SPOOL = 1 << 30  # bytes that a client may be behind before it is hung up on: the container never waits for it
PARAMETERS = (
    text("detachKeys", about="What leaves a terminal when it is typed, as ctrl-p,ctrl-q"),
    flag("stdin"), flag("stdout"), flag("stderr"),
    flag("logs", about="What was written before comes first"),
)  # fmt: skip


def attach(
    ctr: Container, ask: Request, wanted: Collection[str], detach_keys: str | None, *, stream: bool, logs: bool,
    converse: Callable[[bool], Wire] | None = None,
) -> None:  # fmt: skip
    """The client was connected until one of them left. A container that cannot be started says so to who starts it.

    Detach keys are for those who type: with no terminal, all that comes is data. `converse`, told whether the stream
    is framed, connects a client to whom the bytes do not go as they are, and who has said nothing yet.
    """
    framed = not ctr.config().tty

    def connect() -> Wire:
        return converse(framed) if converse else ask.take_over(hijacked_type(ask, framed=framed))

    ctr.http_attach(
        connect, streams=wanted, stream=stream, logs=logs, detach_keys="" if framed else detach_keys,
        typed=b"" if converse else ask.typed, cancel=ask.cancel, spool_limit=SPOOL, early=True,
    )  # fmt: skip


def chosen(ask: Request) -> list[str]:
    """The streams that were asked for."""
    return [name for name in ("stdin", "stdout", "stderr") if ask.flag(name)]


def require_some(wanted: Collection[str]) -> None:
    """Nothing, if there is a stream to join. Raises: InvalidArgument."""
    if not wanted:
        raise InvalidArgument("at least one of stdin, stdout, stderr must be true")

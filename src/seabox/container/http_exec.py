"""A client at the other end of a connection is the one end of an exec session: docker's rules of the wire."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from ..errors import Cancelled, ExitCodeUnknown, TimedOut
from ..state.execs import NoSuchExec
from ..streams.keys import parse_detach_keys
from ..streams.session import check_streams
from . import http_wire
from .bounds import Bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..kernel.watch import Cancel
    from .exec_session import ExecSession
    from .http_wire import Wire

_LAST_WORD = 5.0  # s that conmon gets, after the last output, to say how the process ended


def http_attach(
    session: ExecSession, conn: Wire | Callable[[], Wire], *, framed: bool, streams: Collection[str] | None = None,
    detach_keys: str = "", typed: bytes = b"", timeout: float | None = None, cancel: Cancel | None = None,
) -> None:  # fmt: skip
    """See ExecSession.http_attach."""
    bounds = Bounds(timeout, cancel)
    with ExitStack() as undo:
        if not callable(conn):
            undo.callback(conn.close)
        wanted, keys = check_streams(streams), parse_detach_keys(detach_keys)
        wire = conn() if callable(conn) else conn
        if callable(conn):
            undo.callback(wire.close)

        def over() -> None:
            with suppress(TimedOut, Cancelled, ExitCodeUnknown, NoSuchExec):
                session.wait(_LAST_WORD, cancel)

        fd = wire.fileno()
        http_wire.serve(
            fd, session.connection, http_wire.ends(fd, wanted, keys, framed=framed), session.patience,
            cancel=cancel, typed=typed, timeout=bounds.left, over=over,
        )  # fmt: skip

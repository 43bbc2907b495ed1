"""A client at the other end of a connection: what is passed on to it and from it, by docker's rules of the wire."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from time import monotonic

from ..diagnostics import debug
from ..errors import Detached, SeaboxError
from ..kernel.process import poll_one
from ..kernel.sockets import shutdown_write
from ..streams import mux
from ..streams.pump import Ends, Pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Protocol

    from ..kernel.watch import Cancel
    from ..streams.pump import Connection
    from ..streams.spool import Patience

    class Wire(Protocol):
        """A stream socket, or something like it."""

        def fileno(self) -> int: ...
        def close(self) -> object: ...


PATIENCE = 30.0  # s in which a client that gets the rest of something must take some of it
_FAREWELL = 1.0  # s that a client gets to hang up after the end


def ends(fd: int, wanted: Collection[str], keys: bytes, *, framed: bool, live: bool = True) -> Ends:
    """The client as the one end of a pump. Raw bytes have no room for a second output; `live`: input is taken."""
    return Ends(
        fd if "stdin" in wanted and live else None,
        fd if "stdout" in wanted else None,
        fd if "stderr" in wanted and framed else None,
        keys, framed=framed, peer=PATIENCE,
    )  # fmt: skip


def serve(
    fd: int, connection: Connection, client: Ends, patience: Patience, *, cancel: Cancel | None = None,
    typed: bytes = b"", ahead: Iterable[tuple[int, bytes | bytearray]] = (), ended: bool = False,
    timeout: float | None = None, over: Callable[[], object] | None = None,
) -> None:  # fmt: skip
    """The client has got everything, or is gone, or has detached; it is hung up, and `connection` closed.

    `over` is called when all was passed on, before the client sees the end. Other parameters: see Pump.
    Raises: Disconnected, Cancelled, TimedOut, OSError; the client has been told why, as far as it still listens.
    """
    pump = Pump(connection, client, patience, () if cancel is None else (cancel,))
    try:
        pump.run(ahead, ended=ended, typed=typed, timeout=timeout)
        if over is not None:
            over()
    except Detached:
        debug("the client of an attached session has detached")
    except BrokenPipeError as problem:
        debug("an attached session: %s", problem)
    except (SeaboxError, OSError) as problem:
        if pump.aligned:
            _tell(fd, f"{problem}\n".encode(), framed=client.framed)
        raise
    finally:
        connection.close()
        hang_up(fd)


def _tell(fd: int, text: bytes, *, framed: bool) -> None:
    with suppress(OSError):
        if poll_one(fd, select.POLLOUT, 0):
            os.write(fd, mux.encode(mux.STDERR, text) if framed else text)


def hang_up(fd: int) -> None:
    """The client has read the end, or had a moment to: a close with its input unread would throw away our output."""
    deadline = monotonic() + _FAREWELL
    with suppress(OSError):
        shutdown_write(fd)
        while poll_one(fd, select.POLLIN, max(0.0, deadline - monotonic())) and monotonic() < deadline:
            if not os.read(fd, 1 << 16):
                return

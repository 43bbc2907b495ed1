"""A container's journal and its live stream, joined without a gap and without a byte twice.

conmon sends what it reads to the journal, then to whoever is attached. Where it has accepted us, we have received
nothing, and it rests, before a look at the journal and after it, our stream begins where the journal ended at the
look. Entries have no positions to count from and lines without an end are not in the journal yet, so it takes such a
moment: of a container that never gives one only the journal or the stream can be had. And of a line that has no end
when we come, what stood in it by then is not to be had.
"""

from __future__ import annotations

import select
from contextlib import ExitStack
from time import monotonic

from ..errors import Cancelled, Conflict
from ..kernel.procfs import UNKNOWN, blocked_on
from ..kernel.watch import Watch
from ..logs import journald
from ..streams.pump import MESSAGE, receive_batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..kernel.watch import Cancel
    from ..oci.attachsock import AttachSocket

_SECONDS = 20.0
_LOOK_AGAIN = 2  # ms
_STILL = 0.05  # s without a byte, where nobody may see what conmon does


class Joined:
    """The live stream that begins where the journal ended at `cursor` (None: it has ended, and all is there)."""

    __slots__ = ("_cancel", "_id", "connection", "cursor", "lost")

    def __init__(self, id: str, connection: AttachSocket, cancel: Cancel | None, lost: list[AttachSocket]) -> None:
        self._id, self.connection, self._cancel, self.lost = id, connection, cancel, lost
        self.cursor: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing comes after the journal."""
        return self.cursor is None

    def ahead(self) -> Iterator[tuple[int, bytes]]:
        """What stands in the journal before the stream begins. Raises: Unsupported, Cancelled."""
        return pieces(self._id, self.cursor, self._cancel)

    def close(self) -> None:
        """Not connected. Idempotent."""
        for connection in (*self.lost, self.connection):
            connection.close()


def pieces(id: str, cursor: str | None, cancel: Cancel | None) -> Iterator[tuple[int, bytes]]:
    """What the container wrote, by the journal, up to this place in it; None = all, "" = nothing.

    Raises: Unsupported (no journal can be read here), Cancelled.
    """
    if cursor == "":
        return
    with Watch(cancel) as watch:
        for entry in journald.entries(id, watch):
            yield entry.stream, entry.text + b"\n" if entry.ends else entry.text
            if entry.cursor == cursor:
                return


def join(connect: Callable[[], AttachSocket], id: str, conmon: int, cancel: Cancel | None = None) -> Joined:
    """The two are joined. Blocks until the container is quiet for as long as it takes to look at the journal.

    Raises: Cancelled, Conflict (it never is), Unsupported, and what `connect` raises.
    """
    deadline = monotonic() + _SECONDS
    lost: list[AttachSocket] = []
    with ExitStack() as undo, Watch(cancel) as watch:
        while True:
            joined = Joined(id, connect(), cancel, lost)
            undo.callback(joined.close)
            search = _Search(joined, conmon)
            if search.rests(deadline, cancel):
                journald.synchronize(watch)
                place = "" if search.ended else journald.newest(id, watch)
                if not search.ended and search.is_quiet():
                    joined.cursor = place
                    undo.pop_all()
                    return joined
            if search.ended:
                journald.synchronize(watch)
                undo.pop_all()
                return joined
            if monotonic() > deadline:
                raise Conflict("the container never stops writing: its journal cannot be joined to its stream")
            joined.connection.refuse()  # closed with the rest, for a close would end the container's input
            lost.append(joined.connection)


class _Search:
    """The search for a quiet moment on one connection."""

    __slots__ = ("_conmon", "_joined", "_received", "_since", "_slab", "ended")

    def __init__(self, joined: Joined, conmon: int) -> None:
        self._joined, self._conmon = joined, conmon
        self._slab = memoryview(bytearray(16 * MESSAGE))
        self._since = monotonic()
        self._received = self.ended = False

    def rests(self, deadline: float, cancel: Cancel | None) -> bool:
        """conmon rests and has sent us nothing; False: it has, the stream has ended, or the time is up."""
        poller = select.poll()
        poller.register(self._joined.connection.fileno(), select.POLLIN)
        if cancel is not None:
            poller.register(cancel.fd, select.POLLIN)
        while not self.is_quiet():
            if cancel is not None and cancel.fired:
                raise Cancelled("the session was cancelled")
            if self._received or self.ended or monotonic() > deadline:
                return False
            poller.poll(_LOOK_AGAIN)
        return True

    def is_quiet(self) -> bool:
        """conmon sleeps in a poll, so it has accepted us and nothing is under way, and nothing has come."""
        doing = blocked_on(self._conmon)
        if not (self._received or self.ended):  # asked afterwards: it sends what it has under way, then sleeps
            runs, self.ended = receive_batch(self._joined.connection, self._slab)
            self._received = bool(runs)
        rests = doing == "-" or (doing == UNKNOWN and monotonic() - self._since > _STILL)
        return rests and not (self._received or self.ended)

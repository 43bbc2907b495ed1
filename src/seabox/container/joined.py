"""A container's log and its live stream, joined without a gap and without a byte twice.

conmon writes each piece of output to the log, then to whoever is attached; the pieces before it accepted us went to
the log only. So there is one position in the log, between two pieces, at which our stream begins. It is found by
counting the payload, never by what the bytes are. Let P be the payload up to a look at the log, P' that without the
last piece, and R what we have received. All but the last piece have been sent to us by then, and nothing that is not
in the log:

    P' - R(after the look)  <=  position  <=  P - R(before the look)

Looks narrow this down until both sides meet: at once when conmon has nothing to do, within a few pieces when it is
busy. If they contradict each other the log was rotated away between two looks, and we begin again.
"""

from __future__ import annotations

import select
from contextlib import ExitStack, suppress
from time import monotonic

from ..errors import Cancelled, Conflict
from ..kernel.procfs import UNKNOWN, blocked_on
from ..logs.replay import Log
from ..streams.pump import MESSAGE, receive_batch
from ..streams.spool import LIMIT, Frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..kernel.watch import Cancel
    from ..oci.attachsock import AttachSocket

_SECONDS = 20.0
_ATTEMPTS = 50
_LOOK_AGAIN = 2  # ms
_STILL = 0.05  # s without a change, where nobody may see what conmon does


class _Lost(Exception):
    """The log is not what it was."""


class Joined:
    """The live stream from `position` of `log` on: `held` has come already, the rest comes from `connection`."""

    __slots__ = ("connection", "ended", "held", "log", "lost", "position")

    def __init__(self, connection: AttachSocket, log: Log, folder: str, lost: list[AttachSocket]) -> None:
        self.connection, self.log, self.lost = connection, log, lost
        self.held = Frames(folder)
        self.ended = False
        self.position = (0, 0)

    def ahead(self) -> Iterator[tuple[int, bytes]]:
        """What stands in the log before the position, then what has come already."""
        for group in self.log.groups((0, 0), self.position):
            yield group.stream, group.payload
        while self.held:
            yield self.held.take_run()

    def lose(self) -> None:
        """The connection is one of the `lost`: closed with the rest, for a close would end the container's input."""
        self.connection.refuse()
        self.lost.append(self.connection)
        self.log.close()
        self.held.close()

    def close(self) -> None:
        """Not connected, nothing is open. Idempotent."""
        _close((*self.lost, self.connection))
        self.log.close()
        self.held.close()


def join(
    connect: Callable[[], AttachSocket], path: str, conmon: int, folder: str, cancel: Cancel | None = None
) -> Joined:
    """The two are joined. Blocks for some milliseconds, longer only while conmon stands still.

    Raises: Cancelled, Conflict (the log changes too fast), and what `connect` raises.
    """
    deadline = monotonic() + _SECONDS
    lost: list[AttachSocket] = []
    with ExitStack() as undo:
        undo.callback(_close, lost)
        for _ in range(_ATTEMPTS):
            with ExitStack() as attempt:
                log = Log(path)
                attempt.callback(log.close)
                before = log.mark()
                joined = Joined(connect(), log, folder, lost)
                attempt.callback(joined.close)
                with suppress(_Lost):
                    _Search(joined, before, conmon).run(deadline, cancel)
                    attempt.pop_all()
                    undo.pop_all()
                    return joined
                attempt.pop_all()
                joined.lose()
        raise Conflict("the container's log changes too fast to be joined to its stream: attach without it")


def _close(connections: Iterable[AttachSocket]) -> None:
    for connection in connections:
        connection.close()


class _Search:
    """The search for one position."""

    __slots__ = (
        "_at", "_before_last", "_bounds", "_conmon", "_joined", "_last", "_lower", "_payload", "_received", "_slab",
        "_upper",
    )  # fmt: skip

    def __init__(self, joined: Joined, before: tuple[int, int], conmon: int) -> None:
        self._joined, self._conmon = joined, conmon
        self._slab = memoryview(bytearray(16 * MESSAGE))
        self._received = 0
        self._at = joined.log.before(before)  # what is known of the log ends here
        self._payload, self._before_last, self._last = 0, 0, b""  # P, P', the key of the last piece
        self._bounds = {0: self._at}  # payload -> position, for the end of each piece
        self._look(before)
        self._lower, self._upper = self._before_last, 1 << 62

    def run(self, deadline: float, cancel: Cancel | None) -> None:
        """The position is found. Raises: Cancelled, Conflict, _Lost."""
        poller = select.poll()
        poller.register(self._joined.connection.fileno(), select.POLLIN)
        if cancel is not None:
            poller.register(cancel.fd, select.POLLIN)
        still_since = monotonic()
        while True:
            if cancel is not None and cancel.fired:
                raise Cancelled("the session was cancelled")
            received = self._drain()
            mark = self._joined.log.mark()
            doing = blocked_on(self._conmon)
            still = self._joined.log.mark() == mark and self._drain() == received
            if not still:
                still_since = monotonic()
            if self._joined.ended:  # all that was written has been sent
                mark = self._joined.log.mark()
            self._look(mark)
            # conmon sleeps in a poll: it has accepted us, and nothing is under way
            rests = doing == "-" or (doing == UNKNOWN and monotonic() - still_since > _STILL)
            if self._joined.ended or (still and rests):
                self._found(self._payload - self._received)
                return
            if received:  # else it may not have accepted us yet
                self._upper = min(self._upper, self._payload - received)
            self._lower = max(self._lower, self._before_last - self._received)
            if self._lower >= self._upper:
                self._found(self._upper)
                return
            if self._received > LIMIT:
                raise _Lost
            if monotonic() > deadline:
                raise Conflict("conmon stands still: a client of the container does not read")
            poller.poll(_LOOK_AGAIN)

    def _drain(self) -> int:
        """All that has arrived is held; how many bytes came up to now."""
        while not self._joined.ended:
            runs, self._joined.ended = receive_batch(self._joined.connection, self._slab)
            for stream, run in runs:
                self._joined.held.put_run(stream, run)
                self._received += len(run)
            if not runs:
                break
        return self._received

    def _look(self, mark: tuple[int, int]) -> None:
        """The log is known up to `mark`."""
        for group in self._joined.log.groups(self._at, mark):
            if group.key == self._last:
                del self._bounds[self._payload]  # the piece goes on
            else:
                self._before_last, self._last = self._payload, group.key
            self._payload += len(group.payload)
            self._at = group.file, group.end
            self._bounds[self._payload] = self._at

    def _found(self, count: int) -> None:
        if count not in self._bounds or not self._lower <= count <= self._upper:
            raise _Lost
        self._joined.position = self._bounds[count]

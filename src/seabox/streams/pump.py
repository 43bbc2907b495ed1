"""The one loop between a container's streams and three descriptors: nothing in it blocks but its poll."""

from __future__ import annotations

import select
from contextlib import ExitStack
from time import monotonic

from ..errors import Cancelled, Detached, Disconnected, TimedOut
from ..kernel.process import milliseconds
from .sink import Sink, Source
from .spool import DISCONNECT, ON_ITS_WAY, Frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Protocol

    from .spool import Patience, Relief

    class Connection(Protocol):
        """One end of a container's streams. `receive` and `send` raise BlockingIOError in place of blocking."""

        def fileno(self) -> int:
            """The descriptor to poll."""

        def receive(self, into: memoryview) -> tuple[int, int] | None:
            """(stream, how many bytes stand in `into`); None at the end. `into` holds at least MESSAGE bytes."""

        def send(self, data: bytes) -> int:
            """How many bytes were taken. Raises: BrokenPipeError, ConnectionResetError."""

        def shutdown(self) -> None:
            """The container's input is at its end."""

        def close(self) -> None:
            """Not connected any more. Idempotent."""

    class Stopper(Protocol):
        """What ends a pump from outside: kernel.watch.Cancel, or the end of whoever wanted it."""

        @property
        def fd(self) -> int:
            """Readable when it is worth looking."""

        @property
        def fired(self) -> bool: ...


STDOUT, STDERR = 1, 2
MESSAGE = 8192  # bytes: the most that comes in one message
_SLAB = 8 * MESSAGE  # what an empty pipe takes in one write
_LOW = 1 << 16  # bytes: with fewer that wait for a reader, the next are fetched
_LOOK_AGAIN = 0.25  # s between two looks at whether the owner of a terminal goes on
_REST = 0.0005  # s that more is waited for after a full message: to wake up for each costs more than to read it
_GONE = select.POLLHUP | select.POLLERR


class Ends:
    """What a container is connected with; None: nothing.

    framed   both outputs go to one descriptor, as docker's multiplexed stream
    gate     told whether it is about a terminal; False while that must not be written to
    peer     the descriptors are a connection: the session ends when it is hung up, and when its peer has taken
             nothing for so many seconds after there was nothing more to come (0 = it is none)
    person   somebody types: he may want to detach even when the container takes no input any more
    """

    __slots__ = ("framed", "gate", "keys", "peer", "person", "stderr", "stdin", "stdout")

    def __init__(
        self, stdin: int | None, stdout: int | None, stderr: int | None, keys: bytes = b"", *, framed: bool = False,
        gate: Callable[[bool], bool] | None = None, peer: float = 0, person: bool = False,
    ) -> None:  # fmt: skip
        self.stdin, self.stdout, self.stderr, self.keys = stdin, stdout, stderr, keys
        self.framed, self.gate, self.peer, self.person = framed, gate, peer, person


def receive_batch(connection: Connection, slab: memoryview) -> tuple[list[tuple[int, memoryview]], bool]:
    """What has arrived, as (stream, part of `slab`) in its order, one part for messages of one stream in a row.

    The second value: whether this was the last. After a full message more is given a moment to arrive.
    """
    runs: list[tuple[int, memoryview]] = []
    ended = rested = False
    begin = end = current = count = 0
    while end + MESSAGE <= len(slab):
        try:
            message = connection.receive(slab[end : end + MESSAGE])
        except BlockingIOError:
            if rested or count < MESSAGE or end > len(slab) // 2:
                break
            select.select((), (), (), _REST)
            rested = True
            continue
        if message is None:
            ended = True
            break
        stream, count = message
        if stream != current and end > begin:
            runs.append((current, slab[begin:end]))
            begin = end
        current = stream
        end += count
    if end > begin:
        runs.append((current, slab[begin:end]))
    return runs, ended


class Pump:
    """A container's streams and the descriptors they are joined to, for one `run`. The descriptors stay open."""

    __slots__ = (
        "_ahead", "_connection", "_deadline", "_dropped", "_ended", "_ends", "_held", "_outlets", "_over_now",
        "_patience", "_poller", "_relief", "_relieved", "_sinks", "_slab", "_source", "_stoppers", "_undo", "_why",
        "aligned",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, ends: Ends, patience: Patience, stoppers: Sequence[Stopper] = (),
        over: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        """`over` is called when the container's streams have ended, whether or not all is written by then."""
        self._over_now = over
        self._connection, self._ends, self._patience, self._stoppers = connection, ends, patience, stoppers
        self._slab = memoryview(bytearray(_SLAB))
        self._undo = ExitStack()
        self._sinks: dict[int, Sink] = {}
        for stream, fd in ((STDOUT, ends.stdout), (STDERR, ends.stderr)):
            if fd is not None:
                shared = stream == STDERR and fd == ends.stdout
                self._sinks[stream] = self._sinks[STDOUT] if shared else Sink(
                    fd, self._undo, folder=patience.folder, framed=ends.framed, gate=ends.gate
                )  # fmt: skip
        self._outlets = list({id(sink): sink for sink in self._sinks.values()}.values())
        self._ahead: Iterator[tuple[int, bytes | bytearray]] | None = None  # what is to be written first
        self._held = Frames(patience.folder)  # what came meanwhile
        self._deadline: float | None = None
        self._undo.callback(self._held.close)
        self._source = Source(ends.stdin, ends.keys, connection, watched=bool(ends.peer) or ends.person)
        self._relief: Relief | None = None
        self._relieved = False  # the container is not made to wait any more
        self._dropped = 0
        self.aligned = True  # after a failure: whether all that was begun has been written to its end
        self._why = ""  # why there is no more
        self._ended = False
        self._poller: tuple[tuple[object, ...], select.poll] | None = None

    def run(
        self, ahead: Iterable[tuple[int, bytes | bytearray]] = (), *, ended: bool = False, typed: bytes = b"",
        timeout: float | None = None,
    ) -> int:  # fmt: skip
        """The container's streams have ended and all was written; how many bytes were thrown away. Blocks till then.

        What is `ahead` is written first, as it is taken; with `ended` it is all there is. `typed` is the beginning of
        the input. Raises: Detached, Cancelled, Disconnected, BrokenPipeError (our reader is gone), TimedOut (after
        `timeout` seconds).
        """
        try:
            self._ahead, self._ended = iter(ahead), ended
            self._deadline = None if timeout is None else monotonic() + timeout
            if typed:
                self._source.feed(typed)
            self._advance()
            while not self._over():
                self._turn()
            if self._why:
                raise Disconnected(self._why)
            return self._dropped
        finally:
            self.aligned = not any(sink.pending for sink in self._outlets)
            if self._relief is not None:
                self._relief.close()
            self._undo.close()

    def _over(self) -> bool:
        return self._ended and self._ahead is None and not self._waiting()

    def _waiting(self) -> int:
        """How many bytes are kept for our readers."""
        return len(self._held) + sum([len(sink.pending) for sink in self._outlets])

    def _advance(self) -> None:
        """As much as our readers take of what is ahead, and then of what came meanwhile, is written.

        But not all at once: the container is not to wait meanwhile.
        """
        written = 0
        while self._has_more():
            if written > _SLAB:
                return
            if self._ahead is not None:
                found = next(self._ahead, None)
                if found is None:
                    self._ahead = None
                    continue
            else:
                found = self._held.take_run()
            stream, data = found
            written += len(data)
            if stream in self._sinks:
                self._sinks[stream].write(stream, memoryview(data))
                self._sinks[stream].flush()

    def _has_more(self) -> bool:
        """Whether there is something that our readers may take before what comes now."""
        more = self._ahead is not None or bool(self._held)
        return more and not any(len(sink.pending) > _LOW for sink in self._outlets)

    def _turn(self) -> None:
        """One wait, and what came of it."""
        source, connection = self._source, self._connection.fileno()
        reading = not self._ended and self._has_room()
        ready = self._wait(reading)
        if any(stopper.fired for stopper in self._stoppers):
            raise Cancelled("the session was cancelled")
        if self._deadline is not None and monotonic() >= self._deadline:
            raise TimedOut("the container has not ended in the time given")
        if self._ends.peer:
            if any(ready.get(sink.fd, 0) & _GONE for sink in self._outlets):
                raise BrokenPipeError("the client is gone")
            if self._ended and not ready and not self._has_more():
                raise BrokenPipeError("the client takes nothing any more")
        if reading and ready.get(connection, 0) & ~select.POLLOUT:
            runs, self._ended = receive_batch(self._connection, self._slab)
            over = self._ended
            for stream, run in runs:
                if stream in self._sinks:
                    self._give(stream, run)
            if over and self._over_now is not None:
                self._over_now()
        for outlet in self._outlets:
            outlet.flush()
        self._advance()
        source.send()
        typed = source.fd is not None and ready.get(source.fd, 0) & ~select.POLLOUT
        if typed and not source.pending and not self._ended:
            source.read()
        if source.detached:
            raise Detached("detached from the container")

    def _give(self, stream: int, run: memoryview) -> None:
        room = self._patience.limit + (ON_ITS_WAY if self._relieved else 0)
        fits = self._waiting() + len(run) <= room or not (self._relieved or self._disconnects)
        if fits and not self._dropped:  # what is thrown away is the end, never something in between
            if self._ahead is not None or self._held:
                self._held.put_run(stream, run)
            else:
                self._sinks[stream].write(stream, run)
        elif self._relieved:
            self._dropped += len(run)
        else:
            self._why, self._ended, source = self._patience.text, True, self._source
            source.fd, source.pending = None, b""
            self._connection.close()

    @property
    def _disconnects(self) -> bool:
        return self._patience.policy == DISCONNECT

    def _has_room(self) -> bool:
        """Whether the container's next output is to be read now."""
        if self._relieved or self._disconnects or self._waiting() < self._patience.limit:
            return True
        if self._relief is None and self._patience.relief is not None:
            self._relief = self._patience.relief()
        if self._relief is not None:
            self._relieved = self._relief.due()
        return self._relieved

    def _wait(self, reading: bool) -> dict[int, int]:
        source, relief = self._source, None if reading else self._relief
        shut = [bool(sink.pending) and not sink.open for sink in self._outlets]
        waits = [bool(sink.pending) for sink in self._outlets]
        plan = (reading, self._ended, source.fd, not source.pending, relief is None, *waits, *shut)
        if self._poller is None or self._poller[0] != plan:
            self._poller = plan, self._make_poller(reading, relief, shut)
        timeout = _LOOK_AGAIN if any(shut) else None
        if relief is not None and not self._ended and relief.recheck_seconds is not None:
            timeout = relief.recheck_seconds
        if self._ended and self._ends.peer:
            timeout = self._ends.peer
        if self._has_more():
            timeout = 0
        if self._deadline is not None:
            left = max(0.0, self._deadline - monotonic())
            timeout = left if timeout is None else min(timeout, left)
        return dict(self._poller[1].poll(milliseconds(timeout)))

    def _make_poller(self, reading: bool, relief: Relief | None, shut: Sequence[bool]) -> select.poll:
        """What there is to wait for now."""
        source, connection = self._source, self._connection.fileno()
        events: dict[int, int] = {}  # the same descriptor may have more than one part
        if reading:
            events[connection] = select.POLLIN
        if source.pending and not self._ended:
            events[connection] = events.get(connection, 0) | select.POLLOUT
        elif source.fd is not None and not self._ended:
            events[source.fd] = events.get(source.fd, 0) | select.POLLIN
        for outlet, closed in zip(self._outlets, shut, strict=True):
            if self._ends.peer or (outlet.pending and not closed):
                events[outlet.fd] = events.get(outlet.fd, 0) | (select.POLLOUT if outlet.pending else 0)
        for fd in relief.fds if relief is not None and not self._ended else ():
            events[fd] = select.POLLIN
        for stopper in self._stoppers:
            events[stopper.fd] = select.POLLIN
        poller = select.poll()
        for fd, wanted in events.items():
            poller.register(fd, wanted)
        return poller

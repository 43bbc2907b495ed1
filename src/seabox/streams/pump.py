"""The one loop between a container's streams and three descriptors: nothing in it blocks but its poll."""

from __future__ import annotations

import os
import select
import stat
from contextlib import ExitStack

from ..errors import Cancelled, Detached
from ..kernel.process import poll_one
from .keys import DetachMatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    from ..kernel.watch import Cancel

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


STDOUT, STDERR = 1, 2
MESSAGE = 8192  # bytes: the most that comes in one message
_SLAB = 8 * MESSAGE  # what an empty pipe takes in one write

_PTY_MASTER = os.makedev(5, 2)  # opening it again makes another terminal
_SURE = 4096  # bytes a pipe, socket or terminal takes without blocking once it is writable


def receive_batch(connection: Connection, slab: memoryview) -> tuple[list[tuple[int, memoryview]], bool]:
    """What has arrived, as (stream, part of `slab`) in its order, one part for messages of one stream in a row.

    The second value: whether this was the last.
    """
    runs: list[tuple[int, memoryview]] = []
    ended = False
    begin = end = current = 0
    try:
        while end + MESSAGE <= len(slab):
            message = connection.receive(slab[end : end + MESSAGE])
            if message is None:
                ended = True
                break
            stream, count = message
            if stream != current and end > begin:
                runs.append((current, slab[begin:end]))
                begin = end
            current = stream
            end += count
    except BlockingIOError:
        pass
    if end > begin:
        runs.append((current, slab[begin:end]))
    return runs, ended


class Sink:
    """A descriptor to write to, and what it has not taken yet.

    A pipe or terminal is opened a second time to get a non-blocking description of our own: O_NONBLOCK on the given
    one would also be seen by every other process that has it. What cannot be opened again gets small pieces.
    """

    __slots__ = ("_careful", "_target", "fd", "pending")

    def __init__(self, fd: int, undo: ExitStack) -> None:
        self.fd = self._target = fd
        self.pending = bytearray()
        kind = os.fstat(fd)
        self._careful = not stat.S_ISREG(kind.st_mode)
        if stat.S_ISFIFO(kind.st_mode) or (stat.S_ISCHR(kind.st_mode) and kind.st_rdev != _PTY_MASTER):
            try:
                self._target = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            except OSError:
                return
            undo.callback(os.close, self._target)
            self._careful = False

    def write(self, data: memoryview) -> memoryview:
        """What of `data` could not be written at once. Raises: BrokenPipeError."""
        if self.pending or self._careful:
            return data
        try:
            return data[os.write(self._target, data) :]
        except BlockingIOError:
            return data

    def flush(self) -> None:
        """As much of what is pending as can be is written. Raises: BrokenPipeError."""
        while self.pending:
            if self._careful and not poll_one(self._target, select.POLLOUT, 0):
                return
            try:
                count = os.write(self._target, self.pending[: _SURE if self._careful else 1 << 16])
            except BlockingIOError:
                return
            del self.pending[:count]


class _Source:
    """What the user types: read, searched for the detach keys, and sent as the container takes it."""

    __slots__ = ("_closed", "_connection", "_matcher", "_watched", "detached", "fd", "pending")

    def __init__(self, fd: int | None, keys: bytes, connection: Connection) -> None:
        self.fd = fd  # None once there is no more
        self._matcher = DetachMatcher(keys)
        self._watched = bool(keys) and fd is not None and os.isatty(fd)
        self._closed = False  # the container takes no more
        self._connection = connection
        self.pending = b""
        self.detached = False

    def read(self) -> None:
        """Take what is there, which must be something, and send what can be sent."""
        assert self.fd is not None
        try:
            data = os.read(self.fd, MESSAGE)
        except BlockingIOError:
            return
        except OSError:  # EIO: the terminal is gone, or we are in its background
            data = b""
        if data:
            self.pending, self.detached = self._matcher.feed(data)
        else:
            self.pending, self.fd = self._matcher.flush(), None
        if self._closed:
            self.pending = b""
        elif not self.pending and not data:
            self._connection.shutdown()
        self.send()

    def send(self) -> None:
        """As much of what is pending as can be is on its way; the end of the input after it."""
        if not self.pending:
            return
        try:
            while self.pending:
                self.pending = self.pending[self._connection.send(self.pending) :]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):  # its input is closed; its output may go on
            self.pending, self._closed = b"", True
            if not self._watched:  # else somebody may still want to detach
                self.fd = None
            return
        if self.fd is None:
            self._connection.shutdown()


def _poller(
    connection: Connection,
    source: _Source,
    outlets: Iterable[Sink],
    cancels: Iterable[Cancel],
    *,
    reading: bool,
    ended: bool,
) -> select.poll:
    """What there is to wait for now."""
    events: dict[int, int] = {}  # the same descriptor may have more than one part
    if reading:
        events[connection.fileno()] = select.POLLIN
    if source.pending and not ended:
        events[connection.fileno()] = events.get(connection.fileno(), 0) | select.POLLOUT
    elif source.fd is not None and not ended:
        events[source.fd] = events.get(source.fd, 0) | select.POLLIN
    for outlet in outlets:
        if outlet.pending:
            events[outlet.fd] = events.get(outlet.fd, 0) | select.POLLOUT
    for cancel in cancels:
        events[cancel.fd] = select.POLLIN
    poller = select.poll()
    for fd, wanted in events.items():
        poller.register(fd, wanted)
    return poller


def pump(
    connection: Connection,
    *,
    backlog: Iterable[tuple[int, bytearray]] = (),
    ended: bool = False,
    stdin: int | None,
    stdout: int | None,
    stderr: int | None,
    keys: bytes,
    limit: int,
    drop: bool,
    cancels: Sequence[Cancel],
) -> int:
    """The container's streams have ended and all was written; how many bytes were thrown away. Blocks till then.

    `backlog` is written first. What a slow reader has not taken is kept up to `limit` bytes; beyond, it is thrown
    away (`drop`) or the container waits.

    Raises: Detached, Cancelled, BrokenPipeError (our reader is gone). The descriptors stay open.
    """
    dropped = 0
    slab = memoryview(bytearray(_SLAB))
    socket = connection.fileno()
    with ExitStack() as undo:
        sinks: dict[int, Sink] = {}
        for stream, fd in ((STDOUT, stdout), (STDERR, stderr)):
            if fd is not None:
                sinks[stream] = sinks[STDOUT] if stream == STDERR and fd == stdout else Sink(fd, undo)
        outlets = list({id(sink): sink for sink in sinks.values()}.values())
        for stream, data in backlog:
            if stream in sinks:
                sinks[stream].pending += data
        source = _Source(stdin, keys, connection)
        plan: tuple[object, ...] = ()
        while True:
            waiting = sum([len(sink.pending) for sink in outlets])
            if ended and not waiting:
                return dropped
            reading = not ended and (drop or waiting < limit)
            old, plan = plan, (reading, ended, source.fd, not source.pending, *[not sink.pending for sink in outlets])
            if plan != old:
                poller = _poller(connection, source, outlets, cancels, reading=reading, ended=ended)
            ready = dict(poller.poll())
            if any(cancel.fired for cancel in cancels):
                raise Cancelled("the session was cancelled")
            if reading and ready.get(socket, 0) & ~select.POLLOUT:
                runs, ended = receive_batch(connection, slab)
                for stream, run in runs:
                    if (sink := sinks.get(stream)) is None:
                        continue
                    rest = sink.write(run)
                    if drop and waiting + len(rest) > limit:
                        dropped += len(rest)
                    else:
                        sink.pending += rest
                        waiting += len(rest)
            for outlet in outlets:
                outlet.flush()
            source.send()
            if not source.pending and source.fd is not None and source.fd in ready and not ended:
                source.read()
            if source.detached:
                raise Detached("detached from the container")

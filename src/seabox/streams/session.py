"""An attached session: the caller's end of a container's standard streams."""

from __future__ import annotations

import os
import select
from _thread import allocate_lock, start_new_thread
from collections import deque
from contextlib import suppress
from time import monotonic

from ..errors import Cancelled, Conflict, Detached, Disconnected, InvalidArgument, TimedOut, Unsupported
from ..kernel.process import milliseconds
from ..kernel.watch import Cancel
from .keys import DetachMatcher
from .pump import MESSAGE, STDERR, STDOUT, Ends, Pump, receive_batch
from .spool import DISCONNECT, MEMORY, ON_ITS_WAY, Frames, Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, MutableSequence
    from types import TracebackType

    from .pump import Connection, Stopper
    from .spool import Relief

_RUN = 1 << 20  # bytes in one piece of the spool
_BATCH = 4 << 20  # bytes that are worth a wake-up when only the end matters
STREAMS = ("stdin", "stdout", "stderr")


class Output:
    """All that a container wrote."""

    __slots__ = ("stderr", "stdout")

    def __init__(self, stdout: bytes, stderr: bytes) -> None:
        self.stdout, self.stderr = stdout, stderr

    def __repr__(self) -> str:
        return f"Output(stdout={self.stdout!r}, stderr={self.stderr!r})"


def check_streams(streams: Collection[str] | None) -> frozenset[str]:
    """The names of the streams to be joined; None = all. Raises: InvalidArgument (none, or an unknown one)."""
    if isinstance(streams, str):
        raise InvalidArgument("streams must be a collection of names, not one string")
    wanted = frozenset(STREAMS if streams is None else streams)
    if not wanted:
        raise InvalidArgument("must provide at least one stream to attach to: invalid argument")
    if unknown := sorted(map(str, wanted.difference(STREAMS))):
        raise InvalidArgument(f"{unknown[0]!a} is no stream: stdin, stdout and stderr are: invalid argument")
    return wanted


class Session:
    """What the container writes is read at once, by a thread, so that a slow caller never stalls it.

    Up to `patience.limit` bytes wait for the caller, most of them in a file; then its policy decides: "backpressure"
    (the container waits, unless it is to end: what comes then is thrown away and counted in `dropped`) or
    "disconnect" (the caller gets what waits, then Disconnected). Iterating gives (stream, bytes) with stream
    1 = stdout, 2 = stderr. `write`, `cancel` and `close` may be called from other threads than the reading one.
    `keys`, found in what is written, end the session. One that does not `begin` to read is for who serves its
    `connection` himself.
    """

    __slots__ = (
        "_broken", "_cancel", "_closed", "_drained", "_ended", "_far", "_lock", "_matcher", "_nudge",
        "_on_close", "_quit", "_ready", "_relieved", "_resize", "_runs", "_size", "_streams", "_wanted",
        "connection", "dropped", "keys", "patience",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        *,
        patience: Patience | None = None,
        streams: Collection[str] | None = None,
        keys: bytes = b"",
        resize: Callable[[int, int], object] | None = None,
        on_close: Callable[[], object] | None = None,
        begin: bool = True,
    ) -> None:
        self.dropped = 0
        self.keys = keys
        self.connection = connection
        self.patience = patience or Patience()
        self._streams = check_streams(streams)
        self._matcher = DetachMatcher(keys)
        self._resize, self._on_close = resize, on_close
        self._cancel = Cancel()
        self._closed = False
        self._lock = allocate_lock()  # over what follows, which the thread and its readers share
        self._runs: deque[tuple[int, bytearray]] = deque()  # what came first
        self._far = Frames(self.patience.folder)  # what came after that
        self._size = 0  # of both
        self._wanted = 1  # how many bytes a reader wants to be woken for
        self._relieved = False
        self._ended = False
        self._broken: Exception | None = None
        self._quit = not begin
        self._ready = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # something is there for a reader
        self._nudge = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # the thread is to look around
        self._drained = allocate_lock()  # held by the thread while it lives
        if begin:
            self._drained.acquire()
            start_new_thread(self._drain, ())

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield what the container writes, as it comes, until it ends. Raises: Cancelled, Disconnected."""
        while runs := self.read():
            yield from runs

    def read(self, timeout_seconds: float | None = None, cancel: Cancel | None = None) -> list[tuple[int, bytes]]:
        """What the container has written, at least something, as it came; [] at its end. Blocks.

        Raises: TimedOut, Cancelled, Disconnected.
        """
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        return [(stream, bytes(data)) for stream, data in self._take(deadline, cancel=cancel) or ()]

    def read_all(self, timeout_seconds: float | None = None, cancel: Cancel | None = None) -> Output:
        """All that the container writes from here to its end. Blocks.

        Raises: TimedOut, Cancelled, Disconnected; what had come by then is there for the next call.
        """
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        taken: list[tuple[int, bytearray]] = []
        try:
            while (runs := self._take(deadline, _BATCH, cancel)) is not None:
                taken += runs
        except BaseException:
            with self._lock:
                self._runs.extendleft(reversed(taken))
                self._size += sum(len(data) for _, data in taken)
            raise
        return Output(*(b"".join(data for stream, data in taken if stream == which) for which in (STDOUT, STDERR)))

    def write(self, data: bytes, timeout_seconds: float | None = None) -> None:
        """All of `data` is on its way to the container's stdin. Blocks while the container does not read.

        Raises: Conflict (its stdin is closed, or not joined), Detached (the detach keys were in it: the session is
        closed), TimedOut (a part of it is on its way), Cancelled, Disconnected.
        """
        if "stdin" not in self._streams:
            raise Conflict("this session has not joined the container's standard input")
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        with self._lock:
            typed, detached = self._matcher.feed(data)
        self._send(typed, deadline)
        if detached:
            self.close()
            raise Detached("detached from the container")

    def _send(self, data: bytes, deadline: float | None) -> None:
        left = memoryview(data)
        while left:
            try:
                with self._lock:
                    self._check()
                    left = left[self.connection.send(bytes(left[:MESSAGE])) :]
            except BlockingIOError:
                poller = select.poll()
                poller.register(self.connection.fileno(), select.POLLOUT)
                poller.register(self._cancel.fd, select.POLLIN)
                if not poller.poll(milliseconds(None if deadline is None else deadline - monotonic())):
                    raise TimedOut("the container did not read its standard input in the time given") from None
            except (BrokenPipeError, ConnectionResetError):
                raise Conflict("the container's standard input is closed") from None

    def close_stdin(self, timeout_seconds: float | None = None) -> None:
        """The container reads the end of its input after what was written; its output still comes. Blocks as `write`.

        Raises: as `write`.
        """
        self._send(self._matcher.flush(), None if timeout_seconds is None else monotonic() + timeout_seconds)
        with self._lock:
            self._check()
            if "stdin" in self._streams:
                self.connection.shutdown()

    def resize(self, height: int, width: int) -> None:
        """The container's terminal has this size in characters. Raises: Unsupported (this session has none)."""
        if self._resize is None:
            raise Unsupported("this session has no terminal to resize")
        self._resize(height, width)

    def pump(
        self,
        stdin_fd: int | None,
        stdout_fd: int | None,
        stderr_fd: int | None,
        detach_keys: bytes | None = None,
        cancel: Stopper | None = None,
        gate: Callable[[bool], bool] | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        """The container has ended and its output is written to the descriptors, to which this session was joined.

        None as an output throws it away. The end of `stdin_fd` closes the container's stdin. The session is good for
        nothing but `close` afterwards. While `gate`, told whether it is a terminal, says no, nothing is written.

        Raises: Detached (the keys were typed), Cancelled, Disconnected, BrokenPipeError (nobody reads our output),
        TimedOut.
        """
        self._stop()
        with self._drained:  # in place of the thread: `close` waits for it
            self._check()
            ends = Ends(
                stdin_fd if "stdin" in self._streams else None, *self._outputs(stdout_fd, stderr_fd),
                self.keys if detach_keys is None else detach_keys, gate=gate,
            )  # fmt: skip
            stoppers = [self._cancel] if cancel is None else [self._cancel, cancel]
            pump = Pump(self.connection, ends, self.patience, stoppers)
            self.dropped += pump.run(self._left(), ended=self._ended, timeout=timeout_seconds)

    def _left(self) -> Iterator[tuple[int, bytes | bytearray]]:
        """What had come before it was to be pumped."""
        while self._runs:
            yield self._runs.popleft()
        while self._far:
            yield self._far.take_run()

    def _outputs(self, stdout_fd: int | None, stderr_fd: int | None) -> tuple[int | None, int | None]:
        return stdout_fd if "stdout" in self._streams else None, stderr_fd if "stderr" in self._streams else None

    def cancel(self) -> None:
        """Every call of this session that blocks ends with Cancelled, now and later. The container goes on."""
        self._cancel.fire()

    def close(self) -> None:
        """Disconnected; the container goes on. Calls in other threads end with Cancelled. Idempotent."""
        self._cancel.fire()
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._stop()
        with self._lock:
            self.connection.close()
            self._far.close()
        if self._on_close is not None:
            self._on_close()

    def __del__(self) -> None:
        if hasattr(self, "_drained"):  # not in close(): other threads may look at these up to their last moment
            os.close(self._ready)
            os.close(self._nudge)
            self._far.close()

    def _check(self, cancel: Cancel | None = None) -> None:
        if isinstance(self._broken, Disconnected):
            raise self._broken
        if self._cancel.fired or (cancel is not None and cancel.fired):
            raise Cancelled("the session was cancelled")

    def _stop(self) -> None:
        """The thread has ended."""
        self._quit = True
        os.eventfd_write(self._nudge, 1)
        self._drained.acquire()
        self._drained.release()

    def _take(
        self, deadline: float | None, wanted: int = 1, cancel: Cancel | None = None
    ) -> list[tuple[int, bytearray]] | None:
        """What has come, at least something; None at the end."""
        while True:
            with self._lock:
                if self._runs or self._far:
                    runs = list(self._runs)
                    self._runs.clear()
                    runs += self._fetch(max(_RUN, wanted))
                    full = self._size >= self.patience.limit
                    self._size -= sum(len(data) for _, data in runs)
                    if full:  # the thread waits for room: nudged only now that there is some, as it looks unlocked
                        os.eventfd_write(self._nudge, 1)
                    return runs
                if self._broken is not None:
                    raise self._broken
                if self._ended:
                    return None
                self._check(cancel)
                self._wanted = min(wanted, self.patience.limit)
                _clear(self._ready)
            poller = select.poll()
            poller.register(self._ready, select.POLLIN)
            for each in (self._cancel, *(() if cancel is None else (cancel,))):
                poller.register(each.fd, select.POLLIN)
            if not poller.poll(milliseconds(None if deadline is None else deadline - monotonic())):
                raise TimedOut("the container has not ended, nor written anything, in the time given")

    def _fetch(self, most: int) -> list[tuple[int, bytearray]]:
        """About so many bytes of those that went through the file."""
        runs: list[tuple[int, bytearray]] = []
        got = 0
        while self._far and got < most:
            stream, payload = self._far.take_run()
            _add(runs, stream, payload)
            got += len(payload)
        return runs

    def _drain(self) -> None:
        """The thread: read until the end, or until told to stop."""
        slab = memoryview(bytearray(16 * MESSAGE))
        relief: Relief | None = None
        try:
            while not (self._quit or self._ended):
                poller = select.poll()
                poller.register(self._nudge, select.POLLIN)
                timeout = None
                room = self._size < self.patience.limit or self.patience.policy == DISCONNECT or self._relieved
                if not room and relief is None and self.patience.relief is not None:
                    relief = self.patience.relief()
                if not room and relief is not None and relief.due():
                    room = self._relieved = True
                if room:
                    poller.register(self.connection.fileno(), select.POLLIN)
                elif relief is not None:
                    timeout = relief.recheck_seconds
                    for fd in relief.fds:
                        poller.register(fd, select.POLLIN)
                ready = dict(poller.poll(milliseconds(timeout)))
                if self._nudge in ready:
                    _clear(self._nudge)
                if room and self.connection.fileno() in ready:
                    self._receive(slab)
        except Exception as problem:
            with self._lock:
                self._broken = problem
                os.eventfd_write(self._ready, 1)
        finally:
            if relief is not None:
                relief.close()
            self._drained.release()

    def _receive(self, slab: memoryview) -> None:
        runs, ended = receive_batch(self.connection, slab)
        with self._lock:
            for stream, data in runs:
                if STREAMS[stream] in self._streams:
                    self._keep(stream, data)
            self._ended = ended
            if self._broken is not None:
                self._ended = True
                self.connection.close()
            if self._ended or self._size >= self._wanted:
                os.eventfd_write(self._ready, 1)

    def _keep(self, stream: int, data: memoryview) -> None:
        if self._broken is not None:
            return
        room = self.patience.limit + (ON_ITS_WAY if self._relieved else 0)
        if self._size + len(data) > room or self.dropped:  # the end is, never something in between
            if self.patience.policy == DISCONNECT:
                self._broken = Disconnected(self.patience.text)
                return
            if self._relieved:
                self.dropped += len(data)
                return
        self._size += len(data)
        if self._far or self._size > max(MEMORY, self._wanted):
            self._far.put_run(stream, data)
        else:
            _add(self._runs, stream, data)


def _add(runs: MutableSequence[tuple[int, bytearray]], stream: int, data: bytes | memoryview) -> None:
    if runs and runs[-1][0] == stream and len(runs[-1][1]) < _RUN:
        runs[-1][1].extend(data)
    else:
        runs.append((stream, bytearray(data)))


def _clear(event: int) -> None:
    with suppress(BlockingIOError):
        os.eventfd_read(event)

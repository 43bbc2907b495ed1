"""An attached session: the caller's end of a container's standard streams."""

from __future__ import annotations

import os
import select
from _thread import allocate_lock, start_new_thread
from collections import deque
from contextlib import suppress
from time import monotonic

from ..errors import Cancelled, Conflict, InvalidArgument, TimedOut, Unsupported
from ..kernel.process import milliseconds
from ..kernel.watch import Cancel
from .pump import MESSAGE, STDERR, STDOUT, pump, receive_batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from .pump import Connection

SPOOL = 64 << 20  # bytes kept for a slow reader
_RUN = 1 << 20  # bytes in one piece of the spool
_BATCH = 4 << 20  # bytes that are worth a wake-up when only the end matters


class Output:
    """All that a container wrote."""

    __slots__ = ("stderr", "stdout")

    def __init__(self, stdout: bytes, stderr: bytes) -> None:
        self.stdout, self.stderr = stdout, stderr

    def __repr__(self) -> str:
        return f"Output(stdout={self.stdout!r}, stderr={self.stderr!r})"


class Session:
    """What the container writes is read at once, by a thread, so that a slow caller never stalls it.

    Up to `spool_limit` bytes wait for the caller; then `slow_reader` decides: "backpressure" (the container waits) or
    "drop" (what comes then is thrown away and counted in `dropped`). Iterating gives (stream, bytes) with stream
    1 = stdout, 2 = stderr. `write`, `cancel` and `close` may be called from other threads than the reading one.
    """

    __slots__ = (
        "_broken", "_cancel", "_closed", "_connection", "_drained", "_drop", "_ended", "_limit", "_lock", "_nudge",
        "_on_close", "_quit", "_ready", "_resize", "_runs", "_size", "_wanted", "dropped",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        *,
        slow_reader: str = "backpressure",
        resize: Callable[[int, int], object] | None = None,
        on_close: Callable[[], object] | None = None,
        spool_limit: int = SPOOL,
    ) -> None:
        if slow_reader not in ("backpressure", "drop"):
            raise InvalidArgument(f'slow_reader is "backpressure" or "drop", not {slow_reader!r}')
        self.dropped = 0
        self._connection = connection
        self._drop = slow_reader == "drop"
        self._limit = spool_limit
        self._resize, self._on_close = resize, on_close
        self._cancel = Cancel()
        self._closed = False
        self._lock = allocate_lock()  # over what follows, which the thread and its readers share
        self._runs: deque[tuple[int, bytearray]] = deque()
        self._size = 0
        self._wanted = 1  # how many bytes a reader wants to be woken for
        self._ended = False
        self._broken: Exception | None = None
        self._quit = False
        self._ready = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # something is there for a reader
        self._nudge = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # the thread is to look around
        self._drained = allocate_lock()  # held by the thread while it lives
        self._drained.acquire()
        start_new_thread(self._drain, ())

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield what the container writes, as it comes, until it ends. Raises: Cancelled."""
        while (runs := self._take(None)) is not None:
            for stream, data in runs:
                yield stream, bytes(data)

    def read_all(self, timeout_seconds: float | None = None) -> Output:
        """All that the container writes from here to its end. Blocks.

        Raises: TimedOut, Cancelled; what had come by then is there for the next call.
        """
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        taken: list[tuple[int, bytearray]] = []
        try:
            while (runs := self._take(deadline, _BATCH)) is not None:
                taken += runs
        except BaseException:
            with self._lock:
                self._runs.extendleft(reversed(taken))
                self._size += sum(len(data) for _, data in taken)
            raise
        return Output(*(b"".join(data for stream, data in taken if stream == which) for which in (STDOUT, STDERR)))

    def write(self, data: bytes) -> None:
        """All of `data` is on its way to the container's stdin. Blocks while the container does not read.

        Raises: Conflict (its stdin is closed), Cancelled.
        """
        left = memoryview(data)
        while left:
            try:
                with self._lock:
                    self._check()
                    left = left[self._connection.send(bytes(left[:MESSAGE])) :]
            except BlockingIOError:
                poller = select.poll()
                poller.register(self._connection.fileno(), select.POLLOUT)
                poller.register(self._cancel.fd, select.POLLIN)
                poller.poll()
            except (BrokenPipeError, ConnectionResetError):
                raise Conflict("the container's standard input is closed") from None

    def close_stdin(self) -> None:
        """The container reads the end of its input after what was written; its output still comes."""
        with self._lock:
            self._check()
            self._connection.shutdown()

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
        detach_keys: bytes = b"",
        cancel: Cancel | None = None,
    ) -> None:
        """The container has ended and its output is written to the descriptors, to which this session was joined.

        None as an output throws it away. The end of `stdin_fd` closes the container's stdin. The session is good for
        nothing but `close` afterwards. Blocks.

        Raises: Detached (the keys were typed), Cancelled, BrokenPipeError (nobody reads our output any more).
        """
        self._stop()
        with self._drained:  # in place of the thread: `close` waits for it
            self._check()
            self.dropped += pump(
                self._connection,
                backlog=self._runs,
                ended=self._ended,
                stdin=stdin_fd,
                stdout=stdout_fd,
                stderr=stderr_fd,
                keys=detach_keys,
                limit=self._limit,
                drop=self._drop,
                cancels=[self._cancel] if cancel is None else [self._cancel, cancel],
            )

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
            self._connection.close()
        if self._on_close is not None:
            self._on_close()

    def __del__(self) -> None:
        if hasattr(self, "_drained"):  # not in close(): other threads may look at these up to their last moment
            os.close(self._ready)
            os.close(self._nudge)

    def _check(self) -> None:
        if self._cancel.fired:
            raise Cancelled("the session was cancelled")

    def _stop(self) -> None:
        """The thread has ended."""
        self._quit = True
        os.eventfd_write(self._nudge, 1)
        self._drained.acquire()
        self._drained.release()

    def _take(self, deadline: float | None, wanted: int = 1) -> list[tuple[int, bytearray]] | None:
        """What has come, at least something; None at the end."""
        while True:
            with self._lock:
                if self._runs:
                    runs = list(self._runs)
                    self._runs.clear()
                    waiting, self._size = self._size >= self._limit, 0
                    if (
                        waiting
                    ):  # the thread, for room: nudged only now that there is some, as it looks without the lock
                        os.eventfd_write(self._nudge, 1)
                    return runs
                if self._broken is not None:
                    raise self._broken
                if self._ended:
                    return None
                self._check()
                self._wanted = min(wanted, self._limit)
                _clear(self._ready)
            poller = select.poll()
            poller.register(self._ready, select.POLLIN)
            poller.register(self._cancel.fd, select.POLLIN)
            if not poller.poll(milliseconds(None if deadline is None else deadline - monotonic())):
                raise TimedOut("the container has not ended, nor written anything, in the time given")

    def _drain(self) -> None:
        """The thread: read until the end, or until told to stop."""
        slab = memoryview(bytearray(32 * MESSAGE))
        try:
            while not (self._quit or self._ended):
                poller = select.poll()
                poller.register(self._nudge, select.POLLIN)
                if self._drop or self._size < self._limit:
                    poller.register(self._connection.fileno(), select.POLLIN)
                ready = dict(poller.poll())
                if self._nudge in ready:
                    _clear(self._nudge)
                if self._connection.fileno() in ready:
                    runs, ended = receive_batch(self._connection, slab)
                    with self._lock:
                        for stream, data in runs:
                            self._keep(stream, data)
                        self._ended = ended
                        if ended or self._size >= self._wanted:
                            os.eventfd_write(self._ready, 1)
        except Exception as problem:
            with self._lock:
                self._broken = problem
                os.eventfd_write(self._ready, 1)
        finally:
            self._drained.release()

    def _keep(self, stream: int, data: memoryview) -> None:
        if self._drop and self._size + len(data) > self._limit:
            room = max(0, self._limit - self._size)
            self.dropped += len(data) - room
            data = data[:room]
        self._size += len(data)
        if self._runs and self._runs[-1][0] == stream and len(self._runs[-1][1]) < _RUN:
            self._runs[-1][1].extend(data)
        else:
            self._runs.append((stream, bytearray(data)))


def _clear(event: int) -> None:
    with suppress(BlockingIOError):
        os.eventfd_read(event)

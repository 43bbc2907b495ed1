"""The two descriptors of a pump: where output goes, and what has not been taken yet; where input comes from."""

from __future__ import annotations

import errno
import os
import select
import stat

from ..kernel.process import poll_one
from ..kernel.sockets import send_now
from . import mux
from .keys import DetachMatcher
from .spool import Spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from .pump import Connection

_PTY_MASTER = os.makedev(5, 2)  # opening it again makes another terminal
_SURE = 4096  # bytes a pipe, socket or terminal takes without blocking once it is writable
_PIECE = 1 << 16
_MESSAGE = 8192


class Sink:
    """A descriptor to write to, and what it has not taken yet. `framed`: as docker's multiplexed stream.

    A pipe or terminal is opened a second time to get a non-blocking description of our own: O_NONBLOCK on the given
    one would also be seen by every other process that has it. What cannot be opened again gets small pieces.
    """

    __slots__ = ("_careful", "_framed", "_gate", "_socket", "_target", "_terminal", "fd", "pending")

    def __init__(
        self, fd: int, undo: ExitStack, *, folder: str = "", framed: bool = False,
        gate: Callable[[bool], bool] | None = None,
    ) -> None:  # fmt: skip
        self.fd = self._target = fd
        self.pending = Spool(folder)
        undo.callback(self.pending.close)
        self._framed = framed
        kind = os.fstat(fd)
        self._socket = stat.S_ISSOCK(kind.st_mode)
        terminal = stat.S_ISCHR(kind.st_mode)
        self._gate, self._terminal = gate, terminal
        self._careful = not stat.S_ISREG(kind.st_mode) and not self._socket
        if stat.S_ISFIFO(kind.st_mode) or (terminal and kind.st_rdev != _PTY_MASTER):
            try:
                self._target = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            except OSError:
                return
            undo.callback(os.close, self._target)
            self._careful = False

    @property
    def open(self) -> bool:
        """Whether it may be written to now."""
        return self._gate is None or self._gate(self._terminal)

    def write(self, stream: int, data: memoryview) -> None:
        """`data` is written as far as that can be done at once; the rest is pending. Raises: BrokenPipeError."""
        if self._framed:
            self.pending.put(mux.header(stream, len(data)), data)
        elif self.pending or self._careful or not self.open:
            self.pending.put(data)
        else:
            try:
                rest = data[self._put(data) :]
            except BlockingIOError:
                rest = data
            if rest:
                self.pending.put(rest)

    def flush(self) -> None:
        """As much of what is pending as can be is written. Raises: BrokenPipeError."""
        while self.pending and self.open:
            if self._careful and not poll_one(self._target, select.POLLOUT, 0):
                return
            try:
                count = self._put(self.pending.peek(_SURE if self._careful else _PIECE))
            except BlockingIOError:
                return
            self.pending.drop(count)

    def _put(self, data: bytes | memoryview) -> int:
        try:
            if self._socket:
                return send_now(self._target, bytes(data))
            return os.write(self._target, data)
        except OSError as problem:
            if problem.errno == errno.EIO:  # the terminal was closed
                raise BrokenPipeError(errno.EPIPE, "the terminal is gone") from None
            if isinstance(problem, ConnectionResetError):
                raise BrokenPipeError(errno.EPIPE, "the connection is gone") from None
            raise


class Source:
    """What the user types: read, searched for the detach keys, and sent as the container takes it.

    `watched`: somebody may want to detach even when the container takes no more input.
    """

    __slots__ = ("_closed", "_connection", "_matcher", "_watched", "detached", "fd", "pending")

    def __init__(self, fd: int | None, keys: bytes, connection: Connection, *, watched: bool = False) -> None:
        self.fd = fd  # None once there is no more
        self._matcher = DetachMatcher(keys)
        self._watched = bool(keys) and fd is not None and (watched or os.isatty(fd))
        self._closed = False  # the container takes no more
        self._connection = connection
        self.pending = b""
        self.detached = False

    def read(self) -> None:
        """Take what is there, which must be something, and send what can be sent."""
        assert self.fd is not None
        try:
            data = os.read(self.fd, _MESSAGE)
        except BlockingIOError:
            return
        except OSError:  # EIO: the terminal is gone, or we are in its background; or a connection is
            data = b""
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """The user has typed this; b"": he is gone."""
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

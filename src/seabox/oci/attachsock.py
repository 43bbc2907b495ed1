"""The socket through which conmon gives out a container's output and takes its input."""

from __future__ import annotations

import os

from ..kernel.sockets import connect_seqpacket, shutdown_read, shutdown_write

MESSAGE = 8192  # bytes: the most conmon sends at once, and the most it surely takes in one piece

_STREAMS = {2: 1, 3: 2}  # conmon's numbers -> stdout, stderr


class AttachSocket:
    """A connection to conmon. Never blocks: poll `fileno()` and call again after BlockingIOError.

    conmon stops the container when a client does not read, so read on whatever happens.
    """

    __slots__ = ("_fd", "_head")

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._head = bytearray(1)

    @classmethod
    def connect(cls, bundle: str) -> AttachSocket:
        """Connected: all that the container writes from now on arrives here.

        Raises: FileNotFoundError, ConnectionRefusedError (the container has ended, or its conmon was killed).
        """
        return cls(connect_seqpacket(bundle, "attach"))

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._fd

    def receive(self, into: memoryview) -> tuple[int, int] | None:
        """(1 = stdout | 2 = stderr, how many bytes stand in `into` now); None: the container has ended.

        `into` must hold MESSAGE bytes: what does not fit of a message is lost. Raises: BlockingIOError.
        """
        try:
            count = os.readv(self._fd, (self._head, into))
        except ConnectionResetError:
            return None
        if not count:
            return None
        return _STREAMS.get(self._head[0], 1), count - 1

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes of `data`, at most MESSAGE, are on their way to the container's stdin.

        Raises: BlockingIOError; BrokenPipeError, ConnectionResetError (its stdin is closed).
        """
        piece = data[:MESSAGE]
        return os.write(self._fd, piece) if piece else 0  # an empty message would mean the end of the input

    def shutdown(self) -> None:
        """The container's stdin is at its end (if it is a pipe made for one client); output still arrives."""
        shutdown_write(self._fd)

    def refuse(self) -> None:
        """No output arrives any more, and the container does not wait for us; its stdin is as it was until `close`."""
        shutdown_read(self._fd)

    def close(self) -> None:
        """Not connected any more. Idempotent, also for two threads at once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

"""What waits for a slow reader: a little of it in memory, the rest in a file without a name."""

from __future__ import annotations

import os

from ..kernel.nameless import make_empty, open_nameless
from . import mux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Relief(Protocol):
        """Somebody who knows when a container must not be made to wait any more, because it is to end."""

        @property
        def fds(self) -> list[int]:
            """Readable when it is worth looking."""

        @property
        def recheck_seconds(self) -> float | None:
            """How often to look where no descriptor tells."""

        def due(self) -> bool:
            """Whether the container is ending. Never blocks."""

        def close(self) -> None: ...


LIMIT = 64 << 20  # bytes kept for a slow reader
ON_ITS_WAY = 2 << 20  # bytes beyond that for what is in pipes and sockets when a container that has waited ends
MEMORY = 256 << 10  # bytes of these in memory: a hundred readers that stand still are nothing
BACKPRESSURE, DISCONNECT = "backpressure", "disconnect"


class Patience:
    """How a slow reader is treated: up to `limit` bytes wait for him; then `policy` decides.

    BACKPRESSURE: the container waits, until `relief` says that it is about to end; what was on its way then is kept,
    what is more is thrown away.
    DISCONNECT: he gets what waits for him, and then the reason why there is no more. `folder` is where files go.
    """

    __slots__ = ("folder", "limit", "policy", "relief")

    def __init__(
        self, policy: str = BACKPRESSURE, *, limit: int = LIMIT, folder: str = "",
        relief: Callable[[], Relief] | None = None,
    ) -> None:  # fmt: skip
        self.policy, self.limit, self.folder, self.relief = policy, limit, folder, relief

    @property
    def text(self) -> str:
        """Why a reader is disconnected."""
        size = f"{self.limit >> 20} MiB" if self.limit >= 1 << 20 else f"{self.limit} bytes"
        return f"disconnected: more than {size} of output were waiting to be read"


class Spool:
    """Bytes in, bytes out, in their order; beyond MEMORY they go through a file in `folder` ("": memory only)."""

    __slots__ = ("_begin", "_end", "_fd", "_folder", "_near")

    def __init__(self, folder: str = "") -> None:
        self._folder = folder
        self._near = bytearray()  # the first of them
        self._fd, self._begin, self._end = -1, 0, 0  # the others: this part of the file

    def __len__(self) -> int:
        return len(self._near) + self._end - self._begin

    def put(self, *pieces: bytes | bytearray | memoryview) -> None:
        """These come last. A file that cannot be made or written to is done without."""
        for data in pieces:
            if self._begin == self._end and (not self._folder or len(self._near) + len(data) <= MEMORY):
                self._near += data
            else:
                self._put_far(memoryview(data))

    def _put_far(self, data: memoryview) -> None:
        try:
            if self._fd < 0:
                self._fd = open_nameless(self._folder)
            while data:
                count = os.pwrite(self._fd, data, self._end)
                self._end += count
                data = data[count:]
        except OSError:  # the disk is full: memory it is, in the right order
            while self._begin < self._end:
                self._fetch(self._end - self._begin)
            self._folder = ""
            self._near += data

    def _fetch(self, most: int) -> None:
        data = os.pread(self._fd, min(most, self._end - self._begin), self._begin)
        self._near += data
        self._begin += len(data)
        if self._begin == self._end or not data:
            self._begin = self._end = 0
            make_empty(self._fd)

    def peek(self, most: int) -> bytes:
        """The first bytes, at most so many; b"" only if there are none."""
        if not self._near and self._begin < self._end:
            self._fetch(MEMORY)
        return bytes(self._near[:most])

    def drop(self, count: int) -> None:
        """The first `count` bytes, which `peek` has shown, are gone."""
        del self._near[:count]

    def close(self) -> None:
        """Nothing is kept. Idempotent."""
        self._near.clear()
        self._begin = self._end = 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Frames(Spool):
    """A spool of what came on two streams, in docker's frames."""

    __slots__ = ()

    def put_run(self, stream: int, data: bytes | bytearray | memoryview) -> None:
        """`data` of this stream comes last."""
        self.put(mux.header(stream, len(data)), data)

    def take_run(self) -> tuple[int, bytes]:
        """What came first, and is gone from here. There must be something."""
        head = self._exactly(mux.HEADER)
        return head[0], self._exactly(int.from_bytes(head[4:], "big"))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (piece := self.peek(count - len(data))):
            self.drop(len(piece))
            data = data + piece if data else piece
        return data

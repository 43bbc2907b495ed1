"""How an exec session ended, as its conmon tells whoever started it."""

from __future__ import annotations

import os
from _thread import allocate_lock

from .conmon import parse_answer

LOST, TIMEOUT = "conmon_lost", "timeout"


class Outcome:
    """The pipe on which conmon says how the session's process ended; any number of threads may look at it.

    `code` is None while (or if) nobody knows it; then `reason` says why once `known`: "timeout" (conmon killed it),
    or "conmon_lost" (conmon ended without a word; the process may still run).
    """

    __slots__ = ("_fd", "_line", "_lock", "code", "known", "reason")

    def __init__(self, fd: int, line: bytes = b"") -> None:
        os.set_blocking(fd, False)
        self._fd, self._line = fd, line
        self._lock = allocate_lock()
        self.known = False
        self.code: int | None = None
        self.reason = ""

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._fd

    def look(self) -> bool:
        """Whether it is known by now. Never blocks."""
        with self._lock:
            while not self.known:
                if self._line.endswith(b"\n"):
                    number, _ = parse_answer(self._line)
                    self.code, self.reason = (number & 0xFF, "") if number >= 0 else (None, TIMEOUT)
                    self.known = True
                    break
                try:
                    chunk = os.read(self._fd, 1 << 16)
                except BlockingIOError:
                    break
                if not chunk:
                    self.known, self.reason = True, LOST
                self._line += chunk
            return self.known

    def __del__(self) -> None:  # not a close(): other threads may look up to their last moment
        os.close(self._fd)

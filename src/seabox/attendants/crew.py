"""Threads for what may take its time, so many at once and no more."""

from __future__ import annotations

import os
import select
import threading
from time import monotonic

from ..diagnostics import debug
from ..kernel.process import poll_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_REST_SECONDS = 2.0  # after a failure, before the same is tried again


class Crew:
    """At most `size` jobs run at once, and of one key only one. `fd` is readable when one has ended."""

    def __init__(self, size: int) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._size, self._mutex = size, threading.Lock()
        self._working: set[str] = set()
        self._resting: dict[str, float] = {}  # by key, until when

    def begin(self, key: str, job: Callable[[], object]) -> bool:
        """Whether the job was begun: not while one of this key is under way or rests, or everybody is busy."""
        with self._mutex:
            if key in self._working or len(self._working) >= self._size or self.rests(key) > 0:
                return False
            self._working.add(key)
        threading.Thread(target=self._work, args=(key, job), daemon=True).start()
        return True

    def busy(self, key: str = "") -> bool:
        """Whether a job of this key, or any at all, is under way."""
        with self._mutex:  # whoever has just ended has said so then
            return key in self._working if key else bool(self._working)

    def rests(self, key: str) -> float:
        """Seconds until a job that failed may be begun again."""
        return max(0.0, self._resting.get(key, 0.0) - monotonic())

    def heard(self) -> None:
        """The ends of jobs up to now are known: `fd` is not readable any more."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return

    def finish(self) -> None:
        """No job is under way. Blocks."""
        while self.busy():
            poll_one(self.fd, select.POLLIN, None)
            self.heard()

    def _work(self, key: str, job: Callable[[], object]) -> None:
        self._resting.pop(key, None)
        try:
            job()
        except Exception as problem:
            debug("supervisor, %s: %s", key, problem)
            self._resting[key] = monotonic() + _REST_SECONDS
        finally:
            with self._mutex:
                self._working.discard(key)
                os.eventfd_write(self.fd, 1)

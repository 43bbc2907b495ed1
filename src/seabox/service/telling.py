"""Work that tells of itself while it is done: in a thread of its own, its words being a response as they come."""

from __future__ import annotations

import os
import select
from threading import Thread

from ..diagnostics import debug
from ..errors import Cancelled
from ..kernel.watch import Cancel, Watch
from .response import JSON, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tell = Callable[[bytes], None]
    Work = Callable[[Tell, Cancel], None]

_PIECE = 1 << 16


class Telling:
    """The words of the work, piece by piece. It waits when nobody reads; to be closed, which ends it."""

    __slots__ = ("_explain", "_first", "_ours", "_problem", "_reader", "_stop", "_theirs", "_thread", "_work")

    def __init__(self, work: Work, reader: Cancel, explain: Callable[[Exception], bytes]) -> None:
        """`reader` is fired when nobody is there any more; `explain` makes an error's last words."""
        self._work, self._reader, self._explain = work, reader, explain
        self._stop = Cancel()
        self._first: bytes | None = None
        self._problem: Exception | None = None
        self._ours, self._theirs = os.pipe()
        os.set_blocking(self._theirs, False)
        self._thread = Thread(target=self._run, name="seabox-telling", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            os.close(self._theirs)
            os.close(self._ours)
            raise

    def begin(self) -> None:
        """The first words have come, or it was silent work. Blocks. Raises: Cancelled; why it failed without a word."""
        self._first = self._read()
        if not self._first:
            self._thread.join()
            if self._problem is not None:
                raise self._problem

    def __iter__(self) -> Iterator[bytes]:
        piece = self._read() if self._first is None else self._first
        while piece:
            yield piece
            piece = self._read()
        self._thread.join()
        if self._problem is not None:
            yield self._explain(self._problem)

    def close(self) -> None:
        """The work has ended, whatever it was at. Blocks. Idempotent."""
        self._stop.fire()
        self._thread.join()
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def _read(self) -> bytes:
        with Watch(self._reader) as watch:
            watch.add_fd(self._ours)
            watch.wait()
        return os.read(self._ours, _PIECE)

    def _run(self) -> None:
        try:
            self._work(self._tell, self._stop)
        except Exception as problem:
            if not isinstance(problem, Cancelled):
                debug("%s", problem)
            self._problem = problem
        finally:
            os.close(self._theirs)

    def _tell(self, words: bytes) -> None:
        rest = memoryview(words)
        with Watch(self._stop) as watch:
            watch.add_fd(self._theirs, select.POLLOUT)
            while rest:
                watch.wait()
                rest = rest[os.write(self._theirs, rest) :]


def telling(
    work: Work, reader: Cancel, explain: Callable[[Exception], bytes], *, at_once: bool = False
) -> Stream:  # fmt: skip
    """The response that the work's words are; `at_once`: even if it fails before it has said anything.

    Raises: what the work raises before it has said anything.
    """
    found = Telling(work, reader, explain)
    if not at_once:
        try:
            found.begin()
        except BaseException:
            found.close()
            raise
    return Stream(found, JSON)

"""The output of all containers of a pod as one stream."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress

from ..container.logs import read as read_one
from ..errors import Cancelled, Unsupported
from ..kernel.watch import Cancel, Watch
from ..model.record import INFRA
from ..model.times import check_timeout
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Thread
    from typing import Any

    from ..logs.k8s_file import LogLine
    from .services import PodServices

    Line = tuple[str, LogLine]

_AHEAD = 1000  # lines that are read and not taken yet


def read(
    on: PodServices, id: str, container: str, *, follow: bool, timeout: float | None, cancel: Cancel | None,
    **options: Any,
) -> Iterator[Line]:  # fmt: skip
    """See Pod.logs."""
    check_timeout(timeout)
    ids = _chosen(on, id, container)
    if follow:
        return Followed(on, ids, options, timeout, cancel)
    return _in_turn(on, ids, {**options, "timeout": timeout, "cancel": cancel})


def _chosen(on: PodServices, id: str, container: str) -> list[str]:
    from .pod import NotInPod

    pod = snapshot.take(on, id)
    if not container:
        return [seen.facts.id for seen in pod.members if seen.facts.role != INFRA]
    found = [
        seen.facts.id for seen in pod.members
        if seen.facts.name == container or (len(container) > 3 and seen.facts.id.startswith(container))
    ]  # fmt: skip
    if not found:
        raise NotInPod(container, pod.facts.name)
    return found


def _in_turn(on: PodServices, ids: list[str], options: dict[str, Any]) -> Iterator[Line]:
    for id in ids:
        for line in read_one(on, id, follow=False, **options):
            yield id, line


class _Meeting:
    """Where the readers of several logs leave their lines for the one who takes them."""

    __slots__ = ("_changed", "_lines", "_readers", "ready", "stop")

    def __init__(self, readers: int) -> None:
        import threading

        self.stop = Cancel()  # fired: nobody wants the lines any more
        self.ready = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # readable when `take` gives something else
        self._changed = threading.Condition()
        self._lines: deque[Line | Exception] = deque()
        self._readers = readers

    def __del__(self) -> None:
        os.close(self.ready)

    def leave(self, line: Line) -> None:
        """The line is there to be taken. Blocks while many are. Raises: Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._lines) < _AHEAD or self.stop.fired)
            if self.stop.fired:
                raise Cancelled("the lines are not wanted any more")
            self._lines.append(line)
            os.eventfd_write(self.ready, 1)

    def depart(self, problem: Exception | None) -> None:
        """One of the readers has come to its end."""
        with self._changed:
            self._readers -= 1
            if problem is not None and not self.stop.fired:
                self._lines.append(problem)
            os.eventfd_write(self.ready, 1)

    def take(self) -> Line | Exception | bool:
        """What came first; else whether there may be more."""
        with self._changed:
            if self._lines:
                self._changed.notify_all()
                return self._lines.popleft()
            with suppress(BlockingIOError):
                os.eventfd_read(self.ready)
            return self._readers > 0

    def end(self) -> None:
        """The readers come to their end."""
        self.stop.fire()
        with self._changed:
            self._lines.clear()
            self._changed.notify_all()


class Followed:
    """The lines of several containers as they come, until the last has ended: a thread for each, which ends with this.

    That is when it is closed, has come to its end, or nobody has it any more. Raises: as Pod.logs.
    """

    __slots__ = ("_meeting", "_threads", "_watch")

    def __init__(
        self, on: PodServices, ids: list[str], options: dict[str, Any], timeout: float | None, cancel: Cancel | None
    ) -> None:
        import threading

        self._meeting = _Meeting(len(ids))
        self._watch = Watch(cancel, timeout)
        self._watch.add_fd(self._meeting.ready)
        self._threads: list[Thread] = []
        for id in ids:
            thread = threading.Thread(target=_pump, args=(on, id, options, self._meeting), daemon=True)
            thread.start()
            self._threads.append(thread)

    def __iter__(self) -> Followed:
        return self

    def __next__(self) -> Line:
        try:
            while (found := self._meeting.take()) is True:
                self._watch.wait()
            if isinstance(found, tuple):
                return found
            if isinstance(found, Exception):
                raise found
        except BaseException:
            self.close()
            raise
        self.close()
        raise StopIteration

    def close(self) -> None:
        """No line comes any more, and the threads have ended. Idempotent."""
        self._meeting.end()
        while self._threads:
            self._threads.pop().join()

    def __del__(self) -> None:  # does not wait: it may be called in the middle of anything
        if hasattr(self, "_meeting"):
            self._meeting.end()


def _pump(on: PodServices, id: str, options: dict[str, Any], meeting: _Meeting) -> None:
    problem: Exception | None = None
    try:
        for line in read_one(on, id, follow=True, timeout=None, cancel=meeting.stop, **options):
            meeting.leave((id, line))
    except Unsupported:
        pass
    except Exception as failure:
        problem = failure
    finally:
        on.store.leave()
        meeting.depart(problem)

"""Logs that reach their cap: what was in them is kept as LOG.1.

conmon begins a new log at the cap by putting another file in the old one's place. So the old one need only have a
second name by then: it gets it when half of its room is used. Both together never exceed twice the cap, however fast
the container writes; beyond some speed, and without us, what is lost is history.

(Moving the log away and telling conmon to reopen it would not do: conmon 2.1 goes on counting from where it was, and
at the cap throws away a log that is not full.)
"""

from __future__ import annotations

import os

from ..kernel import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.watch import Watch
    from ..model.record import ContainerRecord
    from ..rooms import Rooms

_RATE = 2 << 20  # bytes per second up to which history is kept: those of the log, which has a time in every line
_SOONEST, _LATEST = 0.25, 60.0  # s between two looks at one log


class _Log:
    """One container's log: where it is, how large it may become, and when to look again."""

    __slots__ = ("cap", "path", "when")

    def __init__(self, path: str, cap: int) -> None:
        self.path, self.cap, self.when = path, cap, 0.0


class Rotation:
    """The logs of running containers keep their history."""

    def __init__(self, on: Rooms) -> None:
        self._on = on
        self._logs: dict[str, _Log | None] = {}  # by id; None: nothing to rotate

    def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
        """See Duty.look."""
        now = self._on.clock.monotonic()
        ids = [record.facts.id for record in alive if record.facts.supervised]
        for id in self._logs.keys() - set(ids):
            del self._logs[id]
        soonest: float | None = None
        for id in ids:
            if id not in self._logs:
                self._logs[id] = self._find(id)
            log = self._logs[id]
            if log is None:
                continue
            if log.when <= now:
                log.when = now + turn(log.path, log.cap)
            left = log.when - now
            soonest = left if soonest is None else min(soonest, left)
        return soonest

    def finish(self) -> None:
        """See Duty.finish."""

    def _find(self, id: str) -> _Log | None:
        from ..container.stored import decode_config
        from ..errors import SeaboxError

        try:
            log = decode_config(self._on.store.config(id)).log
        except SeaboxError:
            return None
        return _Log(log.path, log.size_max) if log.rotate == "supervisor" else None


def turn(path: str, cap: int) -> float:
    """The log at `path` is also PATH.1 if it is half full; seconds until the next look."""
    old, half = f"{path}.1", cap // 2
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return _SOONEST
    left = half - found.st_size
    if left <= 0:
        if not _same(old, found):
            files.remove_file(f"{path}.next")
            files.link(path, f"{path}.next")
            files.rename(f"{path}.next", old)
        left = half  # so much will be written before the next one needs its name
    return min(max(left / _RATE, _SOONEST), _LATEST)


def _same(path: str, other: os.stat_result) -> bool:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (other.st_dev, other.st_ino)

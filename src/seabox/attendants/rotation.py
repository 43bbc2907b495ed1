"""Logs that conmon writes without an end: at its cap a log becomes LOG.1, and conmon begins a new one.

conmon itself begins anew at twice the cap, forgetting what it wrote: that bounds the log of a container that writes
faster than anybody can look. Its old log is removed, so that both together stay within twice the cap.
"""

from __future__ import annotations

import os

from ..kernel import files
from ..oci.conmon import reopen_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.watch import Watch
    from ..model.record import ContainerRecord
    from ..rooms import Rooms

_RATE = 1 << 20  # bytes per second up to which history is kept
_SLACK = 1 << 20  # bytes by which a log that is kept may exceed its cap
_SOONEST, _LATEST = 0.5, 60.0  # s between two looks at one log


class _Log:
    """One container's log: where it is, how large it may become, and when to look again."""

    __slots__ = ("bundle", "cap", "path", "when")

    def __init__(self, path: str, cap: int, bundle: str) -> None:
        self.path, self.cap, self.bundle, self.when = path, cap, bundle, 0.0


class Rotation:
    """The logs of running containers are rotated."""

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
                log.when = now + _turn(log)
            left = log.when - now
            soonest = left if soonest is None else min(soonest, left)
        return soonest

    def _find(self, id: str) -> _Log | None:
        from ..container.stored import decode_config
        from ..errors import SeaboxError

        try:
            log = decode_config(self._on.store.config(id)).log
        except SeaboxError:
            return None
        return _Log(log.path, log.size_max, self._on.config.run_dir(id)) if log.rotate == "supervisor" else None


def _turn(log: _Log) -> float:
    """The log is rotated if it has grown to its cap; seconds until the next look."""
    old = f"{log.path}.1"
    try:
        size = os.stat(log.path).st_size
    except FileNotFoundError:  # a rotation was cut short, or conmon is about to make it
        reopen_log(log.bundle)
        return _SOONEST
    if size >= log.cap:
        if size <= log.cap + _SLACK:
            files.rename(log.path, old)
            reopen_log(log.bundle)
            size = 0
        else:
            files.remove_file(old)
    return min(max((log.cap - size) / _RATE, _SOONEST), _LATEST)

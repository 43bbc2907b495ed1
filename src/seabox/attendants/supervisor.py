"""The one process per store that looks after containers when nobody else does, while there is something to look after.

    python3 -I -S supervisor.py LIBRARIES SETTING=VALUE...    with its lock, taken for it, as descriptor 3

It is started by the operation that makes its first duty and leaves when the last has been gone for some seconds.
It may be killed at any time: all it knows is in the store, and the next operation starts another.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.attendants.duties import Duty
    from seabox.rooms import Rooms

_LOCK = 3


class Supervisor:
    """Duties, looked at whenever something may have changed or time is up."""

    def __init__(self, on: Rooms, lock: int, duties: list[Duty]) -> None:
        self._on, self._lock, self._duties = on, lock, duties
        self._path = f"{on.config.runroot}/supervisor.lock"

    def run(self) -> None:
        """Nothing is left to do, or the store is gone. Blocks until then."""
        from seabox.kernel.watch import Watch

        clock, linger = self._on.clock, self._on.config.supervisor_linger
        idle_since: float | None = None
        while self._is_ours():
            with Watch() as watch:
                watch.add_dir(self._on.config.runroot)  # trying our lock, as every operation does, fires it
                left = self._look(watch)
                now = clock.monotonic()
                if left is not None:
                    idle_since = None
                elif idle_since is None:
                    idle_since = now
                if idle_since is not None and (left := idle_since + linger - now) <= 0:
                    if self._leave():
                        return
                    continue
                watch.wait(left)

    def _look(self, watch: object) -> float | None:
        """Seconds until one of the duties wants to be looked at; None if there is none."""
        from seabox.kernel.watch import Watch
        from seabox.model.record import ALIVE

        assert isinstance(watch, Watch)
        alive = list(self._on.store.records(ALIVE))
        times = [duty.look(alive, watch) for duty in self._duties]
        return min((each for each in times if each is not None), default=None)

    def _is_ours(self) -> bool:
        """Whether the lock file is still the one that we hold: the store's directories could have been removed."""
        try:
            found, mine = os.stat(self._path), os.fstat(self._lock)
        except FileNotFoundError:
            return False
        return (found.st_ino, found.st_dev) == (mine.st_ino, mine.st_dev)

    def _leave(self) -> bool:
        """Whether nobody needs us: asked once more without the lock, for whoever found it held relies on us."""
        from seabox.kernel.locks import lock_file, unlock
        from seabox.kernel.watch import Watch

        unlock(self._lock)
        with Watch() as watch:
            if self._look(watch) is None:
                return True
        again = lock_file(self._path, timeout=0)
        if again is None:  # another has come; what that look has begun ends with us
            for duty in self._duties:
                duty.finish()
            return True
        self._lock = again
        return False


def main(arguments: list[str]) -> int:
    """All duties are done, or somebody else does them."""
    from seabox.attendants.checks import Checks
    from seabox.attendants.duties import Deaths, Retention, Starts
    from seabox.attendants.rotation import Rotation
    from seabox.config import EngineConfig
    from seabox.rooms import Rooms

    libraries, *settings = arguments
    sys.path.append(libraries)
    rooms = Rooms(EngineConfig.from_words(settings))
    supervisor = Supervisor(
        rooms, _LOCK, [Starts(rooms), Deaths(rooms), Rotation(rooms), Checks(rooms), Retention(rooms)]
    )
    try:
        supervisor.run()
    finally:
        rooms.store.close()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main(sys.argv[1:]))

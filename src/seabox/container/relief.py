"""When a container must not be made to wait for its reader any more: once it is to end, or has ended."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import InvalidArgument
from ..kernel import process
from ..kernel.watch import Watch
from .claims import ENDING_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record import ProcessId
    from ..streams.spool import Patience, Relief


class Ending:
    """Watches one run directory and the process whose output it is; see streams.spool.Relief. Needs no store."""

    __slots__ = ("_process", "_run_dir", "_watch")

    def __init__(self, run_dir: str, writer: ProcessId | None) -> None:
        self._run_dir, self._process = run_dir, writer
        self._watch = Watch()
        with suppress(OSError):
            self._watch.add_dir(run_dir)
        if writer is not None:
            self._watch.add_process(writer)

    @property
    def fds(self) -> list[int]:
        """Readable when it is worth looking."""
        return self._watch.fds

    @property
    def recheck_seconds(self) -> float | None:
        """How often to look where no descriptor tells."""
        return self._watch.recheck_seconds

    def due(self) -> bool:
        """Whether the container is ending. Never blocks."""
        self._watch.wait(0)  # what fired has been seen
        gone = self._process is not None and not process.alive(self._process)
        return gone or os.path.exists(f"{self._run_dir}/{ENDING_FILE}") or not os.path.isdir(self._run_dir)

    def close(self) -> None:
        """Nothing is watched any more."""
        self._watch.close()


def check_policy(slow_reader: str) -> str:
    """`slow_reader` itself. Raises: InvalidArgument."""
    if slow_reader not in ("backpressure", "disconnect"):
        raise InvalidArgument(f'slow_reader is "backpressure" or "disconnect", not {slow_reader!r}')
    return slow_reader


def patience(slow_reader: str, limit: int, folder: str, run_dir: str, writer: ProcessId | None) -> Patience:
    """How a slow reader of what `writer` writes is treated; files go to `folder`. Raises: InvalidArgument."""
    from ..streams.spool import Patience

    def relief() -> Relief:
        return Ending(run_dir, writer)

    return Patience(check_policy(slow_reader), limit=limit, folder=folder, relief=relief)

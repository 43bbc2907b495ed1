"""Who attaches before a container starts misses nothing of what it writes."""

from __future__ import annotations

import select

from ..kernel.process import alive, stopped
from ..kernel.procfs import blocked_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record import ProcessId

_LOOKS, _LOOK_AGAIN = 5000, 2  # ms


def await_accepted(conmon: ProcessId | None) -> None:
    """conmon has accepted all who have connected to it, having nothing to do. Blocks for a moment, ten seconds at most.

    It accepts one at a time and reads output in between: what is written first would miss who comes last. The kernel
    has no event for that.
    """
    poller = select.poll()
    for _ in range(_LOOKS if conmon is not None else 0):
        assert conmon is not None
        if not alive(conmon) or (blocked_on(conmon.pid) and not stopped(conmon.pid)):
            return
        poller.poll(_LOOK_AGAIN)

"""Waiting for a container's process to end: one poll over pidfds and the run directory, no lock held."""

from __future__ import annotations

import os

from ..kernel import process as processes
from ..kernel.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from ..model.record import ContainerState, ProcessId
    from ..oci.exits import Exit
    from .services import Services

_LOOKS, _LOOK_AGAIN = 5000, 0.002  # s
_HELD_UP = 0.7  # s after the end of a process in which conmon has always written how it ended, if it could


def may_still_write(conmon: ProcessId | None) -> bool:
    """Whether a code may still come from conmon: not from one that runs us, its exit command, for it has done all."""
    return conmon is not None and processes.alive(conmon) and conmon.pid != os.getppid()


def await_exit_file(
    on: Services, id: str, state: ContainerState, timeout: float | None, cancel: Cancel | None = None
) -> Exit | None:
    """What conmon wrote about the end of the process; None when time is up or nobody is left to write it.

    Nor is it waited for when a client that does not read keeps conmon from writing it: then it comes some day.
    Blocks up to `timeout` seconds (None = for ever). Needs no lock. Raises: Cancelled.
    """
    if (found := on.exits.read(id)) is not None:  # as a rule; a watch costs more than a look
        return found
    deadline = None if timeout is None else on.clock.monotonic() + timeout
    with Watch(cancel) as watch:
        try:
            watch.add_dir(on.config.run_dir(id))
        except FileNotFoundError:
            return None
        conmon = state.conmon
        writer = conmon is not None and watch.add_process(conmon)
        while (found := on.exits.read(id)) is None and writer:
            left = None if deadline is None else deadline - on.clock.monotonic()
            if left is not None and left <= 0:
                return None
            fired = watch.wait(_HELD_UP if left is None else min(left, _HELD_UP))
            if conmon in fired:
                return on.exits.read(id)  # conmon writes the file before it goes
            if not fired and conmon is not None:
                from ..kernel.procfs import blocked_on

                if blocked_on(conmon.pid).startswith("socket:"):
                    return on.exits.read(id)
        return found


def await_program(init: ProcessId) -> None:
    """A process that was started this moment has executed its program, or ended. Blocks for ten seconds at most."""
    from ..kernel.procfs import has_executed

    if has_executed(init.pid):
        return
    with Watch() as watch:
        watch.add_process(init)
        for _ in range(_LOOKS):  # the kernel has no event for an execve
            if watch.wait(_LOOK_AGAIN) or has_executed(init.pid):
                return


def await_end(process: ProcessId | None, timeout: float | None, cancel: Cancel | None = None) -> bool:
    """Whether the process is gone within `timeout` seconds (None = for ever). Raises: Cancelled."""
    with Watch(cancel) as watch:
        return process is None or not watch.add_process(process) or bool(watch.wait(timeout))

"""A container that could not be started: who waits for its end is told so."""

from __future__ import annotations

from ..errors import CommandNotExecutable, CommandNotFound
from ..model.record import Intent, Status
from . import teardown
from .remove import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked

_OTHERWISE = 128


def give_up(ctr: Locked, problem: Exception) -> None:
    """That the container could not be started, for which `problem` is why, is on record as the end of a run.

    Its code is 127 or 126 where the command is to blame, else 128. A container that was to be removed at its end is
    gone; one that waited in the runtime, for somebody had attached, does so no more. No effect on one that runs by
    now. Raises: as `remove`.
    """
    with ctr.claimed(Intent.CLEANUP):
        teardown.clean(ctr)
    state = ctr.state
    if state.status not in (Status.CONFIGURED, Status.EXITED):
        return
    code = problem.exit_code if isinstance(problem, (CommandNotFound, CommandNotExecutable)) else _OTHERWISE
    reached = ctr.on.store.exit_record(ctr.id, state.run) is None and state.run > 0  # it was created in the runtime
    fresh = state.replace(
        run=state.run if reached else state.run + 1, exit_code=code, exit_reason="", error=str(problem)
    )
    ctr.on.store.commit(ctr.id, fresh, failed=True)
    ctr.reload()
    ctr.touch()
    if ctr.facts.auto_remove and not ctr.on.store.dependants(ctr.id):
        remove(ctr, force=True)

"""Starting what a container requires, and what that requires, before it."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import Cancelled, Conflict, ExitCodeUnknown, NoSuchContainer, SeaboxError, StateConflict, TimedOut
from ..kernel.watch import Watch
from ..model.record import ALIVE, Status
from ..model.times import check_timeout
from ..state.locks import Rank
from . import lifecycle, snapshot
from .locking import locked
from .requirements import COMPLETED, HEALTHY, conditions, holds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from .services import Services


class DependenciesFailed(Conflict):
    """Containers that another one requires could not be brought where they must be; `causes` says why, by id."""

    def __init__(self, container_id: str, causes: dict[str, Exception]) -> None:
        why = "; ".join(f"{id[:12]}: {cause}" for id, cause in causes.items())
        super().__init__(f"dependencies of container {container_id} failed: {why}")
        self.container_id, self.causes = container_id, causes


def start_required(
    on: Services, id: str, timeout: float | None = None, cancel: Cancel | None = None
) -> None:
    """All that the container requires is the case: what is not was started, from the leaves on, and waited for.

    Each is started under its own lock; no lock is held between and while waiting. Blocks until the last is healthy
    or completed, if that is required, up to `timeout` seconds (None = for ever) for all.
    Raises: DependenciesFailed (with all causes), TimedOut, Cancelled.
    """
    check_timeout(timeout)
    deadline = None if timeout is None else on.clock.monotonic() + timeout
    wanted = _closure(on, id)
    failed: dict[str, Exception] = {}
    done: set[str] = set()

    def bring(node: str, condition: str) -> bool:
        """Whether the container is where it must be; all below it first."""
        if node in failed:
            return False
        try:
            if holds(snapshot.take(on, node), condition):
                return True
            below = [bring(other, word) for other, word in wanted.get(node, {}).items()]
            if not all(below):
                raise StateConflict(
                    node, "created", ("running",), f"container {node} was not started: what it requires failed"
                )
            if node not in done:
                done.add(node)
                _start(on, node)
            _await(on, node, condition, deadline, cancel)
        except (TimedOut, Cancelled):
            raise
        except (SeaboxError, OSError) as problem:
            debug("starting %s, which %s requires: %s", node, id, problem)
            failed[node] = problem
            return False
        return True

    for other, condition in wanted.get(id, {}).items():
        bring(other, condition)
    if failed:
        raise DependenciesFailed(id, failed)


def _closure(on: Services, id: str) -> dict[str, dict[str, str]]:
    """What each container below `id`, itself included, requires; read while none of them can change.

    There are no circles: a container can only require what was there before it.
    """
    wanted: dict[str, dict[str, str]] = {}
    todo = [id]
    while todo:
        node = todo.pop()
        if node not in wanted:
            wanted[node] = conditions(on, node)
            todo += wanted[node]
    if len(wanted) > 1:
        with on.locks.hold(Rank.CONTAINER, *wanted):
            for node in wanted:
                snapshot.take(on, node)  # none was removed meanwhile
    return wanted


def _start(on: Services, id: str) -> None:
    """The container runs, or has completed. Raises: StateConflict (it is paused), and as `start`."""
    with locked(on, id) as ctr:
        if ctr.state.status is not Status.RUNNING:  # somebody else may have started it
            lifecycle.start(ctr)


def _await(on: Services, id: str, condition: str, deadline: float | None, cancel: Cancel | None) -> None:
    """Raises: StateConflict, ExitCodeUnknown if the condition cannot come true any more; TimedOut, Cancelled."""
    while True:
        with Watch(cancel) as watch:
            try:
                watch.add_dir(on.config.run_dir(id))
            except FileNotFoundError:
                raise NoSuchContainer(id) from None
            seen = snapshot.take(on, id)
            if holds(seen, condition):
                return
            state = seen.state
            ended = state.status not in ALIVE and state.exit_reason != "pending" and not state.next_start_at
            if ended and state.exit_code is None and state.exit_reason:
                raise ExitCodeUnknown(id, state.exit_reason)
            if ended and condition == COMPLETED:
                raise StateConflict(id, seen.status, (condition,), f"container {id} ended with code {state.exit_code}")
            if ended or (condition == HEALTHY and state.health in ("", "unhealthy")):
                what = state.health or "without a health check" if not ended else seen.status
                raise StateConflict(id, seen.status, (condition,), f"container {id} is {what}")
            for process in (state.process, state.conmon):
                if process is not None:
                    watch.add_process(process)
            left = None if deadline is None else deadline - on.clock.monotonic()
            if (left is not None and left <= 0) or not watch.wait(left):
                raise TimedOut(f"container {id} was not {condition} in time")

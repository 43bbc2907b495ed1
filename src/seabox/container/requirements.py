"""What a container requires of others, and whether that is the case."""

from __future__ import annotations

from ..errors import StateConflict
from ..model.record import Status
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked
    from .services import Services
    from .snapshot import Snapshot

STARTED, HEALTHY, COMPLETED = "started", "healthy", "completed"


def conditions(on: Services, id: str) -> dict[str, str]:
    """What must be the case, by the id of each container that this one requires."""
    needed = on.store.requirements(id)
    if not needed:
        return {}
    from .stored import decode_config

    special = decode_config(on.store.config(id)).conditions
    return {other: special.get(other, STARTED) for other in needed}


def holds(seen: Snapshot, condition: str) -> bool:
    """Whether a container is what one that requires it waits for."""
    if condition == COMPLETED:
        return seen.state.status in (Status.STOPPED, Status.EXITED) and seen.state.exit_code == 0
    return seen.state.status is Status.RUNNING and (condition == STARTED or seen.state.health == "healthy")


def require(ctr: Locked) -> None:
    """All that the container requires is the case. Raises: StateConflict naming what is not."""
    wanted = conditions(ctr.on, ctr.id)
    idle = [id for id, condition in wanted.items() if not holds(snapshot.take(ctr.on, id), condition)]
    if idle:
        raise StateConflict(
            ctr.id, str(ctr.state.status), tuple(sorted({wanted[id] for id in idle})),
            f"some dependencies of container {ctr.id} are not started: {', '.join(idle)}",
        )  # fmt: skip


def dependants(on: Services, id: str) -> list[str]:
    """The containers that need this one, directly or not, in an order in which they can be removed."""
    found: list[str] = []
    for other in on.store.dependants(id):
        found += [each for each in (*dependants(on, other), other) if each not in found]
    return found

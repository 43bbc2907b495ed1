"""The exit policy "stop": when the last member of a pod has ended, its infra container is stopped.

Whoever deals with the end of a member comes here, the exit command among them: no engine needs to be alive. It
imports nothing that the exit command has not loaded anyway.
"""

from __future__ import annotations

from ..container import snapshot
from ..container.claims import is_live
from ..container.container import Container
from ..diagnostics import debug
from ..errors import NoSuchContainer, NoSuchPod, SeaboxError
from ..model.record import INFRA, EventKind, Intent, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record import ContainerRecord
    from .services import PodServices

_STARTING = (Intent.CREATE, Intent.INIT, Intent.START, Intent.RESTART)


def settle(on: PodServices, id: str) -> None:
    """The pod is stopped if that is its policy and its last member has ended. Never fails; may be repeated."""
    try:
        if on.store.pods.load(id).exit_policy == "stop":
            _mend(on, id)
            if _has_ended(on, id):
                _stop(on, id)
    except (NoSuchPod, NoSuchContainer):
        return
    except (SeaboxError, OSError) as problem:  # the next look at the pod tries again
        debug("exit policy of pod %s: %s", id, problem)


def _mend(on: PodServices, id: str) -> None:
    """A stop of the infra container that was killed half-way is complete."""
    infra = on.store.pods.load(id).infra
    claim = on.store.load(infra).claim if infra else None
    if claim is not None and not is_live(claim):
        Container(on, infra).mend()


def _has_ended(on: PodServices, id: str) -> bool:
    """Whether a member has ended since the infra container was started, and none goes on."""
    pod = on.store.pods.load(id)
    if not pod.ended_at or is_live(pod.claim):
        return False
    members = on.store.pods.members(id)
    infra = next((each.state for each in members if each.facts.role == INFRA), None)
    if infra is None or infra.status is not Status.RUNNING or infra.started_at > pod.ended_at:
        return False
    return not any(_goes_on(on, each) for each in members if each.facts.role != INFRA)


def _goes_on(on: PodServices, record: ContainerRecord) -> bool:
    if record.claim is not None and record.claim.intent in _STARTING and is_live(record.claim):
        return True
    seen = snapshot.of(on, record)
    if seen.facts.role:  # an init container that waits for its turn keeps nothing up
        return seen.state.status is Status.RUNNING
    ended = seen.state.status in (Status.STOPPED, Status.EXITED, Status.REMOVING)
    return not ended or seen.state.next_start_at > 0 or seen.state.exit_reason == "pending"


def _stop(on: PodServices, id: str) -> None:
    Container(on, on.store.pods.load(id).infra).stop()
    on.store.pods.tell(id, EventKind.STOP)

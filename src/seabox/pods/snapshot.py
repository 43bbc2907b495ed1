"""What is true of a pod now: it follows from its members, without a lock."""

from __future__ import annotations

from ..container import snapshot
from ..container.claims import is_live
from ..model.record import INFRA, Intent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..container.snapshot import Snapshot
    from ..model.record import ContainerRecord, PodRecord
    from .services import PodServices


class PodSnapshot:
    """One pod at one moment, with its members, oldest first."""

    __slots__ = ("facts", "members")

    def __init__(self, facts: PodRecord, members: Sequence[Snapshot]) -> None:
        self.facts, self.members = facts, list(members)

    @property
    def infra(self) -> Snapshot | None:
        """The infra container."""
        return next((seen for seen in self.members if seen.facts.role == INFRA), None)

    @property
    def status(self) -> str:
        """ "Created", "Running", "Degraded", "Paused", "Stopped", "Exited" or "Dead" (it is being removed)."""
        if self.facts.claim is not None and self.facts.claim.intent is Intent.REMOVE and is_live(self.facts.claim):
            return "Dead"
        return status_of([seen.status for seen in self.members if seen.facts.role in ("", INFRA)])


def status_of(members: Sequence[str]) -> str:
    """The state of a pod whose containers, init containers aside, are in these states."""
    running, paused = members.count("running") + members.count("stopping"), members.count("paused")
    ended = members.count("exited") + members.count("stopped") + members.count("removing")
    if not members:
        return "Created"
    words = ((running, "Running", "Degraded"), (paused, "Paused", ""), (ended, "Exited", "Stopped"))
    for count, whole, partly in words:
        if count == len(members):
            return whole
        if count and partly:
            return partly
    return "Created"


def take(on: PodServices, id: str) -> PodSnapshot:
    """The pod as it is now. Raises: NoSuchPod."""
    return _of(on, on.store.pods.load(id), on.store.pods.members(id))


def all_of(on: PodServices) -> Iterator[PodSnapshot]:
    """Every pod, oldest first."""
    pods = on.store.pods.list()
    if not pods:
        return
    members: dict[str, list[ContainerRecord]] = {}
    for record in on.store.records():
        members.setdefault(record.facts.pod, []).append(record)
    for pod in pods:
        if pod.claim is None or pod.claim.intent is not Intent.CREATE:
            yield _of(on, pod, members.get(pod.id, []))


def _of(on: PodServices, pod: PodRecord, members: Sequence[ContainerRecord]) -> PodSnapshot:
    made = (each for each in members if each.claim is None or each.claim.intent is not Intent.CREATE)
    return PodSnapshot(pod, [snapshot.of(on, record) for record in made])

"""Removing a pod, and putting right what killed operations left of one."""

from __future__ import annotations

from contextlib import suppress

from ..container import snapshot
from ..container.claims import is_live, making
from ..container.container import Container
from ..container.remove import StillRunning
from ..diagnostics import debug
from ..errors import NoSuchContainer, NoSuchPod, SeaboxError
from ..kernel import cgroups
from ..model.record import INFRA, EventKind, Intent, Status
from .errors import NotAllRemoved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from ..model.record import PodRecord
    from .services import PodServices


def remove(
    on: PodServices, id: str, *, force: bool = False, timeout: int | None = None, cancel: Cancel | None = None
) -> None:
    """The pod is gone with its containers. `force` ends those that run first, `timeout` as for Container.stop.

    Raises: NoSuchPod, NotAllRemoved (then what could not be removed is still there, in the pod), Cancelled.
    """
    busy = {} if force else _running(on, id)
    if busy:
        raise NotAllRemoved(id, busy)
    with making(Intent.REMOVE, on.clock.now()) as claim:  # it keeps new members out
        on.store.pods.claim(id, claim)
        try:
            if force:
                from .operations import stop_members

                stop_members(on, id, timeout, cancel)
            erase(on, id, EventKind.REMOVE, force=force, timeout=timeout)
        except BaseException:
            on.store.pods.unclaim(id)
            raise


def erase(
    on: PodServices, id: str, *removed: EventKind, force: bool = True, timeout: int | None = 0
) -> None:
    """The pod is gone with all there is of it. May be repeated after a kill at any line. Raises: NotAllRemoved."""
    failed: dict[str, Exception] = {}
    for record in reversed(on.store.pods.members(id)):  # what others need is older than they are
        infra = record.facts.role == INFRA
        if infra and failed:
            break
        try:
            Container(on, record.facts.id).remove(force=force or infra, timeout=timeout, with_pod=True)
        except NoSuchContainer:
            continue
        except SeaboxError as problem:
            failed[record.facts.id] = problem
    if failed:
        raise NotAllRemoved(id, failed)
    try:
        cgroup = on.store.pods.load(id).cgroup
        if cgroup:
            cgroups.remove(cgroup, kill=True)
        on.store.pods.remove(id, *removed)
    except NoSuchPod:
        debug("pod %s was removed by another call", id)


def mend(on: PodServices, pod: PodRecord) -> bool:
    """Whether the pod is still there: one whose creation or removal was killed half-way is gone now."""
    if pod.claim is None or is_live(pod.claim):
        return pod.claim is None or pod.claim.intent is not Intent.CREATE
    erase(on, pod.id, *((EventKind.REMOVE,) if pod.claim.intent is Intent.REMOVE else ()))
    return False


def mend_members(on: PodServices, id: str) -> None:
    """What killed operations left of the containers of a pod is put right, if nobody else is at it."""
    for record in on.store.pods.members(id):
        cut_short = record.claim is not None and not is_live(record.claim)
        if cut_short or (record.claim is None and record.state.status is Status.REMOVING):
            with suppress(NoSuchContainer):
                Container(on, record.facts.id).mend()


def _running(on: PodServices, id: str) -> dict[str, Exception]:
    """Why members, by id, cannot be removed; the infra container alone is no obstacle."""
    found: dict[str, Exception] = {}
    for record in on.store.pods.members(id):
        seen = snapshot.of(on, record)
        if record.facts.role != INFRA and seen.status in ("running", "paused", "stopping"):
            found[record.facts.id] = StillRunning(
                record.facts.id, seen.status, ("configured", "created", "exited", "stopped"),
                f"cannot remove container {record.facts.id} as it is {seen.status} - "
                "running or paused containers cannot be removed without force",
            )  # fmt: skip
    return found

"""start, stop, kill, pause, unpause, restart: each a sequence of operations on the containers of a pod.

No lock is held over more than one of them. What is killed half-way leaves each container as its own operation does,
and the same call once more completes it.
"""

from __future__ import annotations

import signal as signals
import threading
from contextlib import suppress

from ..container.bounds import Bounds
from ..container.container import Container
from ..errors import Cancelled, InvalidArgument, NotFound, SeaboxError, StateConflict, TimedOut
from ..model.record import INFRA, EventKind
from . import snapshot
from .errors import InitContainerFailed, MembersFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..container.snapshot import Snapshot
    from ..kernel.watch import Cancel
    from .services import PodServices


class NothingToStart(NotFound):
    """There is no container in the pod."""

    def __init__(self, pod: str) -> None:
        super().__init__(f"no containers in pod {pod} have no dependencies, cannot start pod: no such container")


def start(on: PodServices, id: str, *, timeout: float | None = None, cancel: Cancel | None = None) -> None:
    """Every container of the pod runs; before that its init containers ran one after the other. Blocks for them.

    And for what its containers require: up to `timeout` seconds (None = for ever).
    Raises: NothingToStart, InitContainerFailed (nothing more was started then), MembersFailed, TimedOut, Cancelled.
    """
    _start(on, id, Bounds(timeout, cancel))
    on.store.pods.tell(id, EventKind.START)


def _start(on: PodServices, id: str, bounds: Bounds) -> None:
    pod = snapshot.take(on, id)
    if not pod.members:
        raise NothingToStart(id)
    others = [seen for seen in pod.members if seen.facts.role in ("", INFRA)]
    idle = [seen for seen in others if seen.status not in ("running", "paused")]
    if any(seen.facts.role == "" for seen in idle) or len(others) == 1:
        for seen in pod.members:
            if seen not in others:
                _run_to_its_end(on, seen, bounds)
    failed: dict[str, Exception] = {}
    for seen in idle:
        ctr = Container(on, seen.facts.id)
        if failed and set(on.store.requirements(ctr.id)) & failed.keys():
            failed[ctr.id] = StateConflict(
                ctr.id, seen.status, ("running",), f"a dependency of container {ctr.id} failed to start"
            )
            continue
        try:
            if ctr.status not in ("running", "paused"):  # one that it requires may have started it
                ctr.start(recursive=True, timeout=bounds.left, cancel=bounds.cancel)
        except (TimedOut, Cancelled):
            raise
        except SeaboxError as problem:
            failed[ctr.id] = problem
    if failed:
        raise MembersFailed(id, "starting", failed)


def _run_to_its_end(on: PodServices, seen: Snapshot, bounds: Bounds) -> None:
    ctr = Container(on, seen.facts.id)
    if seen.status != "running":
        ctr.start(recursive=True, timeout=bounds.left, cancel=bounds.cancel)
    code = ctr.wait(timeout=bounds.left, cancel=bounds.cancel)
    if code:
        raise InitContainerFailed(ctr.id, code)
    with suppress(NotFound):  # it was to be removed at its end
        if seen.facts.role == "once":
            ctr.remove()
        else:
            ctr.cleanup()


def stop(on: PodServices, id: str, timeout: int | None = None, cancel: Cancel | None = None) -> None:
    """No container of the pod runs, all being stopped at once and the infra container last; see Container.stop.

    Raises: MembersFailed, Cancelled.
    """
    failed = stop_members(on, id, timeout, cancel)
    on.store.pods.tell(id, EventKind.STOP)
    if failed:
        raise MembersFailed(id, "stopping", failed)


def stop_members(
    on: PodServices, id: str, timeout: int | None, cancel: Cancel | None = None
) -> dict[str, Exception]:
    """As `stop`, without an event and with the failures as result."""
    members = snapshot.take(on, id).members
    up = [seen for seen in members if seen.status in ("running", "paused", "stopping") or seen.state.next_start_at]
    up += [seen for seen in members if seen.status == "created" and seen.state.conmon_pid]
    failed: dict[str, Exception] = {}
    for part in ([seen for seen in up if seen.facts.role != INFRA], [s for s in up if s.facts.role == INFRA]):
        failed |= _each(on, part, lambda ctr: ctr.stop(timeout, cancel))
    return failed


def kill(on: PodServices, id: str, signal: int = signals.SIGKILL, cancel: Cancel | None = None) -> None:
    """`signal` is delivered to the first process of every running container; see Container.kill.

    Raises: InvalidArgument, MembersFailed, Cancelled.
    """
    if not 1 <= signal <= 64:
        raise InvalidArgument("valid signals are 1 through 64")
    alive = ("running", "paused", "stopping")
    _all(on, id, "killing", EventKind.KILL, alive, lambda ctr: ctr.kill(signal, cancel=cancel))


def pause(on: PodServices, id: str) -> None:
    """Every running container of the pod is frozen. Raises: MembersFailed."""
    _all(on, id, "pausing", EventKind.PAUSE, ("running",), lambda ctr: ctr.pause())


def unpause(on: PodServices, id: str) -> None:
    """No container of the pod is frozen. Raises: MembersFailed."""
    _all(on, id, "unpausing", EventKind.UNPAUSE, ("paused",), lambda ctr: ctr.unpause())


def restart(on: PodServices, id: str, timeout: int | None = None, cancel: Cancel | None = None) -> None:
    """Every container of the pod runs anew, whether it ran before or not. Raises: as `stop` and `start`."""
    if not snapshot.take(on, id).members:
        raise NothingToStart(id)
    stop(on, id, timeout, cancel)
    start(on, id, cancel=cancel)
    on.store.pods.tell(id, EventKind.RESTART)


def _all(
    on: PodServices, id: str, doing: str, kind: EventKind, statuses: tuple[str, ...], act: Callable[[Container], object]
) -> None:
    members = [seen for seen in snapshot.take(on, id).members if seen.status in statuses]
    failed = _each(on, members, act)
    on.store.pods.tell(id, kind)
    if failed:
        raise MembersFailed(id, doing, failed)


def _each(on: PodServices, members: Iterable[Snapshot], act: Callable[[Container], object]) -> dict[str, Exception]:
    """`act` was called with each container, all at the same time; what went wrong, by id.

    One that is not in the state for it by now, or gone, is no failure. Raises: Cancelled, when all have returned.
    """
    failed: dict[str, Exception] = {}

    def one(id: str) -> None:
        try:
            act(Container(on, id))
        except (StateConflict, NotFound):
            return
        except (SeaboxError, OSError) as problem:
            failed[id] = problem

    def in_a_thread(id: str) -> None:
        try:
            one(id)
        finally:
            on.store.leave()

    ids = [seen.facts.id for seen in members]
    threads = [threading.Thread(target=in_a_thread, args=(id,)) for id in ids[1:]]
    for thread in threads:
        thread.start()
    for id in ids[:1]:
        one(id)
    for thread in threads:
        thread.join()
    for problem in failed.values():
        if isinstance(problem, Cancelled):
            raise problem
    return failed

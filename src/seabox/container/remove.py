"""Removing a container."""

from __future__ import annotations

from signal import SIGKILL

from ..errors import InUse, StateConflict
from ..kernel import process
from ..kernel.process import boot_id
from ..model.record import INFRA, EventKind, Intent, Status
from ..model.times import check_timeout
from . import teardown
from .attended import attended
from .death import await_end
from .lifecycle import end
from .sync import see_death

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from .guard import Locked

_EXIT_COMMAND_GRACE = 5.0  # s


class StillRunning(StateConflict):
    """The container runs or is paused: stop it first, or remove it by force."""

    exit_code = 2


class StillMounted(StateConflict):
    """Somebody asked for the container's root file system to be mounted: unmount it first, or remove it by force."""

    exit_code = 2


class InfraContainer(InUse):
    """The container holds together a pod: remove the pod. `pod` is its id."""

    def __init__(self, container_id: str, pod: str) -> None:
        super().__init__(
            f"container {container_id} is the infra container of pod {pod} and cannot be removed without removing "
            "the pod"
        )
        self.container_id, self.pod = container_id, pod


def remove(
    ctr: Locked, *, force: bool = False, timeout: int | None = None, volumes: bool = False,
    cancel: Cancel | None = None, with_pod: bool = False,
) -> None:  # fmt: skip
    """The container is gone, with its files; its exit codes and events can still be asked for.

    `force` ends it first if it runs (stop signal, `timeout` seconds, SIGKILL). With `volumes` the volumes that were
    made for it without a name, and that no other container uses, go too. Raises: StillRunning, StillMounted,
    InUse, InvalidArgument, Cancelled, InfraContainer (unless `with_pod`: its pod is about to go).
    """
    check_timeout(timeout)
    if ctr.facts.role == INFRA and not with_pod:
        raise InfraContainer(ctr.id, ctr.facts.pod)
    ctr.require_no_dependants()
    if ctr.state.status in (Status.RUNNING, Status.PAUSED) and not force:
        raise StillRunning(
            ctr.id, ctr.state.status, ("configured", "created", "exited", "stopped"),
            f"cannot remove container {ctr.id} as it is {ctr.state.status} - "
            "running or paused containers cannot be removed without force",
        )  # fmt: skip
    if ctr.state.mount_count and not force:
        raise StillMounted(
            ctr.id, ctr.state.status, ("configured", "exited"),
            f"cannot remove container {ctr.id} as it is mounted - mounted containers cannot be removed without force",
        )  # fmt: skip
    with ctr.claimed(Intent.REMOVE), attended(ctr):
        if volumes and ctr.facts.volumes:
            ctr.on.volume_uses.doom(ctr.id)
        while ctr.state.status in (Status.RUNNING, Status.PAUSED):  # again if a start was under way
            conmon = ctr.state.conmon
            end(ctr, timeout, cancel)
            held_up = ctr.state.exit_reason == "pending"  # by a client that does not read: it goes with its conmon
            if held_up and conmon is not None:
                process.send_signal(conmon, SIGKILL)
            with ctr.released():
                await_end(conmon, _EXIT_COMMAND_GRACE)
            if held_up:
                see_death(ctr)
        # cleaned up in this boot: nothing is left of its runs
        released = ctr.state.status is Status.EXITED and ctr.state.boot == boot_id()
        ended = ctr.facts.auto_remove and ctr.state.status is Status.STOPPED
        cleanup = (EventKind.CLEANUP,) if ended else ()
        ctr.become(ctr.state.replace(status=Status.REMOVING))
        teardown.erase(ctr, *cleanup, EventKind.REMOVE, released=released)

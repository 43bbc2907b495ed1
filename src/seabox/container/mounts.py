"""The root file system of a container, mounted on the host for whoever asks for it; every asker counts."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..errors import Conflict, StateConflict
from ..model.record import EventKind, Intent, Status
from . import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .guard import Locked

_ITS_OWN = (Status.CREATED, Status.RUNNING, Status.PAUSED, Status.STOPPED)  # a run uses the mount


class NotMounted(Conflict):
    """The container's root file system is not mounted, so it cannot be unmounted."""

    def __init__(self, container_id: str) -> None:
        super().__init__(f"unmounting container {container_id}: layer is not mounted")
        self.container_id = container_id


def in_use_by_itself(ctr: Locked) -> bool:
    """Whether a run of the container, even one that has ended but not been cleaned up, has its root mounted."""
    return ctr.state.status in _ITS_OWN


def mount(ctr: Locked) -> str:
    """The container's root file system is mounted; its path. Stays so until `unmount` was called as often.

    Raises: StateConflict while it is being removed, OSError with the kernel's words.
    """
    ctr.require(*(status for status in Status if status is not Status.REMOVING))
    with ctr.claimed(Intent.MOUNT):
        path = prepare.mount_root(ctr)
        ctr.become(ctr.state.replace(mountpoint=path, mount_count=ctr.state.mount_count + 1), EventKind.MOUNT)
    return path


def unmount(ctr: Locked, *, force: bool = False) -> None:
    """One `mount` is taken back, with `force` all of them; the last one unmounts the root, unless a run uses it.

    With `force` a root that is not mounted is no error, and that of a run which has ended goes too.
    Raises: NotMounted, StateConflict (only a run uses it, and that cannot be taken away).
    """
    state = ctr.state
    if not state.mount_count:
        ended = state.status is Status.STOPPED
        if in_use_by_itself(ctr) and not (force and ended):
            raise StateConflict(
                ctr.id, state.status, ("configured", "exited"),
                f"can't unmount {ctr.id} last mount, it is still in use" if ended else
                f"cannot unmount storage for container {ctr.id} as it is running or paused",
            )  # fmt: skip
        if not ended:
            if force:
                return
            raise NotMounted(ctr.id)
    left = 0 if force else state.mount_count - 1
    used = in_use_by_itself(ctr) and bool(state.mount_count)
    with ctr.claimed(Intent.UNMOUNT):
        if not (left or used):
            ctr.on.storage.unmount(ctr.id)
        ctr.become(
            state.replace(mount_count=left, mountpoint=state.mountpoint if left or used else ""), EventKind.UNMOUNT
        )


@contextmanager
def borrowed(ctr: Locked, intent: Intent) -> Iterator[int]:
    """Inside the block the root file system can be used through the fd that is yielded, and the lock is free.

    A run's own mount is used as it is: a run that ends meanwhile takes it out of sight, not from under the fd.
    Without a run the root is mounted for the block and the claim keeps others away. Raises: NoSuchContainer after
    the block, if the container was removed meanwhile.
    """
    if in_use_by_itself(ctr):
        with _opened(ctr.state.mountpoint) as root, ctr.released():
            yield root
        return
    with ctr.claimed(intent):
        with _opened(prepare.mount_root(ctr)) as root, ctr.released():
            yield root
        if not ctr.state.mount_count and not in_use_by_itself(ctr):
            ctr.on.storage.unmount(ctr.id)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)

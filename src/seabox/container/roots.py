"""A container's files as its processes see them, opened for use without the lock."""

from __future__ import annotations

import os
from contextlib import ExitStack

from ..kernel import views
from ..model.record import ALIVE, Intent, Status
from .mounts import borrowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from ..kernel.watch import Cancel
    from .container import Container
    from .guard import Locked


class Root:
    """`fd` is the root of the container's files, volumes and other mounts included, until the object is closed.

    A container that runs is seen through its first process, and not claimed: it may go on, end, even be removed.
    Any other has its root mounted and is claimed until the end. Everything below `fd` belongs to strangers. `apart`:
    devices that are mounted there and hold no files.

    Raises: NoSuchContainer, StateConflict (it is being removed), Busy, OSError.
    """

    __slots__ = ("_stack", "apart", "fd", "workdir")

    def __init__(self, handle: Container, cancel: Cancel | None = None) -> None:
        with ExitStack() as stack:
            ctr = stack.enter_context(handle.locked(cancel=cancel))
            ctr.require(*(status for status in Status if status is not Status.REMOVING))
            self.workdir = ctr.config.workdir or "/"
            self.fd, self.apart = _of_process(ctr), frozenset[int]()
            if self.fd >= 0:
                assert ctr.state.process is not None
                self.apart = views.unreal_devices(ctr.state.process)
                stack.close()
                stack.callback(os.close, self.fd)
            else:
                self.fd = _at_rest(ctr, stack)
            self._stack = stack.pop_all()

    def __enter__(self) -> Root:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def close(self) -> None:
        """The files are not in use any more."""
        self._stack.close()

    def path(self, path: str) -> str:
        """`path` from the root on; a relative one begins in the container's working directory."""
        return path if path.startswith("/") else f"{self.workdir}/{path}"


def _of_process(ctr: Locked) -> int:
    process = ctr.state.process
    return views.process_root(process) if process is not None and ctr.state.status in ALIVE else -1


def _at_rest(ctr: Locked, stack: ExitStack) -> int:
    binds = [
        (stack.enter_context(ctr.on.volume_uses.path(mount.source)) if mount.type == "volume" else mount.source,
         mount.subpath, mount.destination, "ro" in mount.options)
        for mount in sorted(ctr.config.mounts, key=lambda mount: mount.destination.count("/"))
        if mount.type in ("bind", "volume")
    ]  # fmt: skip
    fd = stack.enter_context(borrowed(ctr, Intent.COPY))
    if not binds:
        return fd
    top, namespace = views.with_binds(os.readlink(f"/proc/self/fd/{fd}"), binds)
    stack.callback(os.close, namespace)
    stack.callback(os.close, top)
    return top

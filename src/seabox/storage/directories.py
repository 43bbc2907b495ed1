"""What all drivers share: one directory per container, and a removal that any crash leaves resumable.

    <root>/<driver>/<id>/diff      what the container wrote
    <root>/<driver>/<id>/diff.next  what it is about to have written: complete, and to take the place of diff
    <root>/<driver>/<id>/merged    the mount point of its root file system
    <root>/trash/                  what is being deleted

All of it is closed to every other user of the host: a layer may hold setuid files.
"""

from __future__ import annotations

import errno
import os

from ..kernel.files import make_dir, make_dirs, remove_tree, rename
from ..kernel.mounts import is_mounted, mounts_under, umount


class Directories:
    """The directories of one store; a driver adds `_assemble` to it."""

    __slots__ = ("_place", "_trash")

    name = ""

    def __init__(self, root: str) -> None:
        self._place = f"{root}/{self.name}"
        self._trash = f"{root}/trash"

    def _dir(self, id: str) -> str:
        if not id or "/" in id or id.startswith("."):
            raise ValueError(f"not a container id: {id!r}")
        return f"{self._place}/{id}"

    def merged_dir(self, id: str) -> str:
        """The mount point of the container's root file system."""
        return f"{self._dir(id)}/merged"

    def upper_dir(self, id: str) -> str:
        """The directory that holds the container's own files."""
        return f"{self._dir(id)}/diff"

    def exists(self, id: str) -> bool:
        """Whether the container has storage."""
        return os.path.isdir(self.merged_dir(id))

    def create(self, id: str) -> None:
        """The container's directory is there, empty if it is new."""
        make_dirs(self._trash)
        make_dirs(self._dir(id))
        make_dir(self.merged_dir(id))

    def replace(self, id: str, own: str) -> None:
        """What the container wrote is what was in the directory `own` (in the driver's form), which is not there now.

        The container's root is not mounted. If it is cut short, `complete` or the next `mount` goes on with it.
        """
        self.unmount(id)
        self.complete(id)  # an earlier one
        rename(own, f"{self._dir(id)}/diff.next")
        self.complete(id)

    def complete(self, id: str) -> None:
        """A `replace` that was cut short is done. The container's root is not mounted if there was one."""
        fresh, upper = f"{self._dir(id)}/diff.next", self.upper_dir(id)
        if os.path.isdir(fresh):
            remove_tree(upper)
            rename(fresh, upper)

    def is_mounted(self, id: str) -> bool:
        """Whether the container's root file system is mounted."""
        return is_mounted(self.merged_dir(id))

    def unmount(self, id: str) -> None:
        """The container's root file system is not mounted; a busy one goes when its last user does.

        Raises: OSError if the kernel refuses even that.
        """
        _unmount(self.merged_dir(id))

    def remove(self, id: str) -> None:
        """Nothing of the container is left, nor anything that an interrupted removal left before.

        Raises: OSError; whatever is still there is deleted by the next call.
        """
        self.unmount(id)
        place = self._dir(id)
        try:
            rename(place, f"{self._trash}/{id}.{os.urandom(4).hex()}")
        except OSError as problem:  # a full disk may have no room for a name; nor need there be anything
            if problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
                raise
            _delete(place)
        self.empty_trash()

    def empty_trash(self) -> None:
        """What interrupted removals left is deleted."""
        try:
            names = os.listdir(self._trash)
        except FileNotFoundError:
            return
        for name in names:
            _delete(f"{self._trash}/{name}")


def _unmount(target: str) -> None:
    try:
        while umount(target):
            pass
    except OSError as problem:
        if problem.errno != errno.EBUSY:
            raise
        while umount(target, detach=True):
            pass


def _delete(path: str) -> None:
    try:
        remove_tree(path)
    except OSError as problem:
        if problem.errno != errno.EBUSY:
            raise
        for target in reversed(mounts_under(path)):  # somebody else's mount inside
            _unmount(target)
        remove_tree(path)

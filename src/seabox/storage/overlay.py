"""The overlay driver: layers are shared by the kernel, a container costs one mount and what it writes."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from ..kernel.files import chmod, chown, make_dir, make_dirs, remove_tree, write_file
from ..kernel.mounts import mount_overlay, umount
from .directories import Directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A layer comes from strangers: its extended attributes must not redirect anything. And `diff` stays usable while an
# older mount of it, detached because it was busy, is still there.
_OPTIONS = (("index", "off"), ("redirect_dir", "nofollow"), ("metacopy", "off"))


class Overlay(Directories):
    """Storage by overlayfs."""

    __slots__ = ()

    name = "overlay"

    def mount(self, id: str, lowers: Sequence[str]) -> str:
        """The layers `lowers`, the lowest first, and what the container wrote are in the directory that is returned.

        Raises: OSError with the kernel's words: a layer is missing, the container has no storage...
        """
        merged = self.merged_dir(id)
        if self.is_mounted(id):
            return merged
        self.complete(id)
        upper, work = self.upper_dir(id), f"{self._dir(id)}/work"
        if not lowers:
            lowers = (f"{self._dir(id)}/empty",)  # overlay wants one
            make_dir(lowers[0], 0o755)
        make_dir(work)
        make_dir(upper, 0o755)
        if not os.path.exists(f"{work}/work"):  # overlay makes it when it is first mounted
            top = os.stat(lowers[-1])  # `/` looks as `upper` does
            chown(upper, top.st_uid, top.st_gid)
            chmod(upper, stat.S_IMODE(top.st_mode))
        mount_overlay(lowers[::-1], upper, work, merged, _OPTIONS)
        return merged

    def replace(self, id: str, own: str) -> None:
        """See Directories.replace."""
        make_dirs(f"{self._dir(id)}/work/work")  # `/` looks as it does in `own`
        super().replace(id, own)

    def lay(self, id: str, layer: str, lowers: Sequence[str]) -> None:
        """The container, which wrote nothing yet, has written what the directory `layer` says; that is gone then."""
        self.replace(id, layer)


def obstacle(root: str) -> str:
    """Why overlay cannot be used with its files in the directory `root`, "" if it can: tried out."""
    place = f"{root}/.overlay-probe.{os.urandom(4).hex()}"
    with ExitStack() as undo:
        try:
            undo.callback(remove_tree, place)
            make_dirs(place)
            lower, upper, work, merged = (f"{place}/{name}" for name in ("lower", "upper", "work", "merged"))
            for path in (lower, upper, work, merged):
                make_dir(path)
            write_file(f"{lower}/file", b"")
            mount_overlay([lower], upper, work, merged, _OPTIONS)
            undo.callback(umount, merged, detach=True)
            remove_tree(f"{merged}/file")  # leaves a whiteout
            return "" if os.listdir(merged) == [] else "a deleted file stays visible"
        except OSError as problem:
            return str(problem)

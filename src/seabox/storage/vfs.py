"""The vfs driver: each container has a full copy of its image. Slow and large, but works on any file system."""

from __future__ import annotations

import os

from ..kernel.files import make_dir, remove_tree, rename
from ..kernel.mounts import bind
from .directories import Directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Vfs(Directories):
    """Storage by copying."""

    __slots__ = ()

    name = "vfs"

    def mount(self, id: str, lowers: Sequence[str]) -> str:
        """The layers `lowers`, the lowest first, and what the container wrote are in the directory that is returned.

        The first call copies everything and blocks for as long as that takes.

        Raises: OSError: a layer is missing, the disk is full...; the next call starts again.
        """
        merged = self.merged_dir(id)
        if self.is_mounted(id):
            return merged
        self.complete(id)
        if not os.path.exists(self.upper_dir(id)):
            self._copy(lowers, f"{self._dir(id)}/copying", self.upper_dir(id))
        bind(self.upper_dir(id), merged)
        return merged

    def lay(self, id: str, layer: str, lowers: Sequence[str]) -> None:
        """The container, which wrote nothing yet, has written what the directory `layer` says; that is gone then.

        Copies everything. Raises: OSError as `mount`.
        """
        self._copy([*lowers, layer], f"{self._dir(id)}/copying", self.upper_dir(id))
        remove_tree(layer)

    def _copy(self, lowers: Sequence[str], unfinished: str, copy: str) -> None:
        from ..kernel.trees import copy_tree

        remove_tree(unfinished)
        make_dir(unfinished, 0o755)
        for lower in lowers:
            copy_tree(lower, unfinished, layer=True)
        rename(unfinished, copy)

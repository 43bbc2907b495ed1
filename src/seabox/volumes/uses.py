"""What containers do with volumes: take them up when they are created, fill them at first use, let them go."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from ..diagnostics import debug
from ..kernel import entries, files
from ..kernel.trees import copy_directory
from .errors import NoSuchVolume
from .options import restrictions
from .shelf import directory
from .volumes import held, new_volume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ..model.container import ContainerConfig, Mount
    from ..model.volume import Volume
    from .needs import Rows
    from .shelf import Shelf

_NO, _YES, _MOVING = 0, 1, 2  # whether a volume needs a copy of what an image has in its place


class Uses:
    """The volumes of containers, by container id; every call may be repeated after a kill at any line."""

    __slots__ = ("shelf",)

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    @property
    def _rows(self) -> Rows:
        return self.shelf.rows

    # --- from the container's creation to its end ----------------------------------------------------------------

    def take_up(self, config: ContainerConfig) -> None:
        """The container uses the volumes that its configuration names; what is missing was made.

        Raises: InvalidArgument (a bad name, a bad option of one that is to be made), Unsupported, Busy.
        """
        for mount in config.mounts:
            if mount.type == "volume":
                self._take_up(config, mount)

    def _take_up(self, config: ContainerConfig, mount: Mount) -> None:
        fate = "doomed" if mount.anonymous and config.auto_remove else ""
        while not self._rows.use(config.id, mount.source, fate):
            fresh = new_volume(
                mount.source, self.shelf.folder, anonymous=mount.anonymous, driver=mount.driver or "local",
                options=mount.driver_options, labels=mount.labels,
            )  # fmt: skip
            with self.shelf.locked(mount.source) as found:
                if found is None and self.shelf.make(fresh, container=config.id, fate=fate or "made"):
                    return

    def doom(self, container: str, *, made: bool = False) -> None:
        """The container's anonymous volumes go with it, whoever removes it; with `made` all that were made for it."""
        self._rows.doom(container, made=made)

    def let_go(self, container: str, *, unborn: bool = False) -> None:
        """The container uses no volume; those that go with it, and that nobody else uses, are gone.

        `unborn`: its creation failed, so what that made goes as well.
        """
        for name, fate in self._rows.used_by(container).items():
            if fate == "doomed" or (unborn and fate == "made"):
                with self.shelf.locked(name) as volume:
                    if volume is not None and self._rows.leave(container, name):
                        self.shelf.unmake(name)
        self.shelf.settle()

    # --- a run ---------------------------------------------------------------------------------------------------

    def provide(
        self, container: str, mount: Mount, root: str, owner: tuple[int, int],
        unlocked: Callable[[], AbstractContextManager[None]],
    ) -> tuple[str, tuple[str, ...]]:  # fmt: skip
        """The directory with the volume's files, ready for the container; given back by `give_back`. And what the
        volume's own options forbid: "ro", "nosuid", "nodev", "noexec".

        At its first use it gets the owner and mode that the directory in its place has in the container's `root`
        (else `owner`), and, if it is empty, a copy of what is in there. The copy is made inside `unlocked`.
        Raises: NoSuchVolume, CannotMount, Busy, OSError.
        """
        path = self.shelf.acquire(mount.source, container)
        volume = self.shelf.get(mount.source)
        if volume is None:
            raise NoSuchVolume(mount.source)
        forbidden = restrictions(volume)
        if not (volume.needs_copy_up or volume.needs_chown) or "ro" in forbidden:
            return path, forbidden
        with ExitStack() as opened:
            source = _open(root, mount.destination)
            if source >= 0:
                opened.callback(os.close, source)
            target = directory(path)
            opened.callback(os.close, target)
            if volume.needs_copy_up and "nocopy" not in mount.options and source >= 0 and os.listdir(source):
                self._copy_up(volume, container, source, target, unlocked)
            if volume.needs_chown:
                self._describe(volume, source, target, owner)
        return path, forbidden

    def _copy_up(
        self, volume: Volume, container: str, source: int, target: int,
        unlocked: Callable[[], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        """The copy is made beside the volume's files, then moved: at no moment is there half a file among them."""
        row = self._rows.get(volume.name)
        if row is not None and row.needs_copy == _YES and _content(target, ""):
            self._rows.changed(volume.name, needs_copy=_NO)
            return
        name = _copy_name(container)
        place = os.dup(target) if volume.needs_mount else directory(volume.place)
        try:
            entries.remove_entry(place, name)
            with unlocked():
                copy_directory(source, place, name)
            work = entries.open_below(place, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                with self.shelf.locked(volume.name):
                    self._move_in(volume.name, work, target, name)
            finally:
                os.close(work)
        finally:
            try:
                entries.remove_entry(place, name)
            finally:
                os.close(place)

    def _move_in(self, name: str, work: int, target: int, work_name: str) -> None:
        row = self._rows.get(name)
        if row is None or row.needs_copy == _NO:
            return
        if row.needs_copy == _YES and not _content(target, work_name):
            self._rows.changed(name, needs_copy=_MOVING)
            row = self._rows.get(name)
        if row is not None and row.needs_copy == _MOVING:
            entries.move_content(work, target)
        self._rows.changed(name, needs_copy=_NO)

    def _describe(self, volume: Volume, source: int, target: int, owner: tuple[int, int]) -> None:
        with self.shelf.locked(volume.name) as found:
            if found is None or not found.needs_chown:
                return
            if not volume.needs_mount or volume.options.get("type") == "tmpfs":  # what is bound is somebody else's
                like = os.fstat(source) if source >= 0 else None
                files.chown(target, *((like.st_uid, like.st_gid) if like else owner))
                if like is not None:
                    files.chmod(target, stat.S_IMODE(like.st_mode))
            self._rows.changed(volume.name, needs_chown=False)

    def give_back(self, container: str, *, interrupted: bool = False) -> None:
        """No file system of a volume is mounted for the container. `interrupted`: nor is there half a copy."""
        if interrupted:
            for name in self._rows.used_by(container):
                volume = self.shelf.get(name)
                if volume is not None:
                    above = volume.mountpoint if volume.needs_mount else volume.place
                    files.remove_tree(f"{above}/{_copy_name(container)}")
        for name in self._rows.mounted_by(container):
            self.shelf.release(name, container)

    def is_made_for(self, container: str, name: str) -> bool:
        """Whether the volume was made when the container was created: nothing in it is anybody else's."""
        return self._rows.used_by(container).get(name, "") != ""

    def is_filled(self, name: str) -> None:
        """The volume is what it is to be: its first use changes nothing in it."""
        self._rows.changed(name, needs_copy=_NO, needs_chown=False)

    def get(self, name: str) -> Volume | None:
        """The volume of exactly this name, None if there is none."""
        return self.shelf.get(name)

    def path(self, name: str) -> AbstractContextManager[str]:
        """The directory with the volume's files, there for this process inside the block. Raises: NoSuchVolume..."""
        return held(self.shelf, name)

    def mountpoint(self, name: str) -> str:
        """Where the volume's files are, or would be; "" if it is gone."""
        volume = self.shelf.get(name)
        return volume.mountpoint if volume is not None else ""


def _copy_name(container: str) -> str:
    return f".copy-{container}"


def _content(directory: int, but: str) -> list[str]:
    return [name for name in os.listdir(directory) if name not in (but, "lost+found")]


def _open(root: str, path: str) -> int:
    """An fd of the directory at this path of a container's root, links resolved as in there; -1 if there is none."""
    try:
        return files.open_in_root(root, path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        debug("nothing to copy from %s: %s", path, problem)
        return -1

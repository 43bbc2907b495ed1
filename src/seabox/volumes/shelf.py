"""The directories of volumes and what is mounted on them: made and taken away under the lock of each.

A file system of a volume's own (tmpfs, bind, NFS) is mounted while somebody uses it. Each user has a row, written
before the mount and deleted after the last user's unmount, so that a kill at any line leaves a row that tells of it;
rows of another boot, and of processes that are gone, count for nothing.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

import msgspec

from ..diagnostics import debug
from ..kernel import files, mount_words, mounts, process
from ..model.decoding import decode
from ..model.record import ProcessId
from ..model.volume import Volume
from .errors import CannotMount, NoSuchVolume
from .options import mount_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .needs import Lock, Locks, Row, Rows


class Shelf:
    """All volumes of one engine; every call that changes one takes its lock."""

    __slots__ = ("_locks", "folder", "rows")

    def __init__(self, rows: Rows, locks: Locks, folder: str) -> None:
        self.rows, self._locks, self.folder = rows, locks, folder

    def get(self, name: str) -> Volume | None:
        """The volume of exactly this name, None if there is none."""
        row = self.rows.get(name)
        return self.volume(row) if row is not None and row.phase == "ready" else None

    def volume(self, row: Row) -> Volume:
        """What is true of the volume now."""
        stored = decode(row.config, Volume)
        return msgspec.structs.replace(
            stored, needs_copy_up=row.needs_copy > 0, needs_chown=row.needs_chown, users=self.rows.users(row.name),
            mount_count=len(self._holders(row.name)) if _is_up(stored) else 0,
        )  # fmt: skip

    @contextmanager
    def locked(self, name: str) -> Iterator[Volume | None]:
        """The volume, nobody else being at it inside the block; None if there is none. Raises: Busy."""
        with self._locks.hold(name) as (lock,):
            self._finish(name)
            found = self.get(name)
            try:
                yield found
            finally:
                if self.rows.get(name) is None:
                    lock.discard()

    def settle(self) -> None:
        """What processes that died left half-made, half-removed or mounted is taken away."""
        gone = [name for name in self._locks.names() if self.rows.get(name) is None]
        for name in {*self.rows.unsettled(), *gone}:
            lock = self._locks.try_hold(name)
            if lock is None:
                continue
            try:
                self._finish(name)
                self._reap(name)
            except OSError as problem:
                debug("volume %s: %s", name, problem)
            finally:
                self._let_go(name, lock)

    def _let_go(self, name: str, lock: Lock) -> None:
        if self.rows.get(name) is None:
            lock.discard()
        else:
            lock.release()

    # --- made and removed ----------------------------------------------------------------------------------------

    def make(self, volume: Volume, *, container: str = "", fate: str = "") -> bool:
        """The volume exists, and `container` uses it; False if there is another of its name. Its lock is held."""
        if not self.rows.add(
            volume.name, msgspec.json.encode(volume), anonymous=volume.anonymous,
            needs_chown=volume.uid is None and volume.gid is None, container=container, fate=fate,
        ):  # fmt: skip
            return False
        try:
            files.make_dirs(self.folder)
            files.make_dir(volume.place)
            files.make_dir(volume.mountpoint, 0o755)
            if volume.uid is not None or volume.gid is not None:
                files.chown(volume.mountpoint, volume.uid or 0, volume.gid or 0)
        except BaseException:
            self.unmake(volume.name)
            raise
        self.rows.made(volume.name)
        return True

    def unmake(self, name: str) -> None:
        """The volume, which nobody uses, is gone with all that is in it. Its lock is held; may be repeated."""
        row = self.rows.get(name)
        if row is None:
            return
        volume = decode(row.config, Volume)
        if volume.needs_mount:
            self._unmount(volume)
        files.remove_tree(volume.place)
        self.rows.remove(name)

    def _finish(self, name: str) -> None:
        """A volume that somebody died over is gone."""
        row = self.rows.get(name)
        if row is not None and row.phase != "ready":
            self.unmake(name)

    # --- mounted -------------------------------------------------------------------------------------------------

    def acquire(self, name: str, holder: str, owner: ProcessId | None = None) -> str:
        """The directory with the volume's files, which stay there until `release`.

        `holder` is a container, or any word for what ends with the process `owner`.
        Raises: NoSuchVolume, CannotMount, Busy.
        """
        found = self.get(name)
        if found is None:
            raise NoSuchVolume(name)
        if not found.needs_mount:
            return found.mountpoint
        with self.locked(name) as volume:
            if volume is None:
                raise NoSuchVolume(name)
            self._reap(name)
            known = any(each[0] == holder for each in self._holders(name))
            self.rows.mounting(name, holder, process.boot_id(), owner)
            try:
                self._mount(volume)
            except OSError as problem:
                if not known:
                    with suppress(OSError):  # else whoever comes when this process has ended lets go for it
                        self._release(volume, holder)
                raise CannotMount(name, f"{problem.strerror or problem}") from problem
        return found.mountpoint

    def release(self, name: str, holder: str) -> None:
        """`holder` does not use the volume's file system; the last one unmounts it."""
        with self.locked(name) as volume:
            if volume is not None:
                self._release(volume, holder)

    def _release(self, volume: Volume, holder: str) -> None:
        if all(each[0] == holder for each in self._holders(volume.name)):
            self._unmount(volume)
        self.rows.unmounted(volume.name, holder)

    def _reap(self, name: str) -> None:
        """Users that ended without a word have let go."""
        row = self.rows.get(name)
        if row is None:
            return
        live = {each[0] for each in self._holders(name)}
        for holder, *_ in self.rows.holders(name):
            if holder not in live:
                self._release(self.volume(row), holder)

    def _holders(self, name: str) -> list[tuple[str, int, int, str]]:
        """Who has the volume mounted now."""
        boot = process.boot_id()
        return [
            each for each in self.rows.holders(name)
            if each[3] == boot and (not each[1] or process.alive(ProcessId(each[1], each[2], each[3])))
        ]  # fmt: skip

    def _mount(self, volume: Volume) -> None:
        if mounts.is_mounted(volume.mountpoint):
            return
        kind, source, words = mount_of(volume)
        mount_words.mount_by_words(kind, source, volume.mountpoint, words)

    def _unmount(self, volume: Volume) -> None:
        """Nothing is mounted on the volume's directory: what is busy goes when its last user does."""
        mount_words.end_mounting(volume.mountpoint)
        while mounts.is_mounted(volume.mountpoint):
            try:
                mounts.umount(volume.mountpoint)
            except OSError:
                mounts.umount(volume.mountpoint, detach=True)


def _is_up(volume: Volume) -> bool:
    """Whether the volume's own file system is mounted."""
    return volume.needs_mount and mounts.is_mounted(volume.mountpoint)


def directory(path: str) -> int:
    """An fd of the top directory of a volume: what is below it belongs to strangers."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

"""`engine.volumes`: which volumes there are, and what is in them."""

from __future__ import annotations

import os
import time
from contextlib import closing, contextmanager, suppress

from ..errors import Busy, InvalidArgument, NotFound
from ..kernel import process
from ..model.ids import check_name, new_id
from ..model.volume import Volume
from .errors import AmbiguousVolume, NoSuchVolume, VolumeExists, VolumeInUse, VolumeMounted
from .options import check_driver, check_options
from .shelf import directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from typing import Protocol

    from .needs import Archives, Containers
    from .shelf import Shelf

    class Source(Protocol):
        def read(self, size: int, /) -> bytes: ...

    class Sink(Protocol):
        def write(self, data: bytes, /) -> object: ...


_PIECE = 1 << 20
_BY_HAND = "by hand "  # the holder of a mount that somebody asked for


def new_volume(
    name: str, folder: str, *, driver: str = "local", options: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None, anonymous: bool = False,
) -> Volume:  # fmt: skip
    """A volume as it is to be made. Raises: InvalidArgument, Unsupported."""
    check_name(name)
    check_driver(driver)
    kept, uid, gid = check_options(options or {})
    for key, value in (labels or {}).items():
        if not key or not key.isprintable() or "\0" in value:
            raise InvalidArgument(f"invalid label {key!a}: invalid argument")
    return Volume(
        name=name, place=f"{folder}/{name}", driver=driver or "local", created_at=time.time_ns(), options=kept,
        labels=dict(labels or {}), uid=uid, gid=gid, anonymous=anonymous,
    )  # fmt: skip


class Volumes:
    """The volumes of one engine."""

    __slots__ = ("_archives", "_containers", "_shelf")

    def __init__(self, shelf: Shelf, containers: Containers, archives: Archives) -> None:
        self._shelf, self._containers, self._archives = shelf, containers, archives

    def create(
        self, name: str | None = None, *, driver: str = "local", options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None, ignore: bool = False, anonymous: bool = False,
    ) -> Volume:  # fmt: skip
        """The volume exists, empty. Options of the driver local: type, device and o, as mount(8) takes them.

        With `ignore` one that has the name already will do. `anonymous`: nobody chose its name.
        Raises: InvalidArgument, Unsupported (no such driver), VolumeExists.
        """
        volume = new_volume(
            name or new_id(), self._shelf.folder, driver=driver, options=options, labels=labels, anonymous=anonymous
        )
        with self._shelf.locked(volume.name) as found:
            if found is None:
                self._shelf.make(volume)
            elif not ignore:
                raise VolumeExists(volume.name)
            return found or volume

    def get(self, name: str) -> Volume:
        """The volume of this name or unique beginning of a name. Raises: NoSuchVolume, AmbiguousVolume."""
        self._shelf.settle()
        found = self._shelf.get(name)
        if found is None:
            names = self._shelf.rows.starting_with(name) if name else []
            if len(names) > 1:
                raise AmbiguousVolume(name)
            found = self._shelf.get(names[0]) if names else None
        if found is None:
            raise NoSuchVolume(name)
        return found

    def exists(self, name: str) -> bool:
        """Whether there is a volume of exactly this name."""
        self._shelf.settle()
        return self._shelf.get(name) is not None

    def list(self) -> builtins.list[Volume]:
        """Every volume, by name."""
        self._shelf.settle()
        return [self._shelf.volume(row) for row in self._shelf.rows.list()]

    def remove(self, name: str, *, force: bool = False, timeout: int | None = None) -> Volume:
        """The volume is gone with all that is in it; what it was.

        `force` removes the containers that use it first, giving them `timeout` seconds to end.
        Raises: NoSuchVolume, AmbiguousVolume, VolumeInUse, VolumeMounted.
        """
        volume = self.get(name)
        if force:
            for id in volume.users:
                with suppress(NotFound):
                    self._containers.remove(id, timeout)
        with self._shelf.locked(volume.name) as found:
            if found is None:
                if force:
                    return volume  # it was anonymous, or somebody else was quicker
                raise NoSuchVolume(name)
            if found.mount_count and not force and not found.users:
                raise VolumeMounted(found.name, found.mount_count)
            users = self._shelf.rows.retire(found.name)
            if users:
                raise VolumeInUse(found.name, users)
            self._shelf.unmake(found.name)
        return volume

    def prune(self, fits: Callable[[Volume], bool] | None = None) -> builtins.list[Volume]:
        """The volumes that no container uses are gone; which these were. `fits` chooses among them."""
        gone = []
        for volume in self.unused(fits):
            with suppress(NoSuchVolume, VolumeInUse, VolumeMounted, Busy):
                gone.append(self.remove(volume.name))
        return gone

    def unused(self, fits: Callable[[Volume], bool] | None = None) -> builtins.list[Volume]:
        """The volumes that no container uses, and `fits` fits."""
        return [each for each in self.list() if not each.users and (fits is None or fits(each))]

    # --- what is in them -----------------------------------------------------------------------------------------

    def mount(self, name: str) -> str:
        """The directory with the volume's files, which stay there until `unmount` was called as often.

        Raises: NoSuchVolume, CannotMount.
        """
        volume = self.get(name)
        taken = {each[0] for each in self._shelf.rows.holders(volume.name)}
        number = next(n for n in range(len(taken) + 1) if f"{_BY_HAND}{n}" not in taken)
        return self._shelf.acquire(volume.name, f"{_BY_HAND}{number}")

    def unmount(self, name: str) -> None:
        """One `mount` is taken back; no effect if there was none. Raises: NoSuchVolume."""
        volume = self.get(name)
        mine = [each[0] for each in self._shelf.rows.holders(volume.name) if each[0].startswith(_BY_HAND)]
        if mine:
            self._shelf.release(volume.name, mine[-1])

    def export(self, name: str, to: str | Sink) -> None:
        """The volume's files are in the tar archive `to`. Blocks as long as it takes; no lock is held.

        A path gets a file of mode 0600, in place of what was there, once all is written.
        Raises: NoSuchVolume, CannotMount, OSError.
        """
        with closing(self.export_pieces(name)) as pieces:
            if not isinstance(to, str):
                for piece in pieces:
                    to.write(piece)
                return
            from ..kernel.landing import Landing

            with Landing(to) as file:
                file.write(pieces)
                file.land()

    def export_pieces(self, name: str) -> Generator[bytes, None, None]:
        """The tar archive of the volume's files as it is read: the volume is held until it was, or the iterator closed.

        Raises: NoSuchVolume; while iterating also CannotMount, OSError.
        """
        return self._packed(self.get(name).name)

    def _packed(self, name: str) -> Generator[bytes, None, None]:
        with self._opened(name) as fd:
            yield from self._archives.pack(fd)

    def import_tar(self, name: str, archive: Source | Iterable[bytes]) -> None:
        """The volume holds what the tar archive (it may be compressed) holds, beside what was in it.

        Nothing in the archive, and no link in the volume, leads out of it. Blocks; no lock is held.
        Raises: NoSuchVolume, BadArchive, CannotMount, OSError; what was unpacked until then stays.
        """
        volume = self.get(name)
        read = getattr(archive, "read", None)
        pieces: Iterable[bytes] = iter(lambda: read(_PIECE), b"") if read else archive  # type: ignore[assignment]
        with self._opened(volume.name) as fd:
            self._archives.unpack(pieces, fd)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """An fd of the volume's directory, mounted for this process."""
        with held(self._shelf, name) as path:
            fd = directory(path)
            try:
                yield fd
            finally:
                os.close(fd)


@contextmanager
def held(shelf: Shelf, name: str) -> Iterator[str]:
    """The directory with the volume's files, there for this process inside the block. Raises: NoSuchVolume..."""
    me = process.myself()
    holder = f"process {me.pid} {os.urandom(4).hex()}"
    path = shelf.acquire(name, holder, me)
    try:
        yield path
    finally:
        volume = shelf.get(name)
        if volume is not None and volume.needs_mount:
            shelf.release(name, holder)

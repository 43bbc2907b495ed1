"""container.snapshots: moments of a container that it can be taken back to, with its memory and its files."""

from __future__ import annotations

import os

from ..errors import Conflict, InvalidArgument, NotFound, StateConflict
from ..kernel import files
from ..kernel.trees import copy_tree, disk_usage
from ..model.checkpoint import Checkpoint
from ..model.ids import check_name
from ..model.record import ALIVE, Intent, Status
from . import dumping, teardown
from .attended import attended
from .bounds import Bounds
from .fork import FILES, copy_files
from .lifecycle import end
from .waking import read, restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from .container import Container
    from .guard import Locked
    from .services import Services

_FOLDER = "snapshots"


class NoSuchSnapshot(NotFound):
    """The container has no snapshot of this name."""

    def __init__(self, container: str, name: str) -> None:
        super().__init__(f"container {container} has no snapshot {name!a}: no such snapshot")
        self.name = name


class SnapshotExists(Conflict):
    """The container has a snapshot of this name already: remove it, or choose another name."""

    def __init__(self, container: str, name: str) -> None:
        super().__init__(f"container {container} already has a snapshot {name!a}")
        self.name = name


class SavedMoment:
    """One snapshot: its name, when it was made (ns), what it takes on disk (bytes, without the image's layers)."""

    __slots__ = ("created_at", "name", "size")

    def __init__(self, name: str, created_at: int, size: int) -> None:
        self.name, self.created_at, self.size = name, created_at, size

    def __repr__(self) -> str:
        return f"SavedMoment({self.name!r})"


class Snapshots:
    """The snapshots of one container. They go with it; the layers of its image are shared, not copied."""

    __slots__ = ("_handle", "_on")

    def __init__(self, on: Services, handle: Container) -> None:
        self._on, self._handle = on, handle

    def __iter__(self) -> Iterator[SavedMoment]:
        return iter(self.list())

    def list(self) -> list[SavedMoment]:
        """Every snapshot, oldest first. Raises: NoSuchContainer."""
        self._on.store.load(self._handle.id)
        top = self._place("")
        try:
            names = os.listdir(top)
        except FileNotFoundError:
            return []
        found = []
        for name in names:
            try:
                about = read(self._handle.id, f"{top}/{name}")
            except Conflict:
                continue  # it is being removed
            found.append(SavedMoment(name, about.created_at, disk_usage(f"{top}/{name}")))
        return sorted(found, key=lambda each: each.created_at)

    def create(
        self, name: str | None = None, *, tcp_established: bool = False, timeout: float | None = None,
        cancel: Cancel | None = None,
    ) -> str:  # fmt: skip
        """The running container, which goes on, can be taken back to this moment; the snapshot's name.

        Blocks for as long as its memory takes to be written, up to `timeout` seconds (None = for ever), with the lock
        free. Raises: SnapshotExists, InvalidArgument, StateConflict, CheckpointFailed, Unsupported, OSError, TimedOut,
        Cancelled.
        """
        if name is not None:
            check_name(name)
        bounds = Bounds(timeout, cancel)
        with self._handle.locked(cancel=cancel, timeout=timeout) as ctr:
            return _create(ctr, name, bounds, tcp_established=tcp_established)

    def restore(self, name: str, *, timeout: float | None = None, cancel: Cancel | None = None) -> None:
        """The container is as it was when the snapshot was made, and runs; what it did since then is lost.

        Blocks for as long as its memory takes to be read, up to `timeout` seconds (None = for ever). Raises:
        NoSuchSnapshot, OSError; RestoreFailed, TimedOut, Cancelled: it may be stopped then, with the snapshot's files.
        """
        self._require(name)
        bounds = Bounds(timeout, cancel)
        with self._handle.locked(cancel=cancel, timeout=timeout) as ctr:
            _restore(ctr, name, bounds)

    def remove(self, name: str) -> None:
        """There is no such snapshot any more; others are not affected. Raises: NoSuchSnapshot."""
        self._require(name)
        with self._handle.locked() as ctr:
            place = self._require(name)
            with ctr.claimed(Intent.CHECKPOINT):
                files.remove_file(f"{place}/{dumping.ABOUT}")  # from now on it is none
                files.remove_tree(place)

    def _place(self, name: str) -> str:
        return f"{self._on.config.static_dir(self._handle.id)}/{_FOLDER}/{name}".rstrip("/")

    def _require(self, name: str) -> str:
        try:
            check_name(name)
        except InvalidArgument:
            raise NoSuchSnapshot(self._handle.name, name) from None
        place = self._place(name)
        if not os.path.exists(f"{place}/{dumping.ABOUT}"):
            raise NoSuchSnapshot(self._handle.name, name)
        return place


def _create(ctr: Locked, name: str | None, bounds: Bounds, *, tcp_established: bool) -> str:
    on, id = ctr.on, ctr.id
    top = dumping.place_of(on, id, _FOLDER)
    if name is None:
        number = 1
        while os.path.exists(f"{top}/snapshot-{number}"):
            number += 1
        name = f"snapshot-{number}"
    elif os.path.exists(f"{top}/{name}/{dumping.ABOUT}"):
        raise SnapshotExists(ctr.facts.name, name)
    dumping.require_checkpointable(ctr)
    if ctr.config.rootfs:
        raise StateConflict(
            ctr.id, ctr.state.status, (), f"container {ctr.facts.name} stands on a directory: there is nothing to save"
        )
    options = Checkpoint(
        created_at=0, by="", runtime="", config=ctr.config, name=name, tcp_established=tcp_established,
        tcp_close=not tcp_established,
    )  # fmt: skip
    with ctr.claimed(Intent.CHECKPOINT):
        dumping.dump(ctr, options, bounds, keep_running=True, frozen=lambda place: copy_files(on, id, place))
        dumping.install(ctr, f"{_FOLDER}/{name}", logs=False)
    return name


def _restore(ctr: Locked, name: str, bounds: Bounds) -> None:
    on, id = ctr.on, ctr.id
    place = dumping.place_of(on, id, f"{_FOLDER}/{name}")
    if ctr.state.mount_count:
        raise StateConflict(
            id, ctr.state.status, (), f"container {ctr.facts.name} is mounted: unmount it before it is taken back"
        )
    read(id, place)
    on.criu  # noqa: B018  # before anything is done
    fresh = dumping.place_of(on, id, dumping.NEW)
    with ctr.claimed(Intent.RESTORE), attended(ctr):
        with ctr.released():  # while it still runs: there may be no room
            files.remove_tree(fresh)
            files.make_dirs(fresh)
            copy_tree(f"{place}/{FILES}", f"{fresh}/{FILES}")
        bounds.check()
        if ctr.state.status in ALIVE:
            end(ctr, 0)
        if ctr.state.status in (Status.CREATED, Status.STOPPED):
            teardown.clean(ctr)
        on.storage.replace(id, f"{fresh}/{FILES}")
        files.remove_tree(fresh)
        restore(ctr, bounds, checkpoint=f"{_FOLDER}/{name}")

"""checkpoint: the container's processes are put to sleep on disk, and perhaps in an archive."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, StateConflict, Unsupported
from ..kernel import files
from ..model.checkpoint import Checkpoint, Statistics
from ..model.record import EventKind, Intent, Status
from . import dumping, teardown
from .attended import attended
from .bounds import FOR_EVER
from .ended import finish
from .pod_place import alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bounds import Bounds
    from .guard import Locked

COMPRESSIONS = ("none", "gzip", "zstd")


def checkpoint(
    ctr: Locked, bounds: Bounds = FOR_EVER, *, export: str | os.PathLike[str] | None = None,
    compression: str = "zstd", keep: bool = False,
    keep_running: bool = False, tcp_established: bool = False, tcp_close: bool = False, file_locks: bool = False,
    ignore_rootfs: bool = False, ignore_volumes: bool = False, pre_checkpoint: bool = False,
    with_previous: bool = False,
) -> Statistics:  # fmt: skip
    """See Container.checkpoint."""
    if compression not in COMPRESSIONS:
        raise InvalidArgument(f"unknown compression {compression!a}: one of {', '.join(COMPRESSIONS)}")
    if tcp_established and tcp_close:
        raise InvalidArgument("connections are either kept (tcp_established) or closed (tcp_close)")
    if pre_checkpoint and with_previous:
        raise InvalidArgument("--with-previous can not be used with --pre-checkpoint")
    if (ignore_rootfs or ignore_volumes) and export is None:
        raise InvalidArgument("--ignore-rootfs and --ignore-volumes are about an archive: they need --export")
    dumping.require_checkpointable(ctr)
    target = os.fspath(export) if export is not None else ""
    keep_running = keep_running or pre_checkpoint
    _require_possible(ctr, target, keep_running)
    previous = dumping.pre_checkpoint(ctr) if with_previous else None
    options = Checkpoint(
        created_at=0, by="", runtime="", config=ctr.config, tcp_established=tcp_established, tcp_close=tcp_close,
        file_locks=file_locks, memory_only=pre_checkpoint, previous=with_previous,
        previous_at=previous.created_at if previous is not None else 0,
    )  # fmt: skip
    archive = _Archive(ctr, target, compression, rootfs=not (ignore_rootfs or pre_checkpoint), volumes=not (
        ignore_volumes or pre_checkpoint), bounds=bounds)
    with ctr.claimed(Intent.CHECKPOINT), attended(ctr):
        done = dumping.dump(
            ctr, options, bounds, keep_running=keep_running,
            frozen=archive.write if target and keep_running else None,
        )  # fmt: skip
        if target and not keep_running:
            with ctr.released():
                archive.write(dumping.place_of(ctr.on, ctr.id, dumping.NEW))
        dumping.install(ctr, dumping.PRE if pre_checkpoint else dumping.CURRENT, logs=keep)
        if ctr.state.status is Status.STOPPED:
            if target and ctr.facts.auto_remove:
                files.remove_tree(dumping.place_of(ctr.on, ctr.id, dumping.CURRENT))
            teardown.clean(ctr, EventKind.CLEANUP)
    finish(ctr)
    return done


def _require_possible(ctr: Locked, target: str, keep_running: bool) -> None:
    if ctr.facts.auto_remove and not target and not keep_running:
        raise StateConflict(
            ctr.id, ctr.state.status, ("running",),
            "cannot checkpoint containers that have been started with '--rm' unless '--export' is used",
        )  # fmt: skip
    if not target:
        return
    if alone(ctr.config).requires:
        raise Unsupported(f"cannot export a checkpoint of container {ctr.facts.name}: it depends on other containers")
    if ctr.config.rootfs:
        raise Unsupported(f"cannot export a checkpoint of container {ctr.facts.name}: it stands on a directory")
    folder = os.path.dirname(os.path.abspath(target))
    if not os.path.isdir(folder) or os.path.isdir(target):
        raise InvalidArgument(f"cannot write a checkpoint to {target}: {'a' if os.path.isdir(target) else 'no such'} "
                              "directory")


class _Archive:
    """The archive that is asked for, to be written without the container's lock."""

    def __init__(
        self, ctr: Locked, target: str, compression: str, *, rootfs: bool, volumes: bool, bounds: Bounds
    ) -> None:
        self.on, self.config, self.bounds = ctr.on, ctr.config, bounds
        self.target, self.compression, self.rootfs, self.volumes = target, compression, rootfs, volumes

    def write(self, place: str) -> None:
        """The checkpoint in the directory `place`, and what belongs to it, is in the archive."""
        from ..kernel.landing import Landing
        from .archive import compressed, pack

        with Landing(self.target) as file:
            pieces = pack(self.on, self.config, place, rootfs=self.rootfs, volumes=self.volumes)
            compressed(self.bounds.within(pieces), file, self.compression)
            file.land()

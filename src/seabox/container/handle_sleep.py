"""The operations of a container's handle that put its processes to sleep on disk, and wake them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from ..kernel.watch import Cancel
    from ..model.checkpoint import Statistics
    from .container import Container


def checkpoint(
    handle: Container, *, export: str | PathLike[str] | None = None, compression: str = "zstd", keep: bool = False,
    keep_running: bool = False, tcp_established: bool = False, tcp_close: bool = False, file_locks: bool = False,
    ignore_rootfs: bool = False, ignore_volumes: bool = False, pre_checkpoint: bool = False,
    with_previous: bool = False, timeout: float | None = None, cancel: Cancel | None = None,
) -> Statistics:  # fmt: skip
    """The processes of the running container are on disk, memory and all, and gone: `restore` lets them go on.

    export           also an archive of it is at this path, whole or not at all: for Containers.restore, here or
                     elsewhere; `compression` is "zstd", "gzip" or "none"
    keep             criu's log and statistics stay beside it
    keep_running     the processes go on; they stand still until all files are copied, so that these fit the memory
    tcp_established  connections are kept (their peers must not notice: the address has to be the same again)
    tcp_close        connections are closed ones when it is restored
    file_locks       file locks are kept
    ignore_rootfs    without the files the container has written, ignore_volumes: without the volumes
    pre_checkpoint   only the memory, the processes going on; a later checkpoint `with_previous` stores only what
                     has changed since

    The container is stopped then, with exit code 0. Blocks for as long as its memory takes to be written, up to
    `timeout` seconds (None = for ever), with the lock free. Raises: StateConflict, CheckpointFailed (with the end of
    criu's log; it runs as before), Unsupported (what is missing, and how to get it), InvalidArgument, OSError,
    TimedOut and Cancelled: it runs as before, unless only the archive was missing: then it is stopped, with its
    checkpoint. A dump that criu has finished by then counts.
    """
    from .bounds import Bounds
    from .checkpoint import checkpoint

    bounds = Bounds(timeout, cancel)
    with handle.locked(cancel=cancel, timeout=timeout) as ctr:
        return checkpoint(
            ctr, bounds, export=export, compression=compression, keep=keep, keep_running=keep_running,
            tcp_established=tcp_established, tcp_close=tcp_close, file_locks=file_locks, ignore_rootfs=ignore_rootfs,
            ignore_volumes=ignore_volumes, pre_checkpoint=pre_checkpoint, with_previous=with_previous,
        )  # fmt: skip


def restore(
    handle: Container, *, keep: bool = False, tcp_established: bool = False, tcp_close: bool = False,
    file_locks: bool = False, ignore_static_ip: bool = False, ignore_static_mac: bool = False,
    timeout: float | None = None, cancel: Cancel | None = None,
) -> Statistics:  # fmt: skip
    """The processes go on where `checkpoint` left them, with the addresses they had, unless those are ignored.

    `keep` keeps the checkpoint, which else is gone. `tcp_established` and `file_locks` are as of the checkpoint if
    not given. Blocks for as long as the memory takes to be read, up to `timeout` seconds (None = for ever), with the
    lock free.
    Raises: NoCheckpoint, StateConflict, RestoreFailed (with the end of criu's log), AddressesTaken, Unsupported,
    TimedOut, Cancelled; it is stopped then, and the checkpoint kept.
    """
    from .bounds import Bounds
    from .waking import restore

    bounds = Bounds(timeout, cancel)
    with handle.locked(cancel=cancel, timeout=timeout) as ctr:
        return restore(
            ctr, bounds, keep=keep, tcp_established=tcp_established, tcp_close=tcp_close, file_locks=file_locks,
            ignore_static_ip=ignore_static_ip, ignore_static_mac=ignore_static_mac,
        )  # fmt: skip


def fork(
    handle: Container, n: int = 1, name: str | None = None, *, tcp_established: bool = False,
    timeout: float | None = None, cancel: Cancel | None = None,
) -> list[Container]:  # fmt: skip
    """`n` running containers go on from the memory and files that this one, which goes on as well, has now.

    They are called `name` (with -1, -2... if there are several), or at random. Each has its own addresses, and its
    own ports of the host where it publishes some; connections are closed in them, unless `tcp_established` (which
    only those inside the container survive). Blocks, with the lock free, up to `timeout` seconds (None = for ever).
    Raises: as `checkpoint`; NameInUse, InvalidArgument, RestoreFailed: none of them is there then.
    """
    from .bounds import Bounds
    from .fork import fork, names_for

    bounds = Bounds(timeout, cancel)
    names = names_for(handle._on, n, name)
    with handle.locked(cancel=cancel, timeout=timeout) as ctr:
        return fork(ctr, names, bounds, tcp_established=tcp_established)

"""The operations of a container's handle that are about its files: mounted, copied and exported."""

from __future__ import annotations

from ..model.times import check_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

    from ..kernel.watch import Cancel
    from .container import Container
    from .copy import Outgoing, Source
    from .export import Sink


def mount(handle: Container, *, timeout: float | None = None, cancel: Cancel | None = None) -> str:
    """The root file system is mounted on the host, at the returned path, until `unmount` is called as often.

    Waits for whoever works on the container up to `timeout` seconds (None = the engine's lock timeout).
    Raises: StateConflict while the container is being removed, OSError, TimedOut, Cancelled.
    """
    from . import mounts

    check_timeout(timeout)
    with handle.locked(cancel=cancel, timeout=timeout) as ctr:
        return mounts.mount(ctr)


def unmount(
    handle: Container, *, force: bool = False, timeout: float | None = None, cancel: Cancel | None = None
) -> None:
    """One `mount` is taken back, with `force` all of them. `timeout` as for `mount`.

    Raises: NotMounted, StateConflict (it is in use), TimedOut, Cancelled.
    """
    from . import mounts

    check_timeout(timeout)
    with handle.locked(cancel=cancel, timeout=timeout) as ctr:
        mounts.unmount(ctr, force=force)


def copy_in(
    handle: Container, path: str, archive: Iterable[bytes] | Source, *, own: bool = False, overwrite: bool = False,
    rename: tuple[str, str] | None = None, timeout: float | None = None, cancel: Cancel | None = None,
) -> None:  # fmt: skip
    """What the tar archive (a stream, or its pieces; gzip, bzip2, xz) holds is in the directory `path`.

    Whether or not the container runs, volumes included; a relative path begins in its working directory. With
    `own` the files belong to the container's user, else to whom the archive says. `overwrite` lets files replace
    directories and directories files; `rename` changes the first part of the names. Blocks, with the lock free, up
    to `timeout` seconds (None = for ever; looked at, as `cancel`, before each piece): what is there by then stays.
    Raises: NoSuchPath, NotADirectoryError, BadArchive, AlreadyThere, OSError (read-only...), TimedOut, Cancelled.
    """
    from .copy import copy_in

    copy_in(
        handle, path, archive, own=own, overwrite=overwrite, rename=rename, timeout=timeout, cancel=cancel
    )  # fmt: skip


def copy_out(
    handle: Container, path: str, *, name: str | None = None, follow: bool = True, itself: bool = False,
    timeout: float | None = None, cancel: Cancel | None = None,
) -> Outgoing:  # fmt: skip
    """What is at `path`, running or not, volumes included, as a tar archive: iterate over it, or close it.

    `name` is what the archive calls it, "." meaning what is in a directory, with `itself` after an entry of its own;
    `follow` False: not what a link at the end of the path leads to, but the link. Iterating ends with TimedOut when
    `timeout` seconds from now are over, with Cancelled when `cancel` is fired. Raises: NoSuchPath, OSError.
    """
    from .copy import Outgoing

    return Outgoing(handle, path, name=name, follow=follow, itself=itself, timeout=timeout, cancel=cancel)


def export(
    handle: Container, target: str | PathLike[str] | Sink, *, timeout: float | None = None,
    cancel: Cancel | None = None,
) -> None:  # fmt: skip
    """The root file system is in the tar archive `target`: a path, or a binary stream.

    Blocks as long as that takes, up to `timeout` seconds (None = for ever; looked at, as `cancel`, before each
    piece), with the lock free; a path gets a whole file of mode 0600 or none.
    Raises: StateConflict, OSError, TimedOut, Cancelled.
    """
    from .bounds import Bounds
    from .export import export

    bounds = Bounds(timeout, cancel)
    with handle.locked(cancel=cancel) as ctr:
        export(ctr, target, bounds)


def exported(handle: Container, *, timeout: float | None = None, cancel: Cancel | None = None) -> Iterator[bytes]:
    """As `export`, the archive in pieces; close it if it is not read to the end. Raises: StateConflict, at once."""
    from .bounds import Bounds
    from .export import pieces

    return pieces(handle, Bounds(timeout, cancel))

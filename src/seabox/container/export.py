"""A container's root file system as a tar archive, written without holding the container's lock."""

from __future__ import annotations

import os

from ..model.record import EventKind, Intent, Status
from ..storage.pack import pack_content
from .mounts import borrowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from .bounds import Bounds
    from .container import Container
    from .guard import Locked

    class Sink(Protocol):
        def write(self, data: bytes, /) -> object: ...


_WHOLE = tuple(status for status in Status if status is not Status.REMOVING)


def pieces(handle: Container, bounds: Bounds) -> Iterator[bytes]:
    """See Container.exported."""
    opened = _opened(handle, bounds)
    next(opened)
    return opened


def _opened(handle: Container, bounds: Bounds) -> Iterator[bytes]:
    """Nothing, once it is sure that there is an archive; then that."""
    with handle.locked(cancel=bounds.cancel) as ctr:
        ctr.require(*_WHOLE)
        with borrowed(ctr, Intent.EXPORT) as root:
            yield b""
            yield from bounds.within(pack_content(root))
        ctr.become(ctr.state, EventKind.EXPORT)


def export(ctr: Locked, target: str | os.PathLike[str] | Sink, bounds: Bounds) -> None:
    """The whole root file system, without volumes and other mounts, is in the archive `target`.

    A path gets a file of mode 0600, in place of what was there, once all is written. Blocks as long as that takes,
    with the lock free. Raises: StateConflict while it is being removed, OSError, TimedOut, Cancelled.
    """
    ctr.require(*_WHOLE)
    if not isinstance(target, (str, os.PathLike)):
        with borrowed(ctr, Intent.EXPORT) as root:
            for piece in bounds.within(pack_content(root)):
                target.write(piece)
        ctr.become(ctr.state, EventKind.EXPORT)
        return
    from ..kernel.landing import Landing

    with Landing(os.fspath(target)) as file:
        with borrowed(ctr, Intent.EXPORT) as root:
            file.write(bounds.within(pack_content(root)))
        file.land()  # not before it is certain that the container was there to the end
    ctr.become(ctr.state, EventKind.EXPORT)

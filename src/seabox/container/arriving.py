"""An archive of a checkpoint is opened: one of ours, or one that podman made."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..checkpoint.document import BadCheckpoint
from ..checkpoint.intake import PODMANS, Intake, MadeByPodman
from ..errors import Damaged, InvalidArgument
from ..images.pieces import plain
from ..images.tarstream import Archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bounds import Bounds
    from .services import Services


@contextmanager
def opened(path: str, bounds: Bounds) -> Iterator[Intake]:
    """One of ours. Raises: InvalidArgument, TimedOut, Cancelled, BadCheckpoint (MadeByPodman: one of those)."""
    with _file(path) as fd, blamed(path), plain(fd) as (pieces, _):
        yield Intake.ours(Archive(bounds.within(pieces)), path)


@contextmanager
def arrived(on: Services, path: str, bounds: Bounds, *, trusted: bool) -> Iterator[Intake]:
    """One of ours or of podman's; `trusted`: its container may have more than containers have by default.

    It is read as long as there is time. Raises: InvalidArgument, BadCheckpoint, Unsupported, TimedOut, Cancelled;
    NoSuchImage, NoSuchNetwork for what podman's needs.
    """
    with _file(path) as fd, blamed(path):
        with plain(fd) as (pieces, _):
            try:
                intake = Intake.ours(Archive(bounds.within(pieces)), path)
            except MadeByPodman:
                intake = None
            if intake is not None:
                yield intake
                return
        from ..checkpoint.podman import described
        from .from_podman import translated

        with plain(fd) as (pieces, _):
            found = described(Archive(bounds.within(pieces)), path)
        about = translated(on, path, found, trusted=trusted)
        with plain(fd) as (pieces, _):
            yield Intake(Archive(bounds.within(pieces)), path, about, PODMANS)


@contextmanager
def _file(path: str) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        raise InvalidArgument(f"cannot read the checkpoint {path}: {(problem.strerror or '').lower()}") from None
    try:
        if not os.path.isfile(f"/proc/self/fd/{fd}"):
            raise InvalidArgument(f"cannot read the checkpoint {path}: not a file")
        if not os.fstat(fd).st_size:
            raise BadCheckpoint(f"{path}: an empty file, not a checkpoint")
        yield fd
    finally:
        os.close(fd)


@contextmanager
def blamed(path: str) -> Iterator[None]:
    """What is found to be damaged inside the block is the archive."""
    try:
        yield
    except Damaged as problem:
        raise BadCheckpoint(f"{path}: {problem}") from None

"""Volumes in an archive of a checkpoint: what is in them goes with it, into volumes that are made to hold it."""

from __future__ import annotations

import os

from msgspec.structs import replace

from ..errors import Conflict
from ..model.ids import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.container import ContainerConfig
    from .services import Services


class VolumeThere(Conflict):
    """A volume that was to be made from an archive exists: remove it, or restore without volumes."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(
            f"{path}: volume with name {name} already exists: it is used as it is with --ignore-volumes"
        )
        self.name = name


def described(on: Services, config: ContainerConfig) -> ContainerConfig:
    """The configuration with all that is needed to make its volumes again where they are not known."""
    mounts = []
    for mount in config.mounts:
        volume = on.volume_uses.get(mount.source) if mount.type == "volume" else None
        if volume is not None:
            mount = replace(
                mount, driver=volume.driver, driver_options=volume.options, labels=volume.labels,
                anonymous=volume.anonymous,
            )  # fmt: skip
        mounts.append(mount)
    return replace(config, mounts=tuple(mounts))


def plain_ones(on: Services, config: ContainerConfig) -> Iterator[str]:
    """The names of its volumes that are directories here, not file systems of their own."""
    for name in dict.fromkeys(mount.source for mount in config.mounts if mount.type == "volume"):
        volume = on.volume_uses.get(name)
        if volume is not None and not volume.needs_mount:
            yield name


def pack(on: Services, name: str) -> Iterator[bytes]:
    """What is in the volume as a tar archive, in pieces."""
    from ..storage.pack import pack_content
    from ..volumes.shelf import directory

    with on.volume_uses.path(name) as path:
        fd = directory(path)
        try:
            yield from pack_content(fd, itself=True)
        finally:
            os.close(fd)


def renamed(config: ContainerConfig) -> dict[str, str]:
    """The volumes of a container that is made from an archive: as they were called -> as they are to be called.

    Volumes without a name of their own get a new one, so that each container has its own.
    """
    return {
        mount.source: new_id() if mount.anonymous else mount.source
        for mount in config.mounts if mount.type == "volume"
    }  # fmt: skip


def under_new_names(config: ContainerConfig, names: Mapping[str, str]) -> ContainerConfig:
    """The configuration with volumes of those names."""
    mounts = [replace(m, source=names[m.source]) if m.type == "volume" else m for m in config.mounts]
    return replace(config, mounts=tuple(mounts))


def not_new(on: Services, id: str, names: Mapping[str, str]) -> list[str]:
    """Which of these volumes were there before the container was created."""
    return [name for name in names.values() if not on.volume_uses.is_made_for(id, name)]


def fill(on: Services, name: str, pieces: Iterable[memoryview]) -> None:
    """The volume, which is new, holds what the archive holds; nothing in that leads out of it. Raises: BadArchive..."""
    from ..volumes.shelf import directory
    from .extract import Destination, extract

    with on.volume_uses.path(name) as path:
        fd = directory(path)
        try:
            extract((bytes(piece) for piece in pieces), Destination(fd, confined=True), overwrite=True, itself=True)
        finally:
            os.close(fd)
    on.volume_uses.is_filled(name)

"""`system df` and `system reset`: how much room everything takes, and giving back all of it."""

from __future__ import annotations

import os
from contextlib import suppress

import msgspec

from .container.container import Container
from .errors import Conflict, NotFound
from .kernel import files
from .state import salvage
from .state.image_index import SQLiteImageIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rooms import Rooms


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How much room one kind of thing takes: bytes, of which `reclaimable` belong to what nothing uses."""

    type: str  # "Images" | "Containers" | "Local Volumes"; "Secrets" if there are any
    total: int
    active: int
    size: int
    reclaimable: int


def usage(on: Rooms) -> list[Usage]:
    """Images, containers, volumes and secrets; reads the directory of every container and volume. May take long."""
    from .container import snapshot

    images = on.images.list()
    used = [image for image in images if on.images.users(image.id)]
    everything = {layer for image in images for layer in image.layers}
    sizes = SQLiteImageIndex(on.store).layer_sizes(everything)
    kept = {layer for image in used for layer in image.layers}
    containers = list(snapshot.all_of(on))
    alive = {seen.facts.id for seen in containers if seen.status in ("running", "paused", "stopping")}
    written = {seen.facts.id: tree_size(on.storage.upper_dir(seen.facts.id)) for seen in containers}
    volumes = {volume.name: tree_size(volume.mountpoint) for volume in on.volumes.list()}
    unused = [volume.name for volume in on.volumes.unused() if volume.name in volumes]
    return [
        Usage(
            type="Images", total=len(images), active=len(used), size=sum(sizes.values()),
            reclaimable=sum(size for layer, size in sizes.items() if layer not in kept),
        ),
        Usage(
            type="Containers", total=len(containers), active=len(alive), size=sum(written.values()),
            reclaimable=sum(size for id, size in written.items() if id not in alive),
        ),
        Usage(
            type="Local Volumes", total=len(volumes), active=len(volumes) - len(unused), size=sum(volumes.values()),
            reclaimable=sum(volumes[name] for name in unused),
        ),
        *_secrets(on),
    ]  # fmt: skip


def _secrets(on: Rooms) -> Iterator[Usage]:
    """Nobody can tell whether one is still needed: no prune takes them."""
    if count := len(on.secrets.list()):
        size = tree_size(on.config.secrets)
        yield Usage(type="Secrets", total=count, active=count, size=size, reclaimable=0)


def tree_size(path: str) -> int:
    """Bytes in the files below `path`, each counted once whatever its names; what vanishes meanwhile is not."""
    seen: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                found = os.lstat(f"{folder}/{name}")
                seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())


def reset(on: Rooms) -> None:
    """There is no container, image, network, secret or record of one; all is empty. Raises: Busy, OSError."""
    for id in reversed(salvage.ids(on.store)):
        with suppress(NotFound):
            Container(on, id).remove(force=True, timeout=0, with_pod=True)
    for image in on.images.list():
        with suppress(NotFound, Conflict):
            on.images.unmount(image.id)
            on.images.remove(image.id, force=True)
    on.store.close()
    on.supervise(False)  # one that runs sees that it has nothing left to do
    for folder in (on.config.root, on.config.runroot):
        for name in _names(folder):
            files.remove_tree(f"{folder}/{name}")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []

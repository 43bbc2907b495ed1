"""Checkpoints as images: one layer, which is the archive as it was exported; podman's hold its files instead."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import msgspec

from ..errors import InvalidArgument, SeaboxError
from ..model.decoding import decode
from . import manifest as manifests
from .config import image_config
from .reference import local_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from .images import Images

    T = TypeVar("T")

LABEL = "io.seabox.checkpoint.name"  # holds the container's name
_PODMAN = "io.podman.annotations.checkpoint.name"  # the same in podman's manifests


class _Annotated(msgspec.Struct, frozen=True):
    annotations: dict[str, Any] | None = None


def make(images: Images, name: str, container: str, export: Callable[[str], T]) -> T:
    """The archive that `export` writes is an image; what that returns. Raises: InvalidArgument, and as `export`."""
    local_name(name)  # before anything is done
    with images._catalog.adding(), images._catalog.files.workspace() as place:
        done = export(f"{place}/checkpoint")
        images.import_tar(
            f"{place}/checkpoint", name, changes=[f"LABEL {LABEL}={container}"], message=f"checkpoint of {container}"
        )
    return done


@contextmanager
def archives_of(images: Images, names: Sequence[str]) -> Iterator[list[str]]:
    """The paths of the archives that the images were made of; errors inside the block name the images instead.

    Raises: NoSuchImage, InvalidArgument: one is made of none.
    """
    paths = [archive_of(images, name) for name in names]
    try:
        yield paths
    except SeaboxError as problem:
        for path, name in zip(paths, names, strict=True):
            problem.args = tuple(
                each.replace(path, f"image {name}") if isinstance(each, str) else each for each in problem.args
            )
        raise


def archive_of(images: Images, name: str) -> str:
    """The path of the archive that the image was made of. Raises: NoSuchImage, InvalidArgument: of none."""
    row = images.find(name)
    blobs = manifests.blobs_of(row.manifest)[2:]
    marked = LABEL in image_config(row).labels or _is_podmans(row.manifest)
    if not marked or len(blobs) != 1:
        raise InvalidArgument(f"image {name} holds no checkpoint")
    return images._catalog.files.blob(blobs[0])


def _is_podmans(manifest: bytes) -> bool:
    """Whether podman says in the manifest that the image holds a checkpoint."""
    try:
        return _PODMAN in (decode(manifest, _Annotated).annotations or {})
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False

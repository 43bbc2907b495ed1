"""Which of an image's names somebody means."""

from __future__ import annotations

from ..model import digests
from .reference import candidates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.image import ImageRow


def meant(image: ImageRow, name: str) -> set[str]:
    """The names of the image that `name`, as somebody typed it, means; none if it is an id."""
    typed = name.removeprefix("sha256:")
    known = {*image.names, *image.digests}
    for each in candidates(typed):
        if each in known:
            return {each}
    if image.id.startswith(typed):
        return set()
    wanted = candidates(typed)[-1].removeprefix("docker.io/library/").removeprefix("docker.io/")
    return {each for each in known if each.endswith(f"/{wanted}")}


def digest_of(image: ImageRow) -> str:
    """The digest ("sha256:...") of the manifest that the image came with, "" if it came without."""
    if image.manifest:
        return digests.digest_of(image.manifest)
    return next((name.partition("@")[2] for name in image.digests), "")


def mount_id(image_id: str) -> str:
    """What the storage driver calls the mount of an image."""
    return f"image-{image_id}"


def complete_name(image: ImageRow, text: str) -> str:
    """The complete name that `text` meant when it found the image; for an id its first name, or the id."""
    return min(meant(image, text), default="") or (image.names[0] if image.names else image.id)

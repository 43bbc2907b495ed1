"""What both APIs need of images: the room that they take, and who uses them."""

from __future__ import annotations

from collections import Counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..engine import Engine
    from ..model.image import ImageRow

RUNNING = ("running", "paused", "stopping")


def layer_sizes(on: Engine, images: Iterable[ImageRow]) -> dict[str, int]:
    """The bytes of every layer of these images, by chain id."""
    return {
        layer: size for image in images for layer, size in zip(image.layers, on.images.layer_sizes(image), strict=True)
    }


def shared_sizes(on: Engine, images: Sequence[ImageRow]) -> dict[str, int]:
    """How much of each image is in layers that another one has as well, by id."""
    sizes = layer_sizes(on, images)
    users = Counter(layer for image in images for layer in image.layers)
    return {image.id: sum(sizes[layer] for layer in image.layers if users[layer] > 1) for image in images}


def own_layers(image: ImageRow, others: Iterable[ImageRow]) -> list[str]:
    """The chain ids of the layers that none of the others has, the top one first."""
    used = {layer for other in others if other.id != image.id for layer in other.layers}
    return [layer for layer in reversed(image.layers) if layer not in used]


def using(on: Engine, image: ImageRow) -> tuple[list[str], list[str]]:
    """The ids of the containers made of the image: those that run, and the others."""
    running: list[str] = []
    others: list[str] = []
    statuses = {seen.facts.id: seen.status for seen in on.containers.list()}
    for id in on.images.users(image.id):
        (running if statuses.get(id) in RUNNING else others).append(id)
    return running, others

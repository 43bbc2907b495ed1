"""Which images were made of which, as their layers and histories tell."""

from __future__ import annotations

from .history import entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.image import ImageRow
    from .history import Entry


class Lineage:
    """The descent of these images from each other."""

    def __init__(self, images: Iterable[ImageRow]) -> None:
        self._images = list(images)
        self._by_layers: dict[tuple[str, ...], list[ImageRow]] = {}
        for image in self._images:
            self._by_layers.setdefault(image.layers, []).append(image)
        self._known: dict[str, list[Entry]] = {}
        self._parents: set[str] | None = None

    def parent(self, image: ImageRow) -> ImageRow | None:
        """The image that this one was made of by further steps; the nearest if there are several."""
        own = self._steps(image)
        found, most = None, 0
        for count in range(len(image.layers), 0, -1):
            for other in self._by_layers.get(image.layers[:count], ()):
                theirs = self._steps(other)
                if other.id != image.id and most < len(theirs) < len(own) and own[: len(theirs)] == theirs:
                    found, most = other, len(theirs)
        return found

    def has_children(self, image: ImageRow) -> bool:
        """Whether one of the others was made of it."""
        if self._parents is None:
            self._parents = {parent.id for each in self._images if (parent := self.parent(each))}
        return image.id in self._parents

    def hidden(self, image: ImageRow) -> bool:
        """Whether it is nothing but what another was made of: without a name, and with children."""
        return not (image.names or image.digests) and self.has_children(image)

    def _steps(self, image: ImageRow) -> list[Entry]:
        if image.id not in self._known:
            self._known[image.id] = entries(image)
        return self._known[image.id]

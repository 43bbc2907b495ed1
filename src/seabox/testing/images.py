"""The image index in memory, held to the same tests as the real one."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from ..errors import InUse, NoSuchImage
from ..model.image import ImageRow


class MemoryImageIndex:
    """Images in a dictionary; put the id of an image into `in_use` and it cannot be removed."""

    def __init__(self) -> None:
        self.in_use: set[str] = set()
        self._images: dict[str, tuple[tuple[str, ...], bytes, int]] = {}  # layers, config, created_at
        self._names: dict[str, str] = {}

    def add_image(self, id: str, names: Sequence[str], layers: Sequence[str], config: bytes, created_at: int) -> None:
        """See ImageIndex."""
        self._images.setdefault(id, (tuple(layers), config, created_at))
        self._names.update(dict.fromkeys(names, id))

    def set_names(self, id: str, names: Sequence[str]) -> None:
        """See ImageIndex."""
        if id not in self._images:
            raise NoSuchImage(id)
        self._names = {name: owner for name, owner in self._names.items() if owner != id} | dict.fromkeys(names, id)

    def find(self, reference: str) -> ImageRow | None:
        """See ImageIndex."""
        if reference in self._names:
            return self._row(self._names[reference])
        fitting = [id for id in self._images if reference and id.startswith(reference)]
        return self._row(fitting[0]) if len(fitting) == 1 else None

    def list(self) -> builtins.list[ImageRow]:
        """See ImageIndex."""
        return sorted(map(self._row, self._images), key=lambda row: (-row.created_at, row.id))

    def remove(self, id: str) -> builtins.list[str]:
        """See ImageIndex."""
        if id not in self._images:
            raise NoSuchImage(id)
        if id in self.in_use:
            raise InUse(f"image {id} is in use by a container")
        self.set_names(id, ())
        layers = self._images.pop(id)[0]
        used = {layer for others, _, _ in self._images.values() for layer in others}
        return [layer for layer in reversed(layers) if layer not in used]

    def _row(self, id: str) -> ImageRow:
        layers, config, created_at = self._images[id]
        names = tuple(sorted(name for name, owner in self._names.items() if owner == id))
        return ImageRow(id, names, layers, config, created_at)

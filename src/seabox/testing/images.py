"""The image index in memory, held to the same tests as the real one."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence

from ..errors import ImageInUse, NoSuchImage
from ..model.image import ImageRow


class MemoryImageIndex:
    """Images in a dictionary; put the id of an image into `in_use` and it cannot be removed."""

    def __init__(self) -> None:
        self.in_use: set[str] = set()
        self._images: dict[str, tuple[tuple[str, ...], bytes, int, bytes]] = {}  # layers, config, created_at, manifest
        self._names: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._past: dict[str, list[str]] = {}
        self.events: list[tuple[str, str, str]] = []  # kind, id, name

    def add_image(
        self, id: str, names: Sequence[str], layers: Sequence[str], config: bytes, created_at: int, *,
        manifest: bytes = b"", sizes: Mapping[str, int] | None = None, events: Sequence[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        """See ImageIndex."""
        old = self._images.get(id)
        self._images[id] = (*old[:3], manifest or old[3]) if old else (tuple(layers), config, created_at, manifest)
        self._sizes = {**dict.fromkeys(layers, 0), **(sizes or {}), **self._sizes}
        self._names.update(dict.fromkeys(names, id))
        self._past.setdefault(id, []).extend(names)
        self.note(id, events)

    def change_names(
        self, id: str, *, added: Iterable[str] = (), gone: Iterable[str] = (), events: Sequence[tuple[str, str]] = ()
    ) -> None:
        """See ImageIndex."""
        if id not in self._images:
            raise NoSuchImage(id)
        gone, added = {*gone}, [*added]
        kept = {name: owner for name, owner in self._names.items() if owner != id or name not in gone}
        self._names = kept | dict.fromkeys(added, id)
        self._past.setdefault(id, []).extend([*sorted(name for name in kept if kept[name] == id), *added])
        self.note(id, events)

    def note(self, id: str, events: Sequence[tuple[str, str]]) -> None:
        """See ImageIndex."""
        self.events += [(kind, id, name) for kind, name in events]

    def past_names(self, id: str) -> builtins.list[str]:
        """See ImageIndex."""
        return [*dict.fromkeys(name for name in reversed(self._past.get(id, [])) if "@" not in name)]

    def find(self, reference: str) -> ImageRow | None:
        """See ImageIndex."""
        if reference in self._names:
            return self._row(self._names[reference])
        fitting = [id for id in self._images if reference and id.startswith(reference)]
        return self._row(fitting[0]) if len(fitting) == 1 else None

    def list(self) -> builtins.list[ImageRow]:
        """See ImageIndex."""
        return sorted(map(self._row, self._images), key=lambda row: (-row.created_at, row.id))

    def layer_sizes(self, chain_ids: Iterable[str]) -> dict[str, int]:
        """See ImageIndex."""
        return {chain_id: self._sizes[chain_id] for chain_id in chain_ids if chain_id in self._sizes}

    def users(self, id: str) -> builtins.list[str]:
        """See ImageIndex."""
        return ["c" * 64] if id in self.in_use else []

    def remove(self, id: str, events: Sequence[tuple[str, str]] = ()) -> builtins.list[str]:
        """See ImageIndex."""
        if id not in self._images:
            raise NoSuchImage(id)
        if id in self.in_use:
            raise ImageInUse(id, "c" * 64)
        layers = self._images.pop(id)[0]
        self._names = {name: owner for name, owner in self._names.items() if owner != id}
        used = {layer for others, _, _, _ in self._images.values() for layer in others}
        unused = [layer for layer in reversed(layers) if layer not in used]
        for layer in unused:
            self._sizes.pop(layer, None)
        self.note(id, events)
        return unused

    def _row(self, id: str) -> ImageRow:
        layers, config, created_at, manifest = self._images[id]
        names = sorted(name for name, owner in self._names.items() if owner == id)
        plain, digests = (tuple(name for name in names if ("@" in name) is by) for by in (False, True))
        size = sum(self._sizes[layer] for layer in layers)
        return ImageRow(id, plain, layers, config, created_at, manifest, digests, size)

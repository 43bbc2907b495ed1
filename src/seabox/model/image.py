"""An image as the index knows it."""

from __future__ import annotations


class ImageRow:
    """One image: id (sha256 of its configuration), names, layers' chain ids (lowest first), raw configuration."""

    __slots__ = ("config", "created_at", "id", "layers", "names")

    def __init__(
        self, id: str, names: tuple[str, ...], layers: tuple[str, ...], config: bytes, created_at: int
    ) -> None:
        self.id, self.names, self.layers, self.config, self.created_at = id, names, layers, config, created_at

    def __repr__(self) -> str:
        return f"ImageRow({self.id[:12]}, {self.names})"

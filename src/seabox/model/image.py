"""An image as the index knows it."""

from __future__ import annotations


class ImageRow:
    """One image: id (sha256 of its configuration), names, layers' chain ids (lowest first), raw configuration.

    `digests`: complete names by digest ("registry/repository@sha256:..."); `manifest`: raw, b"" if there is none;
    `size`: bytes of all files of all layers; `created_at`: ns.
    """

    is_list = False  # see images.lists
    __slots__ = ("config", "created_at", "digests", "id", "layers", "manifest", "names", "size")

    def __init__(
        self, id: str, names: tuple[str, ...], layers: tuple[str, ...], config: bytes, created_at: int,
        manifest: bytes = b"", digests: tuple[str, ...] = (), size: int = 0,
    ) -> None:  # fmt: skip
        self.id, self.names, self.layers, self.config, self.created_at = id, names, layers, config, created_at
        self.manifest, self.digests, self.size = manifest, digests, size

    def __repr__(self) -> str:
        return f"ImageRow({self.id[:12]}, {self.names})"

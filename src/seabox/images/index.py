"""What the image store needs from whoever keeps its tables."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence
    from typing import Protocol

    from ..model.image import ImageRow

    class ImageIndex(Protocol):
        """Which images there are, what they are called and which layers they stand on. Every call is one commit."""

        def add_image(
            self, id: str, names: Sequence[str], layers: Sequence[str], config: bytes, created_at: int
        ) -> None:
            """The image is known, under these names besides those it has; other images lose them.

            `layers`: chain ids, lowest first; `config`: the raw configuration, whose sha256 is `id`; `created_at`: ns.
            """

        def set_names(self, id: str, names: Sequence[str]) -> None:
            """The image bears exactly these names; other images lose them. Raises: NoSuchImage."""

        def find(self, reference: str) -> ImageRow | None:
            """The image with exactly this name, this id, or an id that alone begins so; None if there is none."""

        def list(self) -> builtins.list[ImageRow]:
            """Every image, newest first."""

        def remove(self, id: str) -> builtins.list[str]:
            """The image is not known any more; the chain ids of layers that nothing stands on now, top ones first.

            Raises: InUse (a container uses it), NoSuchImage.
            """

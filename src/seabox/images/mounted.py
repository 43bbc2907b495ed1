"""Images that are mounted, for people to look into."""

from __future__ import annotations

from ..errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable

    from ..model.image import ImageRow
    from .needs import Roots


class Mounted:
    """What an image store knows of mounts."""

    _roots: Callable[[], Roots] | None

    if TYPE_CHECKING:  # what Images has

        def find(self, name: str) -> ImageRow: ...
        def list(self) -> builtins.list[ImageRow]: ...
        def layer_dir(self, chain_id: str) -> str: ...

    def mount(self, name: str) -> str:
        """The image's files can be read in the directory that is returned. Raises: NoSuchImage, OSError."""
        from .shown import mount

        image = self.find(name)
        return mount(self._known_roots(), image.id, [self.layer_dir(layer) for layer in image.layers])

    def unmount(self, name: str) -> bool:
        """The image is not mounted; False if it was not. Raises: NoSuchImage, OSError."""
        from .shown import unmount

        return unmount(self._known_roots(), self.find(name).id)

    def mounted(self) -> builtins.list[tuple[ImageRow, str]]:
        """Every image that is mounted, and where."""
        from .shown import mounted

        return mounted(self._known_roots(), self.list())

    def _known_roots(self) -> Roots:
        if self._roots is None:
            raise Unsupported("this image store cannot mount")
        return self._roots()

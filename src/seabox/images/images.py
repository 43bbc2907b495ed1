"""The images of one engine: looking them up, making the embedded one, removing."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import Damaged, InUse, InvalidArgument, NoSuchImage
from .reference import candidates, local_name
from .store import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins

    from ..model.container import ImageConfig
    from ..model.image import ImageRow
    from .index import ImageIndex


class Images:
    """Images below `root`; the index says which there are."""

    def __init__(self, root: str, index: ImageIndex) -> None:
        self._files = Files(root)
        self._index = index

    def find(self, name: str) -> ImageRow:
        """The image with this name, id, or unique id prefix; a name may leave out registry and tag.

        Raises: NoSuchImage; InvalidArgument for what cannot be a name.
        """
        for candidate in candidates(name.removeprefix("sha256:")):
            if found := self._index.find(candidate):
                return found
        found = self._index.find(name.removeprefix("sha256:"))
        if found is None:
            raise NoSuchImage(name)
        return found

    def get(self, name: str) -> ImageConfig:
        """What a container made of this image inherits. Raises: as `find`; Damaged."""
        from .config import image_config

        return image_config(self.find(name))

    def exists(self, name: str) -> bool:
        """Whether there is such an image. Raises: InvalidArgument."""
        try:
            self.find(name)
        except NoSuchImage:
            return False
        return True

    def list(self) -> builtins.list[ImageRow]:
        """Every image, newest first."""
        return self._index.list()

    def layer_dir(self, chain_id: str) -> str:
        """Where a layer lies unpacked."""
        return self._files.layer_dir(chain_id)

    def tag(self, name: str, *new_names: str) -> None:
        """The image also bears the new names, in "localhost" if they say no registry; others lose them.

        Raises: NoSuchImage, InvalidArgument.
        """
        added = [local_name(new) for new in new_names]
        found = self.find(name)
        self._index.set_names(found.id, [*found.names, *added])

    def remove(self, name: str, *, force: bool = False) -> str:
        """The name is gone, and with its last one the image and the layers nothing else needs; the image's id.

        A name among several is only taken off. Naming the id of an image with several names needs `force`.

        Raises: NoSuchImage, InvalidArgument, InUse (a container uses it, or it has several names).
        """
        found = self.find(name)
        kept = [other for other in found.names if other not in candidates(name.removeprefix("sha256:"))]
        if len(kept) == len(found.names) > 1 and not force:
            raise InUse(
                f"unable to delete image {found.id} by ID with more than one tag ({', '.join(kept)}): use force"
            )
        if kept and len(kept) < len(found.names):
            self._index.set_names(found.id, kept)
            return found.id
        with self._files.changing():
            self._index.remove(found.id)
            self._collect_garbage()
        return found.id

    def _collect_garbage(self) -> None:
        """No file is left that belongs to no image; those of removals and additions that died go too."""
        from .config import diff_ids

        rows = self._index.list()
        self._files.keep_layers({layer for row in rows for layer in row.layers})
        try:
            self._files.keep_blobs({blob for row in rows for blob in (row.id, *diff_ids(row))})
        except Damaged as problem:
            debug("blobs are kept: %s", problem)

    def embed(self, name: str = "busybox") -> str:
        """The image "localhost/busybox:latest", made from the host's static busybox, is there; its id.

        Raises: InvalidArgument for another name, Unsupported without such a program on the host.
        """
        if name != "busybox":
            raise InvalidArgument(f"{name!r} is not embedded; the only embedded image is busybox")
        from .embedded import busybox

        content = busybox()
        archive = content.archive()
        with self._files.changing():
            diff_id = self._files.write_blob(archive)
            if not self._files.has_layer(diff_id):  # the lowest layer's chain id is its diff id
                with self._files.new_layer(diff_id) as directory:
                    content.unpack(directory)
            config = content.config(diff_id)
            id = self._files.write_blob(config)
            self._index.add_image(id, [local_name(name)], [diff_id], config, content.created_at)
        return id

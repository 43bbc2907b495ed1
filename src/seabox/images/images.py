"""The images of one engine: looking them up, naming, getting, giving, making, removing."""

from __future__ import annotations

import os
from functools import partial

from ..errors import InUse, InvalidArgument, NoSuchImage, Unsupported
from .catalog import Catalog
from .mounted import Mounted
from .naming import meant, mount_id
from .needs import Host, Removed
from .reference import candidates, local_name
from .traffic import Traffic

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..kernel.watch import Cancel
    from ..model.container import ImageConfig
    from ..model.image import ImageRow
    from .history import Step
    from .index import ImageIndex
    from .lists import ListRow
    from .needs import Containers, Roots
    from .skopeo import Progress


class Images(Mounted, Traffic):
    """Images below `root`; the index says which there are."""

    def __init__(
        self, root: str, index: ImageIndex, *, host: Host | None = None, containers: Containers | None = None,
        roots: Callable[[], Roots] | None = None,
    ) -> None:  # fmt: skip
        self._index = index
        super().__init__(host or Host(), Catalog(root, index))
        self._containers, self._roots = containers, roots

    # --- looking up ----------------------------------------------------------------------------------------------

    def find(self, name: str) -> ImageRow:
        """The image with this name, id, or unique id prefix; a name may leave out registry and tag.

        Raises: NoSuchImage; InvalidArgument for what cannot be a name.
        """
        name = name.removeprefix("sha256:")
        for candidate in candidates(name):
            if found := self._index.find(candidate):
                return found
        found = self._index.find(name) or self._by_short_name(name)
        if found is None:
            raise NoSuchImage(name)
        return found

    def _by_short_name(self, name: str) -> ImageRow | None:
        """What the host's registries.conf says a name without a registry means, if that is here; else the newest
        image that bears the name in any registry."""
        from .reference import parse
        from .registries import Registries

        wanted = parse(name)
        if wanted.registry:
            return None
        try:
            names, _ = Registries(self._host.registries).resolve(wanted) if self._host.registries else ([], "")
        except (InvalidArgument, NoSuchImage):
            names = []
        known = next((found for each in names if (found := self._index.find(each))), None)
        return known or next((row for row in self.list() if any(meant(row, name))), None)

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

    def resolve(self, name: str) -> builtins.list[str]:
        """The complete names under which it would be looked for in registries, in this order.

        Raises: InvalidArgument; NoSuchImage: nothing says where a name without a registry is.
        """
        from .reference import parse
        from .registries import Registries

        return Registries(self._host.registries).resolve(parse(name))[0]

    def list(self) -> builtins.list[ImageRow]:
        """Every image, newest first."""
        return self._index.list()

    def layer_dir(self, chain_id: str) -> str:
        """Where a layer lies unpacked."""
        return self._catalog.files.layer_dir(chain_id)

    def layer_sizes(self, image: ImageRow) -> builtins.list[int]:
        """The bytes of the files of each of its layers, lowest first."""
        sizes = self._index.layer_sizes(image.layers)
        return [sizes.get(chain_id, 0) for chain_id in image.layers]

    def graph_driver(self, image: ImageRow) -> dict[str, object]:
        """Where the storage driver has the files of an image, under podman's field names."""
        from .shown import graph_driver

        return graph_driver(self._known_roots(), [self.layer_dir(layer) for layer in reversed(image.layers)])

    def history(self, name: str) -> builtins.list[Step]:
        """The steps in which the image was made, the newest first. Raises: as `find`."""
        from .history import steps

        return steps(image := self.find(name), self.layer_sizes(image))

    def past_names(self, name: str) -> builtins.list[str]:
        """Every name that the image bears or bore, the one that was given or confirmed last first. Raises: as `find`.
        """
        return self._index.past_names(self.find(name).id)

    def users(self, name: str) -> builtins.list[str]:
        """The ids of the containers made of the image. Raises: as `find`."""
        return self._index.users(self.find(name).id)

    # --- names, and removal --------------------------------------------------------------------------------------

    def tag(self, name: str, *new_names: str) -> None:
        """The image also bears the new names, in "localhost" if they say no registry; others lose them.

        Raises: NoSuchImage, InvalidArgument.
        """
        added = [local_name(new) for new in new_names]
        found = self.find(name)
        self._index.change_names(found.id, added=added, events=[("tag", new) for new in new_names])

    def untag(self, name: str, *names: str) -> None:
        """The image does not bear these names any more (none given: no name at all), and stays.

        Raises: NoSuchImage, InvalidArgument (it does not bear one of them).
        """
        found = self.find(name)
        gone: set[str] = set()
        for each in names:
            fitting = meant(found, each)
            if not fitting:
                raise InvalidArgument(f"{local_name(each)}: tag not known")
            gone |= fitting
        taken = [other for other in found.names if not names or other in gone]
        self._index.change_names(found.id, gone=taken, events=[("untag", other) for other in taken])

    def remove(self, name: str, *, force: bool = False) -> Removed:
        """The name is gone, and with its last one the image and the layers nothing else needs.

        A name among several is only taken off. Naming the id of an image with several names needs `force`, which
        also removes containers made of the image. A list of images goes as an image does.

        Raises: NoSuchImage, InvalidArgument, InUse (a container uses it, or it has several names).
        """
        try:
            found = self.find(name)
        except NoSuchImage:
            if (listed := self.find_list(name)) is None:
                raise
            return self._remove_list(listed)
        gone = meant(found, name)
        kept = [other for other in found.names if other not in gone]
        if not gone and len(kept) > 1 and not force:
            raise InUse(
                f"unable to delete image {found.id!r} by ID with more than one tag ({', '.join(kept)}): "
                "please force removal"
            )
        untagged = [("untag", other) for other in sorted(gone)]
        if gone and kept:
            self._index.change_names(found.id, gone=gone, events=untagged)
            return Removed(found.id, tuple(sorted(gone)), "")
        if force and self._containers is not None:
            for user in self._index.users(found.id):
                self._containers.remove(user)
        if self._roots is not None and (roots := self._roots()).exists(mount_id(found.id)):
            if not force and roots.is_mounted(mount_id(found.id)):
                raise InUse(f"image {found.id} is mounted: unmount it, or remove it by force")
            roots.remove(mount_id(found.id))
        self._index.remove(found.id, [*(("untag", other) for other in found.names), ("remove", found.id)])
        self._catalog.collect()
        return Removed(found.id, found.names, found.id)

    def prune(self, *, all: bool = False, keep: Sequence[str] = ()) -> builtins.list[str]:
        """Images without a name are gone (`all`: whatever no container uses), but for the ids in `keep`; their ids.

        Without `keep`, nor is anything left that builds keep for the next.
        """
        gone = []
        for row in self.list():
            if row.id in keep or (row.names and not all) or self._index.users(row.id):
                continue
            try:
                self._index.remove(row.id, [("remove", row.id)])
            except (InUse, NoSuchImage):  # somebody was faster
                continue
            gone.append(row.id)
        self._catalog.collect()
        if not keep and os.path.isdir(f"{self._catalog.root}/build"):
            from .build import forget

            forget(self._catalog.root)
        return gone

    # --- containers ----------------------------------------------------------------------------------------------

    def commit(
        self, container: str, name: str = "", *, changes: Sequence[str] = (), message: str = "", author: str = "",
        squash: bool = False, docker: bool = False, volumes: bool = False, progress: Progress | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """What the container has written is a new layer on its image, and the result an image; its id. Blocks.

        `squash`: the image has one layer with all of the container's files. `docker`: its manifest is of docker's kind.
        `volumes`: where the container has mounts, containers of the image will have volumes. `given`: what an image's
        configuration says ({"Cmd": [...]}) goes before what the container says.
        Raises: NoSuchContainer, InvalidArgument (a change, or a container without an image), OSError.
        """
        from .make import commit

        containers = self._known_containers()
        config, upper, lowers, full = containers.files_of(container)
        base = self.find(config.image_id) if config.image_id else None
        return commit(
            self._catalog, config, base, upper, lowers, full, [local_name(name)] if name else [], changes=changes,
            message=message, author=author, docker=docker, volumes=volumes, progress=progress, given=given or {},
            pack=partial(containers.pack, container) if squash else None,
        )  # fmt: skip

    def diff(self, name: str) -> builtins.list[tuple[str, str]]:
        """("A" | "C" | "D", path) for what a container changed of its image, or an image of what is below its top
        layer; sorted by path. Raises: NotFound."""
        from .diff import changes

        try:
            image = self.find(name)
        except (NoSuchImage, InvalidArgument):
            return self.container_diff(name)
        if not image.layers:
            return []
        top, *below = [self.layer_dir(layer) for layer in reversed(image.layers)]
        return [(change.kind, change.path) for change in changes(top, below)]

    def container_diff(self, name: str) -> builtins.list[tuple[str, str]]:
        """As `diff`, of a container only. Raises: NoSuchContainer."""
        from .make import container_changes

        config, upper, lowers, full = self._known_containers().files_of(name)
        return [(each.kind, each.path) for each in container_changes(config, upper, lowers, full)]

    def _known_containers(self) -> Containers:
        if self._containers is None:
            raise Unsupported("this image store knows no containers")
        return self._containers

    def manifest(self, verb: str, words: Sequence[str], **options: Any) -> str:
        """`buildah manifest VERB FLAGS WORDS` is done with the lists of images below our root. Blocks.

        The digest of what was pushed, if buildah says it; "" for other verbs.
        Images to be listed are taken from here if they are here. `options` are the fields of lists.Order: `flags`...
        Raises: buildah.BuildFailed, Unsupported, Cancelled.
        """
        from .lists import Order, manifest

        order = Order(verb=verb, words=tuple(words), **options)
        return manifest(self._catalog, self._host, self.find, order, self._known_roots().name)

    def lists(self) -> builtins.list[ListRow]:
        """The lists of images, newest first, each as an image without layers. They are not among those of `list`."""
        if self._roots is None or not os.path.isdir(f"{self._catalog.root}/manifests"):
            return []
        from .lists import known

        return known(self._catalog.root, self._roots().name)

    def find_list(self, name: str) -> ListRow | None:
        """The list with this name, id, or unique id prefix, None if there is none. Raises: InvalidArgument."""
        lists = self.lists()
        found = [each for each in lists if meant(each, name)] if lists else []
        found = found or [each for each in lists if each.id.startswith(name.removeprefix("sha256:"))]
        return found[0] if len(found) == 1 else None

    def _remove_list(self, found: ListRow) -> Removed:
        from .buildah import BuildFailed

        try:
            self.manifest("rm", [found.id], account=lambda stream, piece: None)
        except BuildFailed:
            if self.find_list(found.id) is None:  # somebody else was faster
                raise NoSuchImage(found.id) from None
            raise
        return Removed(found.id, found.names, found.id)

    def build(
        self, arguments: Sequence[str], *, progress: Progress | None = None, cancel: Cancel | None = None,
        **options: Any,
    ) -> str:  # fmt: skip
        """The image that `buildah build ARGUMENTS` makes is here; its id. Blocks.

        `options` are the fields of build.Order: `names` it gets, `files` (its Containerfiles)... What it is made from
        is taken from here, pulled first as `pull` wants it. Raises: BuildFailed, TransferFailed...
        """
        from .build import Order, build

        driver = self._roots().name if self._roots is not None else "vfs"
        order = Order(arguments=tuple(arguments), driver=driver, **options)
        return build(self._catalog, self._host, self, order, progress, cancel)

    def forget_builds(self) -> int:
        """Nothing is kept of what was built before, unless somebody builds now; the bytes that it took. Blocks."""
        from ..kernel.trees import disk_usage
        from .build import forget

        place = f"{self._catalog.root}/build"
        before = disk_usage(place)
        forget(self._catalog.root)
        return max(0, before - disk_usage(place))

    # --- the embedded one ----------------------------------------------------------------------------------------

    def embed(self, name: str = "busybox") -> str:
        """The image "localhost/busybox:latest", made from the host's static busybox, is there; its id.

        Raises: InvalidArgument for another name, Unsupported without such a program on the host.
        """
        if name != "busybox":
            raise InvalidArgument(f"{name!r} is not embedded; the only embedded image is busybox")
        from .embedded import embed

        return embed(self._catalog, local_name(name))

"""Lists of images for several platforms: buildah keeps them, in a storage of their own below <root>/manifests."""

from __future__ import annotations

from ..errors import InvalidArgument, NoSuchImage
from ..kernel.files import remove_tree
from .buildah import Buildah
from .pull import lay_out
from .reference import local_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..model.image import ImageRow
    from .catalog import Catalog
    from .needs import Host

_TRANSPORTS = ("containers-storage:", "dir:", "docker-archive:", "docker-daemon:", "docker://", "oci-archive:", "oci:")


def manifest(
    catalog: Catalog, host: Host, find: Callable[[str], ImageRow], verb: str, flags: Sequence[str],
    words: Sequence[str], driver: str, stdout: int,
) -> None:  # fmt: skip
    """`buildah manifest VERB FLAGS WORDS` is done; images to be listed are taken from here if they are here.

    Raises: BuildFailed, Unsupported.
    """
    storage = Buildah(f"{catalog.root}/manifests", host, driver)
    with catalog.adding(), storage.ready(), catalog.files.workspace() as place:
        storage.place = place
        given = list(words)
        if verb in ("add", "create"):
            for number, name in enumerate(words[1:], 1):
                given[number] = _given(storage, catalog, find, name)
        storage.run("manifest", verb, *flags, *given, stdout=stdout)


def _given(storage: Buildah, catalog: Catalog, find: Callable[[str], ImageRow], name: str) -> str:
    """The word for buildah for an image, which it has if we had it."""
    if name.startswith(_TRANSPORTS):
        return name
    try:
        image = find(name)
    except (NoSuchImage, InvalidArgument):
        return name
    lay_out(catalog, image, f"{storage.place}/image")
    called = next((each for each in image.names if "@" not in each), local_name(f"image-{image.id[:12]}"))
    storage.give(f"{storage.place}/image", called)
    remove_tree(f"{storage.place}/image")
    return f"containers-storage:{called}"

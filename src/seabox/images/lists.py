"""Lists of images for several platforms: buildah keeps them, in a storage of their own below <root>/manifests."""

from __future__ import annotations

import msgspec

from ..errors import Damaged, InvalidArgument, NoSuchImage
from ..kernel.files import remove_tree
from ..model.image import ImageRow
from .buildah import Buildah, stored
from .config import created_at
from .manifest import DOCKER_LIST, OCI_INDEX, read_manifest
from .pull import lay_out
from .reference import local_name
from .skopeo import Access, access_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..kernel.watch import Cancel
    from .buildah import Account
    from .catalog import Catalog
    from .needs import Host

_LARGEST = 8 << 20  # bytes of a list that is looked at
_OURS = "containers-storage:"
_TRANSPORTS = ("dir:", "docker-archive:", "docker-daemon:", "docker://", "oci-archive:", "oci:")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with a list: `buildah manifest VERB FLAGS WORDS`."""

    verb: str
    words: Sequence[str]
    flags: Sequence[str] = ()
    access: Access = Access()  # to the registry of the last of the words
    stdout: int = 2  # where what it says goes
    account: Account | None = None  # what hears it instead, and the complaints as well
    cancel: Cancel | None = None


def manifest(catalog: Catalog, host: Host, find: Callable[[str], ImageRow], order: Order, driver: str) -> str:
    """It is done; images to be listed are taken from here if they are here. The digest that a pushed list has there.

    Raises: BuildFailed, Unsupported.
    """
    verb, words = order.verb, order.words
    storage = Buildah(f"{catalog.root}/manifests", host, driver, account=order.account, cancel=order.cancel)
    with catalog.adding(), storage.ready(), catalog.files.workspace() as place:
        storage.place = place
        given = list(words)
        if verb in ("add", "create"):
            for number, name in enumerate(words[1:], 1):
                given[number] = _given(storage, catalog, find, name)
        with access_flags(order.access, place, words[-1].removeprefix("docker://")) as access:
            words = [*order.flags, *access, "--", *given]
            if verb != "push":
                storage.run("manifest", verb, *words, stdout=order.stdout)
                return ""
            noted = f"{place}/digest"
            storage.run("manifest", verb, f"--digestfile={noted}", *words, stdout=order.stdout)
            if digest := _text(noted):
                return digest
            # buildah 1.28 forgets that it failed where it is to write a digest; without that it says so, and why.
            storage.run("manifest", verb, *words, stdout=order.stdout)
            return ""


def _text(path: str) -> str:
    with open(path) as file:
        return file.read().strip()


def _given(storage: Buildah, catalog: Catalog, find: Callable[[str], ImageRow], name: str) -> str:
    """The word for buildah for an image, which it has if we had it."""
    if name.startswith(_TRANSPORTS):
        return name
    try:
        image = find(name.removeprefix(_OURS))
    except (NoSuchImage, InvalidArgument):
        return name
    lay_out(catalog, image, f"{storage.place}/image")
    called = next((each for each in image.names if "@" not in each), local_name(f"image-{image.id[:12]}"))
    storage.give(f"{storage.place}/image", called)
    remove_tree(f"{storage.place}/image")
    return f"containers-storage:{called}"


class ListRow(ImageRow):
    """A list as an image: it has names and a manifest, and no layers, nor a configuration."""

    is_list = True
    __slots__ = ()


def known(root: str, driver: str) -> list[ListRow]:
    """Every list, the newest first."""
    folder = f"{root}/manifests/{driver}/{driver}-images"
    found = []
    for each in stored(folder, "images"):
        try:
            with open(f"{folder}/{each.id}/manifest", "rb") as file:
                raw = file.read(_LARGEST)
            if read_manifest(raw).kind() not in (OCI_INDEX, DOCKER_LIST):
                continue  # one of the images that are in lists
        except (OSError, Damaged):
            continue
        at = created_at(msgspec.json.encode({"created": each.created}))
        names = tuple(sorted(name for name in each.names or () if "@" not in name))
        found.append(ListRow(each.id, names, (), b"{}", at, raw, size=len(raw)))
    return sorted(found, key=lambda row: (-row.created_at, row.id))

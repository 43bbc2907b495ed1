"""Building images: buildah does it, in a storage of its own where what it built before is found again."""

from __future__ import annotations

import os
import re

import msgspec

from ..errors import InvalidArgument, NoSuchImage
from ..kernel.files import make_dir, remove_tree, write_file
from ..kernel.locks import lock_file, unlock
from .buildah import Buildah
from .containerfile import bases
from .load import load_layout
from .pull import lay_out
from .reference import local_name
from .skopeo import Access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from ..model.image import ImageRow
    from .catalog import Catalog
    from .needs import Host
    from .skopeo import Progress

    class Shelf(Protocol):
        """Where images are found, and come to."""

        def find(self, name: str) -> ImageRow: ...
        def pull(
            self, name: str, *, policy: str = ..., access: Access | None = ..., progress: Progress | None = ...
        ) -> str: ...


_ID = re.compile("[0-9a-f]{64}")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built, and how."""

    arguments: tuple[str, ...]  # for `buildah build`; the last is the context
    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # Containerfiles
    containerfile: bytes | None = None  # the text of one in their place; the context may then be ""
    build_args: tuple[str, ...] = ()  # KEY=VALUE
    pull: str = "missing"  # policy for the images it is made from
    access: Access = Access()
    runtime: str = ""
    runtime_flags: tuple[str, ...] = ()
    mounts_file: str = ""  # buildah's --default-mounts-file
    driver: str = "vfs"
    stdout: int = 2  # where buildah's own account goes


def build(catalog: Catalog, host: Host, shelf: Shelf, order: Order, progress: Progress | None) -> str:
    """The image is here; its id, "" if the order makes none. See Images.build."""
    builder = Buildah(f"{catalog.root}/build", host, order.driver, order.mounts_file)
    tags = [local_name(name) for name in order.names]
    texts, given = _texts(order), dict(word.split("=", 1) for word in order.build_args if "=" in word)
    begun, copied = bases(texts, given)
    needed = [*_here(shelf, begun, order, progress), *_here(shelf, copied, None, progress)]
    known = {row.id for row in catalog.index.list()}
    with catalog.adding(), builder.ready(known), catalog.files.workspace() as place:
        builder.place = place
        for name, image in needed:
            lay_out(catalog, image, f"{place}/base")
            builder.give(f"{place}/base", local_name(name))
            remove_tree(f"{place}/base")
        id = _built(builder, order)
        if not id:
            return ""
        docker = {"--format=docker", "--format=v2s2"} & {*order.arguments}
        builder.run("push", "-q", id, f"{'dir' if docker else 'oci'}:{place}/layout")
        found = load_layout(catalog, f"{place}/layout", None)
    catalog.index.change_names(found, added=tags, events=[("build", tag) for tag in tags or ("",)])
    return found


def _built(builder: Buildah, order: Order) -> str:
    """The order is carried out; the image's id in the storage, "" if it makes none. Raises: BuildFailed."""
    place = builder.place
    words = [f"--tag={name}" for name in order.names]
    words += [f"--runtime={order.runtime}"] if order.runtime else []
    words += [f"--runtime-flag={flag.removeprefix('--')}" for flag in order.runtime_flags]
    context = order.arguments[-1]
    if order.containerfile is not None:
        make_dir(f"{place}/empty")
        write_file(f"{place}/empty/Containerfile", order.containerfile)
        words.append(f"--file={place}/empty/Containerfile")
    words += order.arguments[:-1]
    said = builder.run("build", *words, context or f"{place}/empty", stdout=order.stdout)
    last = said.strip().rpartition(b"\n")[2].decode(errors="replace")
    return last if _ID.fullmatch(last) else ""


def forget(root: str) -> None:
    """Nothing is kept of what was built before, unless somebody builds now."""
    if not os.path.isdir(f"{root}/build"):
        return
    alone = lock_file(f"{root}/build/.lock", timeout=0)
    if alone is not None:
        try:
            for name in os.listdir(f"{root}/build"):
                if name != ".lock":
                    remove_tree(f"{root}/build/{name}")
        finally:
            unlock(alone)


def _texts(order: Order) -> Iterator[str]:
    if order.containerfile is not None:
        yield order.containerfile.decode(errors="surrogateescape")
    for path in order.files:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            yield file.read(1 << 20)


def _here(
    shelf: Shelf, names: Sequence[str], order: Order | None, progress: Progress | None
) -> Iterator[tuple[str, ImageRow]]:
    """Those of them that are here, pulled first if the order wants that; the others are buildah's to find."""
    for name in names:
        try:
            if order is not None and order.pull != "never":
                yield name, shelf.find(shelf.pull(name, policy=order.pull, access=order.access, progress=progress))
            else:
                yield name, shelf.find(name)
        except (NoSuchImage, InvalidArgument):
            continue

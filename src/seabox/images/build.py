"""Building images: buildah does it, in a storage of its own where what it built before is found again."""

from __future__ import annotations

import os
import re
from contextlib import suppress

import msgspec

from ..errors import InvalidArgument, NoSuchImage, TimedOut
from ..kernel.files import make_dir, remove_tree, write_file
from ..kernel.locks import lock_file, unlock
from ..kernel.process import clean_env
from ..kernel.programs import run
from .build_guard import check_mounts, check_places, triggers
from .buildah import Buildah
from .containerfile import bases
from .load import load_layout
from .pull import lay_out
from .reference import local_name, parse
from .skopeo import Access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from ..kernel.watch import Cancel
    from ..model.image import ImageRow
    from .buildah import Account
    from .catalog import Catalog
    from .needs import Host
    from .skopeo import Progress

    class Shelf(Protocol):
        """Where images are found, and come to."""

        def find(self, name: str) -> ImageRow: ...
        def pull(
            self, name: str, *, policy: str = ..., access: Access | None = ..., progress: Progress | None = ...,
            cancel: Cancel | None = ...,
        ) -> str: ...  # fmt: skip


_ENDING = 10.0  # s
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
    reach: Callable[[str], Access] | None = None  # how the registry of one of these is reached, in place of `access`
    runtime: str = ""
    runtime_flags: tuple[str, ...] = ()
    mounts_file: str = ""  # buildah's --default-mounts-file
    driver: str = "vfs"
    stdout: int = 2  # where buildah's own account goes
    account: Account | None = None  # what hears it instead, and the complaints as well
    registry: str = ""  # where images without one in their names come from; "" = as the host says
    strange: bool = False  # the Containerfile is somebody else's: it may reach nothing of the host


def build(
    catalog: Catalog, host: Host, shelf: Shelf, order: Order, progress: Progress | None, cancel: Cancel | None
) -> str:
    """The image is here; its id, "" if the order makes none. See Images.build."""
    builder = Buildah(
        f"{catalog.root}/build", host, order.driver, order.mounts_file, account=order.account, cancel=cancel
    )  # fmt: skip
    tags = [local_name(name) for name in order.names]
    texts, given = list(_texts(order)), dict(word.split("=", 1) for word in order.build_args if "=" in word)
    begun, copied = bases(texts, given)
    if order.strange:
        check_places([*begun, *copied])
        check_mounts(texts, host)
    needed = [*_here(shelf, begun, order, progress, cancel), *_here(shelf, copied, None, progress, cancel)]
    if order.strange:
        check_mounts([line for _, image in needed for line in triggers(image.config)], host)
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
    words += [f"--runtime-flag=root={place}/runtime"] if order.runtime else []
    context = order.arguments[-1]
    if order.containerfile is not None:
        make_dir(f"{place}/empty")
        write_file(f"{place}/empty/Containerfile", order.containerfile)
        words.append(f"--file={place}/empty/Containerfile")
    words += order.arguments[:-1]
    try:
        said = builder.run("build", *words, context or f"{place}/empty", stdout=order.stdout)
    finally:
        _end_containers(order.runtime, f"{place}/runtime")
    last = said.strip().rpartition(b"\n")[2].decode(errors="replace")
    return last if _ID.fullmatch(last) else ""


def _end_containers(runtime: str, records: str) -> None:
    """Nothing runs any more that buildah has begun: when it is asked to end, it leaves some (seen with 1.28)."""
    for id in os.listdir(records) if os.path.isdir(records) else ():
        with suppress(TimedOut, OSError):
            run([runtime, "--root", records, "delete", "--force", id], env=clean_env(), timeout_seconds=_ENDING)


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
    shelf: Shelf, names: Sequence[str], order: Order | None, progress: Progress | None, cancel: Cancel | None
) -> Iterator[tuple[str, ImageRow]]:
    """Those of them that are here, pulled first if the order wants that; the others are buildah's to find."""
    for name in names:
        try:
            if order is not None and order.pull != "never":
                whole = _meant(shelf, name, order)
                access = order.reach(whole) if order.reach else order.access
                yield name, shelf.find(shelf.pull(
                    whole, policy=order.pull, access=access, progress=progress, cancel=cancel
                ))  # fmt: skip
            else:
                yield name, shelf.find(name)
        except (NoSuchImage, InvalidArgument):
            continue


def _meant(shelf: Shelf, name: str, order: Order) -> str:
    """The image that a Containerfile calls so. Raises: InvalidArgument."""
    if not order.registry or parse(name).registry:
        return name
    if order.pull != "always":
        try:
            shelf.find(name)
            return name
        except NoSuchImage:
            pass
    return f"{order.registry}/{name}"

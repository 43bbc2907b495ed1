"""Layers: what it takes to unpack one, in CPU time beside GNU tar's."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Goal, Row

from seabox.kernel.mounts import mount_tmpfs, umount

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

ONCE = True

_FOLDERS = 400
_CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")  # cap_net_raw=ep


def _tree(top: Path, size: int, files: int) -> None:
    """So many files with so many bytes in all: links, attributes and a capability among them."""
    content = os.urandom(2 * size // files)
    for number in range(_FOLDERS):
        (top / f"{number // 20}" / f"{number}").mkdir(parents=True)
    for number in range(files):
        path = top / f"{number % _FOLDERS // 20}" / f"{number % _FOLDERS}" / f"file-{number}"
        path.write_bytes(content[: 1 + number * len(content) // files])
        if number % 50 == 0:
            os.setxattr(path, "user.bench", b"some value")
            os.setxattr(path, "security.capability", _CAPABILITY)
        if number % 40 == 1:
            os.symlink(path.name, f"{path}-link")
            os.link(path, f"{path}-name")


def _same(one: Path, other: Path) -> bool:
    """Whether a sample of the files has the same content, mode and attributes."""
    for path in sorted(one.rglob("file-*0"))[:200]:
        there = other / path.relative_to(one)
        if {name: os.getxattr(path, name) for name in os.listxattr(path)} != {
            name: os.getxattr(there, name) for name in os.listxattr(there)
        }:
            return False
        if path.read_bytes() != there.read_bytes() or path.stat().st_mode != there.stat().st_mode:
            return False
    return True


def _cpu(act: Callable[[], object]) -> float:
    """ms of CPU that the call took, in this process and its children."""

    def used() -> float:
        both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    begin = used()
    act()
    return (used() - begin) * 1000


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    size = place.scale(200 << 20, 20 << 20)

    def unpacking(compress: bool, undo: ExitStack) -> Ways:
        from seabox.images.pieces import Hashed, plain
        from seabox.images.unpack import unpack

        work = Path(tempfile.mkdtemp(prefix="layer.", dir=place.durable))
        undo.callback(shutil.rmtree, work)
        mount_tmpfs(str(work), 6 * size)  # what a disk takes is the same for both
        undo.callback(umount, str(work), detach=True)
        tree, archive = work / "tree", work / "layer.tar"
        tree.mkdir()
        _tree(tree, size, place.scale(12_000, 1200))
        keep = ["--xattrs", "--xattrs-include=*"]
        subprocess.run(["tar", "-C", tree, *keep, "-cf", archive, "."], check=True)
        if compress:
            subprocess.run(["gzip", "-6", archive], check=True)
            archive = work / "layer.tar.gz"

        def into(how: Callable[[Path], object]) -> float:
            target = Path(tempfile.mkdtemp(dir=work))
            try:
                took = _cpu(partial(how, target))
                assert _same(tree, target)
                return took
            finally:
                shutil.rmtree(target)

        def tar(target: Path) -> None:
            subprocess.run(["tar", "-C", target, *keep, "-xpf", archive], check=True)

        def ours(target: Path) -> None:
            fd = os.open(archive, os.O_RDONLY)
            try:  # both digests are taken on the way, as for an image
                with plain(fd) as (pieces, _):
                    unpack(Hashed(pieces), str(target), packed=os.fstat(fd).st_size)
            finally:
                os.close(fd)

        return {"floor": partial(into, tar), "library": partial(into, ours)}

    goals = [Goal("library", 2.5, "floor")]
    name = f"unpacking a layer of {size >> 20} MiB"
    return [
        Row(f"{name} (floor: GNU tar)", partial(unpacking, False), "CPU ms", goals, 5),
        Row(f"{name}, gzip (floor: GNU tar)", partial(unpacking, True), "CPU ms", goals, 5),
    ]

"""What one layer, or one container, changed of the layers below it, found out as overlayfs would look names up."""

from __future__ import annotations

import errno
import os
import stat

from ..kernel.entries import attributes_of, open_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADDED, CHANGED, DELETED = "A", "C", "D"
_OPAQUE = "trusted.overlay.opaque"


class Change:
    """One difference: its kind ("A", "C" or "D"), its path from the root ("/etc/passwd"), what `upper` has there.

    `opaque`: the directory hides all that is below it, so what is still there is told as added.
    """

    __slots__ = ("found", "kind", "opaque", "path")

    def __init__(self, kind: str, path: str, found: os.stat_result | None, opaque: bool = False) -> None:
        self.kind, self.path, self.found, self.opaque = kind, path, found, opaque

    def __repr__(self) -> str:
        return f"Change({self.kind} {self.path})"


def changes(upper: str, lowers: Sequence[str], *, full: bool = False) -> Iterator[Change]:
    """Every difference between the directory `upper` and the layers `lowers`, the top one first, in order of path.

    `upper` is a layer in overlay form, or with `full` a copy of everything. Directories come before what is in them.
    """
    root = os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _walk(root, list(lowers), "", full)
    finally:
        os.close(root)


def _walk(root: int, lowers: list[str], path: str, full: bool) -> Iterator[Change]:
    """The tree may be a running container's: each directory is opened below `root`, and no link is followed out."""
    try:
        fd = open_below(root, path.lstrip("/") or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV):
            return  # it was replaced meanwhile
        raise
    try:
        here = list(_entries(fd, lowers, path, full))
    finally:
        os.close(fd)
    for change, folders in here:
        if change.kind:
            yield change
        if folders is not None:
            yield from _walk(root, folders, change.path, full)


def _entries(fd: int, lowers: list[str], path: str, full: bool) -> Iterator[tuple[Change, list[str] | None]]:
    """What is in one directory; with each directory in it, those that merge with it below. Kind "" = as below."""
    names = set(os.listdir(fd))
    hidden = _merged_names(lowers) - names if full else set()
    for name in sorted(names | hidden):
        where = f"{path}/{name}"
        if name in hidden:
            yield Change(DELETED, where, None), None
            continue
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        below, folders = _look_up(lowers, name)
        mine = f"/proc/self/fd/{fd}/{name}"
        if not full and is_whiteout(found):
            if below is not None:
                yield Change(DELETED, where, found), None
            continue
        folder = stat.S_ISDIR(found.st_mode)
        opaque = folder and not full and is_opaque(mine)
        if below is None:
            kind = ADDED
        elif full and _same(found, below, mine, name, lowers):
            kind = ""
        else:
            kind = CHANGED
        yield Change(kind, where, found, opaque), (([] if opaque else folders) if folder else None)
        if opaque:
            for gone in sorted(_merged_names(folders) - set(os.listdir(mine))):
                yield Change(DELETED, f"{where}/{gone}", None), None


def is_whiteout(found: os.stat_result) -> bool:
    """Whether overlayfs takes the file for a deletion."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def is_opaque(path: str) -> bool:
    """Whether the directory hides what is below it."""
    try:
        return os.getxattr(path, _OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _look_up(lowers: Sequence[str], name: str) -> tuple[os.stat_result | None, list[str]]:
    """What the name is in the layers below (None: nothing), and the directories that merge there, the top one first."""
    seen: os.stat_result | None = None
    folders: list[str] = []
    for lower in lowers:
        place = f"{lower}/{name}"
        try:
            found = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if is_whiteout(found):
            break
        if not stat.S_ISDIR(found.st_mode):
            if seen is None:
                seen = found
            break
        if seen is None:
            seen = found
        folders.append(place)
        if is_opaque(place):
            break
    return seen, folders


def _merged_names(folders: Sequence[str]) -> set[str]:
    names: dict[str, bool] = {}
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name not in names:
                    names[entry.name] = not is_whiteout(entry.stat(follow_symlinks=False))
    return {name for name, shown in names.items() if shown}


def _same(found: os.stat_result, below: os.stat_result, mine: str, name: str, lowers: Sequence[str]) -> bool:
    facts = [
        (
            each.st_mode,
            each.st_uid,
            each.st_gid,
            each.st_rdev,
            each.st_mtime_ns,
            0 if stat.S_ISDIR(each.st_mode) else each.st_size,
        )
        for each in (found, below)
    ]
    if facts[0] != facts[1]:
        return False
    original = next((f"{lower}/{name}" for lower in lowers if os.path.lexists(f"{lower}/{name}")), "")
    overlay = ("trusted.overlay.",)
    return attributes_of(mine, overlay) == attributes_of(original, overlay)

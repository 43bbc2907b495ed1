"""A layer as an archive: what a container changed, with whiteouts in the form that registries know."""

from __future__ import annotations

import errno
import os
import stat

from ..kernel.entries import attributes_of, open_below
from . import tarwrite
from .diff import DELETED
from .pieces import PIECE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .diff import Change

_OVERLAY = ("trusted.overlay.", "user.overlay.", "security.selinux")


def archive(directory: str, changes: Iterable[Change]) -> Iterator[bytes]:
    """The archive of these changes, whose files are in `directory`, in pieces.

    The tree may be a running container's. What vanishes meanwhile is left out, what changes is cut or filled up.
    """
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    links: dict[tuple[int, int], str] = {}
    opaque: str | None = None
    try:
        for change in changes:
            name = change.path.lstrip("/")
            folder, _, last = name.rpartition("/")
            if change.kind == DELETED:
                if folder == opaque:
                    continue  # hidden by the directory already
                yield tarwrite.header(f"{folder}/.wh.{last}".lstrip("/"), mode=0)
                continue
            try:
                parent = open_below(root, folder or ".", os.O_RDONLY | os.O_DIRECTORY)
            except OSError as problem:
                if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.EXDEV, errno.ELOOP):
                    continue
                raise
            try:
                yield from _entry(parent, last, name, links)
            finally:
                os.close(parent)
            if change.opaque:
                opaque = name
                yield tarwrite.header(f"{name}/.wh..wh..opq", mode=0)
        yield tarwrite.END
    finally:
        os.close(root)


def _entry(parent: int, last: str, name: str, links: dict[tuple[int, int], str]) -> Iterator[bytes]:
    try:
        found = os.stat(last, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFSOCK:
        return  # no archive can hold one
    mode = stat.S_IMODE(found.st_mode)
    if kind != stat.S_IFDIR and found.st_nlink > 1:
        first = links.setdefault((found.st_dev, found.st_ino), name)
        if first != name:
            yield tarwrite.header(
                name, mode=mode, uid=found.st_uid, gid=found.st_gid, modified=found.st_mtime_ns, link=first, hard=True
            )
            return
    attributes = attributes_of(f"/proc/self/fd/{parent}/{last}", _OVERLAY)
    if kind == stat.S_IFREG:
        try:
            fd = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        except FileNotFoundError:
            return
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                return
            yield tarwrite.header(
                name, mode=mode, size=found.st_size, uid=found.st_uid, gid=found.st_gid,
                modified=found.st_mtime_ns, attributes=attributes,
            )  # fmt: skip
            yield from tarwrite.exactly(_read(fd), found.st_size)
        finally:
            os.close(fd)
        return
    yield tarwrite.header(
        f"{name}/" if kind == stat.S_IFDIR else name, mode=mode, kind=kind, uid=found.st_uid, gid=found.st_gid,
        modified=found.st_mtime_ns, attributes=attributes, device=found.st_rdev,
        link=os.readlink(last, dir_fd=parent) if kind == stat.S_IFLNK else "",
    )  # fmt: skip


def _read(fd: int) -> Iterator[bytes]:
    while piece := os.read(fd, PIECE):
        yield piece

"""One name in an open directory: made there, described there, and no link followed on the way.

What unpacks archives of strangers works through these. A parent is looked up with `open_below`, which lets no link
and no ".." lead out of the tree; everything else takes the parent's fd and a name without a slash.
"""

from __future__ import annotations

import errno
import os
import stat

from .effects import effect
from .files import openat2, remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NO_XDEV, _NO_MAGICLINKS, _BENEATH = 0x01, 0x02, 0x08
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Description:
    """What a file has besides its content. uid and gid None = the caller's own; modified: ns, None = now."""

    __slots__ = ("attributes", "gid", "mode", "modified", "uid")

    def __init__(
        self, mode: int, uid: int | None, gid: int | None, modified: int | None, attributes: Mapping[str, bytes]
    ) -> None:
        self.mode, self.uid, self.gid, self.modified, self.attributes = mode, uid, gid, modified, attributes


def open_below(root: int, path: str, flags: int = os.O_PATH | os.O_DIRECTORY) -> int:
    """A new fd of `path` below the directory `root`.

    Raises: OSError EXDEV if a link or ".." on the way leads out, or an absolute link tries to; ENOENT, ENOTDIR...
    """
    return openat2(root, path, flags, resolve=_BENEATH | _NO_XDEV | _NO_MAGICLINKS)


@effect("mkdir")
def new_dir(parent: int, name: str) -> bool:
    """`name` is a directory, closed to others if it is new; False if it was one before.

    Raises: FileExistsError if something else has the name.
    """
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise
        return False
    return True


@effect("write")
def new_file(parent: int, name: str, content: Iterable[memoryview | bytes], about: Description) -> None:
    """The new file `name` has this content and description; its data is not synced. Raises: FileExistsError..."""
    fd = os.open(name, _NEW, 0o600, dir_fd=parent)
    try:
        for piece in content:
            size = len(piece)
            written = os.write(fd, piece)
            while written < size:
                written += os.write(fd, piece[written:])
        _describe(fd, about)
    finally:
        os.close(fd)


@effect("write")
def rewrite_file(parent: int, name: str, content: Iterable[memoryview | bytes]) -> None:
    """The regular file `name` has this content, in place: for one that is a mount point and cannot be replaced.

    Raises: OSError EINVAL for anything but a regular file, which is not opened.
    """
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        fd = os.open(f"/proc/self/fd/{handle}", os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    finally:
        os.close(handle)
    try:
        for piece in content:
            size = len(piece)
            written = os.write(fd, piece)
            while written < size:
                written += os.write(fd, piece[written:])
    finally:
        os.close(fd)


@effect("symlink")
def new_link(parent: int, name: str, text: str, about: Description) -> None:
    """The new link `name` says `text`. Raises: FileExistsError..."""
    os.symlink(text, name, dir_fd=parent)
    _describe_name(parent, name, about)


@effect("mknod")
def new_node(parent: int, name: str, kind: int, device: int, about: Description) -> None:
    """The new device or FIFO `name` is of this kind (S_IFCHR...) and number. Raises: FileExistsError..."""
    os.mknod(name, kind | 0o600, device, dir_fd=parent)
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        found = os.fstat(fd)
        if (stat.S_IFMT(found.st_mode), found.st_rdev) != (kind, device):
            raise OSError(errno.EAGAIN, "it was replaced while it was being made", name)
        _describe_node(f"/proc/self/fd/{fd}", about)
    finally:
        os.close(fd)


@effect("mknod")
def new_whiteout(parent: int, name: str) -> None:
    """`name` hides, in an overlay, what lower layers have of this name. Raises: FileExistsError..."""
    os.mknod(name, stat.S_IFCHR, 0, dir_fd=parent)


@effect("link")
def new_hard_link(parent: int, name: str, other: int, other_name: str) -> None:
    """`name` is another name of `other_name` in the directory `other`; a link is not followed.

    Raises: FileExistsError, FileNotFoundError, PermissionError (a directory)...
    """
    os.link(other_name, name, src_dir_fd=other, dst_dir_fd=parent, follow_symlinks=False)


@effect("remove_tree")
def remove_entry(parent: int, name: str) -> None:
    """Nothing is at `name`: a directory goes with all below it."""
    remove_tree(f"/proc/self/fd/{parent}/{name}")


@effect("rename")
def move_content(source: int, target: int) -> None:
    """Everything in the directory `source` is in the directory `target`; what is there already is left alone."""
    for name in os.listdir(source):
        try:
            os.stat(name, dir_fd=target, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)


@effect("describe")
def describe_dir(fd: int, about: Description) -> None:
    """The directory behind `fd` (not O_PATH) is described so."""
    _describe(fd, about)


@effect("setxattr")
def make_opaque(fd: int) -> None:
    """The directory behind `fd` (not O_PATH) hides, in an overlay, what lower layers have in it."""
    os.setxattr(fd, "trusted.overlay.opaque", b"y")


def _describe(fd: int, about: Description) -> None:
    if about.uid is not None and about.gid is not None:
        os.fchown(fd, about.uid, about.gid)  # takes setuid bits and file capabilities away: the rest comes after it
    os.fchmod(fd, about.mode)
    for key, value in about.attributes.items():
        try:
            os.setxattr(fd, key, value)
        except OSError as problem:
            if problem.errno != errno.EOPNOTSUPP or key == "security.capability":
                raise
    if about.modified is not None:
        os.utime(fd, ns=(about.modified, about.modified))


def _describe_node(path: str, about: Description) -> None:
    """As `_describe`, of what cannot be opened without an effect of its own."""
    if about.uid is not None and about.gid is not None:
        os.chown(path, about.uid, about.gid)
    os.chmod(path, about.mode)
    for key, value in about.attributes.items():
        try:
            os.setxattr(path, key, value)
        except OSError as problem:
            if problem.errno not in (errno.EOPNOTSUPP, errno.EPERM):
                raise
    if about.modified is not None:
        os.utime(path, ns=(about.modified, about.modified))


def _describe_name(parent: int, name: str, about: Description) -> None:
    if about.uid is not None and about.gid is not None:
        os.chown(name, about.uid, about.gid, dir_fd=parent, follow_symlinks=False)
        if about.mode & 0o7000 and not stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            os.chmod(name, about.mode, dir_fd=parent)
    for key, value in about.attributes.items():
        try:
            os.setxattr(f"/proc/self/fd/{parent}/{name}", key, value, follow_symlinks=False)
        except OSError as problem:
            if problem.errno not in (errno.EOPNOTSUPP, errno.EPERM):
                raise
    if about.modified is not None:
        os.utime(name, ns=(about.modified, about.modified), dir_fd=parent, follow_symlinks=False)


def attributes_of(path: str, left_out: Sequence[str] = ()) -> dict[str, bytes]:
    """The extended attributes of a file, a link not followed; without those whose names begin with one left out."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as problem:
        if problem.errno != errno.EOPNOTSUPP:
            raise
        return {}
    return {
        name: os.getxattr(path, name, follow_symlinks=False) for name in names if not name.startswith(tuple(left_out))
    }

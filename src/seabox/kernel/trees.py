"""Copying a whole tree: everything a file can be, with owners, modes, times, attributes, hard links and holes."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import ExitStack

from .effects import effect
from .files import make_dirs, remove_tree

_FICLONE = 0x40049409
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PARENT = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_OVERLAY = "trusted.overlay."
_ITSELF = "."


@effect("copy_tree")
def copy_tree(source: str, target: str, *, layer: bool = False) -> None:
    """The directory `target`, made if need be, is a copy of the directory `source`. Blocks for as long as it takes.

    With `layer`, `source` is an overlay layer and is laid over what `target` already holds: its whiteouts and opaque
    directories delete, its files replace, its directories merge. Otherwise every name must be free.
    Hard links within `source` stay linked, data is shared with the original where the file system can do that.
    Attributes that the target's file system cannot hold are left out, file capabilities excepted.

    Raises: OSError naming the file; what was copied until then stays.
    """
    source_folder, source_name = os.path.split(os.path.realpath(source))
    folder, name = os.path.split(os.path.abspath(target))
    make_dirs(folder)
    with _Copy(os.open(source_folder, _PARENT), os.open(folder, _PARENT), layer) as copy:
        try:
            copy.run(source_name, name)
        except OSError as problem:
            place = [source_folder, *(entry[0] for entry in copy.above)]
            where = "/".join(place + [problem.filename] * isinstance(problem.filename, str))
            raise OSError(problem.errno, problem.strerror, where) from problem


def disk_usage(path: str) -> int:
    """The bytes that the tree at `path` takes on disk, a file of several names counted once. Follows nothing."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, names in os.walk(path):
        for each in (folder, *(f"{folder}/{name}" for name in names)):
            try:
                found = os.lstat(each)
            except FileNotFoundError:
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total


@effect("copy_tree")
def copy_directory(source: int, parent: int, name: str) -> None:
    """The new directory `name` in `parent` is a copy of the directory behind `source`, with all that is below it.

    Every file is reached through the fds given, whatever somebody does to names above them. Blocks as long as it
    takes. Raises: OSError; what was copied until then stays.
    """
    with _Copy(os.dup(source), os.dup(parent), layer=False) as copy:
        copy.run(_ITSELF, name)


class _Copy:
    """Where a copy stands: one directory open on each side, whatever the depth."""

    __slots__ = ("above", "clones", "layer", "links", "source", "stack", "target", "top")

    def __init__(self, source: int, target: int, layer: bool) -> None:
        self.source, self.target, self.top, self.layer = source, target, -1, layer
        self.above: list[tuple[str, str, tuple[int, int], tuple[int, int], list[tuple[str, str]]]] = []
        self.links: dict[tuple[int, int], str] = {}  # of a file with several names: the first one's path below target
        self.clones = True  # until the file system refuses once

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (self.source, self.target, self.top):
            if fd >= 0:
                os.close(fd)

    def run(self, source_name: str, name: str) -> None:
        pending = [(source_name, name)]
        while pending or self.above:
            if pending:
                source_name, name = pending.pop()
                self.above.append((source_name, name, _identity(self.source), _identity(self.target), pending))
                pending = self.enter(source_name, name)
            else:
                source_name, name, source_was, target_was, pending = self.above.pop()
                if source_name != _ITSELF:
                    self.source = _up(self.source, source_was)
                self.target = _up(self.target, target_was)
                self.describe(source_name, name, os.stat(source_name, dir_fd=self.source, follow_symlinks=False))

    def enter(self, source_name: str, name: str) -> list[tuple[str, str]]:
        """Go down into a directory, copy all files there; the directories that are left to do."""
        fd = os.open(source_name, _DIRECTORY, dir_fd=self.source)
        os.close(self.source)
        self.source = fd
        if self.layer and _attribute(fd, f"{_OVERLAY}opaque") == b"y":
            self.clear(name)
        try:
            os.mkdir(name, 0o700, dir_fd=self.target)
        except FileExistsError:
            top = self.top < 0  # the target itself may be there
            if not stat.S_ISDIR(os.stat(name, dir_fd=self.target, follow_symlinks=False).st_mode):
                if not self.layer:
                    raise
                self.clear(name)
                os.mkdir(name, 0o700, dir_fd=self.target)
            elif not (self.layer or top):
                raise
        fd = os.open(name, _DIRECTORY, dir_fd=self.target)
        os.close(self.target)
        self.target = fd
        if self.top < 0:
            self.top = os.dup(fd)
        directories = []
        with os.scandir(self.source) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    directories.append((entry.name, entry.name))
                else:
                    self.copy(entry.name, entry.stat(follow_symlinks=False))
        return directories

    def clear(self, name: str) -> None:
        remove_tree(f"/proc/self/fd/{self.target}/{name}")

    def copy(self, name: str, found: os.stat_result) -> None:
        kind = stat.S_IFMT(found.st_mode)
        if self.layer:
            self.clear(name)
            if kind == stat.S_IFCHR and found.st_rdev == 0:
                return
        if found.st_nlink > 1 and self.linked(name, found):
            return
        if kind == stat.S_IFREG:
            self.copy_data(name)
        elif kind == stat.S_IFLNK:
            os.symlink(os.readlink(name, dir_fd=self.source), name, dir_fd=self.target)
        else:
            os.mknod(name, kind | 0o600, found.st_rdev, dir_fd=self.target)
        self.describe(name, name, found)

    def linked(self, name: str, found: os.stat_result) -> bool:
        """Whether another name of the same file was there to link to; if not, this is the first."""
        first = self.links.setdefault(
            (found.st_dev, found.st_ino), mine := "/".join([*(entry[1] for entry in self.above[1:]), name])
        )
        if first == mine:
            return False
        try:
            os.link(first, name, src_dir_fd=self.top, dst_dir_fd=self.target, follow_symlinks=False)
        except OSError as problem:
            if problem.errno in (errno.EMLINK, errno.ENAMETOOLONG):
                return False
            raise
        return True

    def copy_data(self, name: str) -> None:
        with ExitStack() as opened:
            source = os.open(name, _FILE, dir_fd=self.source)
            opened.callback(os.close, source)
            target = os.open(name, _NEW, 0o600, dir_fd=self.target)
            opened.callback(os.close, target)
            found = os.fstat(source)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "the file was replaced while it was being copied", name)
            if self.clones:
                try:
                    fcntl.ioctl(target, _FICLONE, source)
                    return
                except OSError as problem:
                    if problem.errno not in (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY):
                        raise
                    self.clones = False
            _copy_extents(source, target, found)

    def describe(self, source_name: str, name: str, found: os.stat_result) -> None:
        """Give the copy its owner, mode, attributes and times, in the order in which none undoes another."""
        os.chown(name, found.st_uid, found.st_gid, dir_fd=self.target, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):
            os.chmod(name, stat.S_IMODE(found.st_mode), dir_fd=self.target)
        original, copy = f"/proc/self/fd/{self.source}/{source_name}", f"/proc/self/fd/{self.target}/{name}"
        for key in _attributes(original):
            if self.layer and key.startswith(_OVERLAY):
                continue
            value = os.getxattr(original, key, follow_symlinks=False)
            try:
                os.setxattr(copy, key, value, follow_symlinks=False)
            except OSError as problem:
                if problem.errno != errno.EOPNOTSUPP or key == "security.capability":
                    raise
        times = (found.st_atime_ns, found.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=self.target, follow_symlinks=False)


def _copy_extents(source: int, target: int, found: os.stat_result) -> None:
    """Copy the data and leave the holes."""
    sparse = found.st_blocks * 512 < found.st_size
    position = 0
    while position < found.st_size:
        end = found.st_size
        if sparse:
            try:
                position = os.lseek(source, position, os.SEEK_DATA)
                end = os.lseek(source, position, os.SEEK_HOLE)
            except OSError as problem:
                if problem.errno != errno.ENXIO:
                    raise
                break  # a hole up to the end
        os.lseek(target, position, os.SEEK_SET)
        while position < end:
            sent = os.sendfile(target, source, position, end - position)
            if not sent:
                return  # it was truncated meanwhile
            position += sent
    os.ftruncate(target, found.st_size)


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _up(fd: int, parent: tuple[int, int]) -> int:
    up = os.open("..", _PARENT, dir_fd=fd)
    if _identity(up) == parent:
        os.close(fd)
        return up
    os.close(up)
    raise OSError(errno.EAGAIN, "a directory was moved while it was being copied", "..")


def _attributes(path: str) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as problem:
        if problem.errno != errno.EOPNOTSUPP:
            raise
        return []


def _attribute(fd: int, name: str) -> bytes:
    try:
        return os.getxattr(fd, name)
    except OSError as problem:
        if problem.errno not in (errno.ENODATA, errno.EOPNOTSUPP):
            raise
        return b""

"""Files and directories: written whole, with exactly the mode asked for, removed without following anything.

Paths named `root` may belong to a container; what is resolved below them goes through openat2(RESOLVE_IN_ROOT),
so that no link, however often it is swapped, leads out. All other paths are the engine's own.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, nullcontext, suppress

from .effects import effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

_OPENAT2 = 437  # the same on every architecture
_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _IN_ROOT = 0x01, 0x02, 0x04, 0x10
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 128  # openat2 says EAGAIN while something below the root is being renamed


def write_all(fd: int, data: bytes) -> None:
    """All of `data` is written to `fd`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@effect("write")
def write_file(path: str, data: bytes, mode: int = 0o600) -> None:
    """`path` holds `data`, in place and without a sync: for what a crash may tear."""
    with _closing(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)) as fd:
        _exact_mode(fd, mode)
        write_all(fd, data)


@effect("write")
def write_pieces(path: str, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    """The new file `path` holds the pieces, one after the other, without a sync. Raises: FileExistsError..."""
    with _closing(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)) as fd:
        for piece in pieces:
            write_all(fd, piece)


@effect("write_atomic")
def write_atomic(path: str, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """`path` holds `data`; at every moment a reader sees all of the old file or all of the new one.

    With `durable` it also survives a power cut. On failure the old file is untouched and no other is left.
    """
    folder, name = os.path.split(path)
    temporary = f"{folder or '.'}/.{name}.{os.urandom(6).hex()}~"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with _closing(fd):
            _exact_mode(fd, mode)
            write_all(fd, data)
            if durable:
                os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if durable:
        _sync(folder or ".")


@effect("append")
def append(path: str, data: bytes, mode: int = 0o600) -> None:
    """`data` stands at the end of `path`, which is made if it was absent."""
    with _closing(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode)) as fd:
        write_all(fd, data)


@effect("touch")
def touch(path: str, mode: int = 0o600) -> None:
    """`path` exists and an inotify watch on it or its directory has seen IN_CLOSE_WRITE."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode))


@effect("fsync")
def sync_dir(path: str) -> None:
    """The names in the directory `path` survive a power cut."""
    _sync(path)


@effect("syncfs")
def sync_file_system(path: str) -> None:
    """Everything written so far to the file system of the directory `path` survives a power cut. May take long."""
    from .libc import check, libc

    with _closing(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as fd:
        check(libc.syncfs(fd), "syncfs", path)


@effect("mkdir")
def make_dir(path: str, mode: int = 0o700) -> None:
    """`path` is a directory; one made here has exactly `mode`, one that was there keeps its own.

    Raises: FileExistsError if something else, a link included, has this name.
    """
    _make_dir(path, mode)


@effect("mkdir")
def make_dirs(path: str, mode: int = 0o700) -> None:
    """`path` and every parent of it are directories; those made here have exactly `mode`."""
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path.rstrip("/"))
    for each in reversed(missing):
        _make_dir(each, mode)


@effect("unlink")
def remove_file(path: str) -> bool:
    """No file or link is at `path`; False if there was none."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


@effect("rmdir")
def remove_dir(path: str) -> bool:
    """No directory is at `path`; False if there was none.

    Raises: OSError ENOTEMPTY, or EBUSY for a mount point.
    """
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return False
    return True


@effect("rename")
def rename(source: str, target: str) -> None:
    """What was at `source` is at `target`, in place of the file or empty directory that was there."""
    os.rename(source, target)


@effect("symlink")
def symlink(text: str, path: str) -> None:
    """`path` is a new link that says `text`."""
    os.symlink(text, path)


@effect("link")
def link(source: str, path: str) -> None:
    """`path` is another name of the file `source`, itself not followed if it is a link."""
    os.link(source, path, follow_symlinks=False)


@effect("chmod")
def chmod(target: str | int, mode: int) -> None:
    """The file `target` (a path, or any fd, O_PATH too) has exactly `mode`. A link is never followed."""
    if isinstance(target, int):
        os.chmod(f"/proc/self/fd/{target}", mode)
        return
    with _closing(os.open(target, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)) as fd:
        os.chmod(f"/proc/self/fd/{fd}", mode)


@effect("chown")
def chown(target: str | int, uid: int, gid: int) -> None:
    """The file `target` (a path, or any fd) belongs to uid:gid, -1 meaning as before. A link is never followed."""
    if isinstance(target, str):
        os.chown(target, uid, gid, follow_symlinks=False)
    else:
        os.chown(f"/proc/self/fd/{target}", uid, gid)


@effect("utime")
def set_times(path: str, at: int) -> None:
    """The file was last read and changed `at` (ns), as far as anybody can tell. A link is not followed."""
    os.utime(path, ns=(at, at), follow_symlinks=False)


@effect("remove_tree")
def remove_tree(path: str) -> None:
    """Nothing is at `path`: a directory goes with all below it, however deep; a link goes, not what it points to.

    Holds one fd whatever the depth.

    Raises: OSError EBUSY naming the mount point if anything is mounted at or below `path` (what was deleted until
        then stays deleted), EAGAIN if directories are moved about meanwhile.
    """
    folder, name = os.path.split(path.rstrip("/"))
    try:
        fd = os.open(folder or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    above: list[tuple[str, tuple[int, int], list[str]]] = []  # of each directory entered: name, parent, its siblings
    pending = [name]
    refused = 0
    try:
        while pending or above:
            if pending:
                name = pending.pop()
                if (child := _enter(fd, name)) >= 0:
                    above.append((name, _identity(fd), pending))
                    os.close(fd)
                    fd = child
                    pending = list(_clear(fd))
            else:  # `fd` is empty
                name, parent, pending = above.pop()
                up = os.open("..", _DIRECTORY, dir_fd=fd)
                os.close(fd)
                fd = up
                if _identity(fd) != parent:
                    raise OSError(errno.EAGAIN, "a directory was moved while it was being removed")
                if not _rmdir(fd, name):
                    refused += 1
                    if refused > _ATTEMPTS:
                        raise OSError(errno.ENOTEMPTY, "files keep being added")
                    pending.append(name)
    except OSError as problem:
        last = [problem.filename] if isinstance(problem.filename, str) else []
        where = "/".join([folder, *(entry[0] for entry in above), *last])
        if problem.errno in (errno.EXDEV, errno.EBUSY):
            raise OSError(errno.EBUSY, "something is mounted here", where) from None
        raise OSError(problem.errno, problem.strerror, where) from problem
    finally:
        os.close(fd)


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _enter(parent: int, name: str) -> int:
    """An fd of the directory `name`, or -1: it was no directory and is gone."""
    for _ in range(_ATTEMPTS):
        try:
            return openat2(parent, name, _DIRECTORY, resolve=_NO_XDEV | _NO_SYMLINKS)
        except FileNotFoundError:
            return -1
        except OSError as problem:
            if problem.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
        if _unlink(parent, name):
            return -1
    raise OSError(errno.EAGAIN, "it keeps being replaced while it is being removed", name)


def _clear(fd: int) -> Iterator[str]:
    """Remove from the directory `fd` all that is no directory; the names of those that are."""
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) or not _unlink(fd, entry.name):
                yield entry.name


def _unlink(parent: int, name: str) -> bool:
    """Whether there is no such name now; False if it is a directory's."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        return False
    return True


def _rmdir(parent: int, name: str) -> bool:
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except OSError as problem:
        if problem.errno not in (errno.ENOTEMPTY, errno.ENOTDIR):  # ENOTDIR: it was replaced
            raise
        return False
    return True


def openat2(parent: int, path: str, flags: int, mode: int = 0, *, resolve: int) -> int:
    """A new fd, close-on-exec, of `path` below the directory `parent`, resolved under the RESOLVE_* of `resolve`.

    Raises: OSError EAGAIN only if something is being renamed without pause for the length of 128 attempts.
    """
    import ctypes

    from .libc import failure, libc

    how = (ctypes.c_uint64 * 3)(flags | os.O_CLOEXEC, mode, resolve)
    name = os.fsencode(path)
    for _ in range(_ATTEMPTS):
        fd: int = libc.syscall(_OPENAT2, parent, name, how, ctypes.c_size_t(24))
        if fd >= 0:
            return fd
        if (code := ctypes.get_errno()) not in (errno.EAGAIN, errno.EINTR):
            break
    raise failure(code, "openat2", path)


@contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _root(root: str | int) -> AbstractContextManager[int]:
    if isinstance(root, int):
        return nullcontext(root)
    return _closing(os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))


@effect("open")
def open_in_root(root: str | int, path: str, flags: int, mode: int = 0) -> int:
    """A new fd, close-on-exec, of `path` as a process chrooted to `root` would find it. The umask does count.

    Beware: opening a device or FIFO has effects of its own; O_PATH has none.
    """
    with _root(root) as fd:
        return openat2(fd, path, flags, mode, resolve=_IN_ROOT | _NO_MAGICLINKS)


def read_in_root(root: str | int, path: str, limit: int) -> bytes:
    """The content of the regular file `path` as a process chrooted to `root` would find it.

    Nothing but a regular file is ever opened, so that no FIFO, device or endless file can hold or fill the caller.

    Raises: OSError EINVAL for anything but a regular file, EFBIG if it holds more than `limit` bytes.
    """
    with _root(root) as fd:
        handle = openat2(fd, path, os.O_PATH, resolve=_IN_ROOT | _NO_MAGICLINKS)
    with _closing(handle):
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        file = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    data = bytearray()
    with _closing(file):
        while piece := os.read(file, min(limit + 1 - len(data), 1 << 20)):
            data += piece
            if len(data) > limit:
                raise OSError(errno.EFBIG, f"holds more than {limit} bytes", path)
    return bytes(data)


@effect("mkdir")
def make_dirs_in_root(root: str | int, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> bool:
    """`path`, as a process chrooted to `root` would find it, is a directory; False if it was one already.

    Those made here have exactly `mode` and belong to uid:gid.

    Raises: NotADirectoryError if something else is in the way, FileExistsError if that is a link to nowhere.
    """
    made = False
    names = [name for name in path.split("/") if name not in ("", ".")]
    with _root(root) as top:
        for depth, name in enumerate(names):
            try:
                os.close(_directory(top, names[: depth + 1]))
            except FileNotFoundError:
                with _closing(_directory(top, names[:depth])) as parent:
                    os.mkdir(name, 0o700, dir_fd=parent)
                    made = True
                    with _closing(openat2(parent, name, _DIRECTORY, resolve=_NO_XDEV | _NO_SYMLINKS)) as fresh:
                        os.fchown(fresh, uid, gid)
                        os.fchmod(fresh, mode)
    return made


def _directory(root: int, names: list[str]) -> int:
    return openat2(root, "/".join(names) or ".", os.O_PATH | os.O_DIRECTORY, resolve=_IN_ROOT | _NO_MAGICLINKS)


def _exact_mode(fd: int, mode: int) -> None:
    found = os.fstat(fd).st_mode
    if stat.S_ISREG(found) and stat.S_IMODE(found) != mode:
        os.fchmod(fd, mode)


def _make_dir(path: str, mode: int) -> None:
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if os.path.isdir(path) or not os.path.lexists(path):
            return
        raise
    with suppress(FileNotFoundError):  # somebody has removed it again: as if he had come a moment later
        if stat.S_IMODE(os.lstat(path).st_mode) != mode:
            os.chmod(path, mode)


def _sync(path: str) -> None:
    with _closing(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as fd:
        os.fsync(fd)

"""A directory as a tar archive: read through fds alone, so that no link swapped in meanwhile is ever followed.

POSIX headers with pax records where the plain ones are too narrow. Owners, modes, devices, hard links and extended
attributes are kept, times to the second; sockets, which no archive can hold, are left out. A file that grows or
shrinks while it is read is cut or filled up, one that goes is not there.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

END = bytes(1024)
_BLOCK = 512
_PIECE = 1 << 20
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_UP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFREG: b"0", stat.S_IFLNK: b"2", stat.S_IFCHR: b"3", stat.S_IFBLK: b"4", stat.S_IFDIR: b"5",
    stat.S_IFIFO: b"6",
}  # fmt: skip
_LINKED = b"1"
# How a file system keeps its own books; nothing of the file.
_BOOKKEEPING = ("trusted.overlay.", "user.overlay.", "security.selinux", "security.ima", "security.evm")


def pack_content(
    directory: int, *, itself: bool = False, apart: frozenset[int] = frozenset()
) -> Iterator[bytes]:
    """The archive of all that is in the directory behind the fd, names beginning there.

    With `itself` it begins with the entry "./", how the directory looks. Directories on devices of `apart` are empty
    there, unless the whole is on one.
    """
    packing = _Packing(apart, os.fstat(directory).st_dev)
    if itself:
        yield header(b"./", os.fstat(directory), attributes=_attributes(directory))
    yield from packing.tree(os.open(f"/proc/self/fd/{directory}", _DIRECTORY), b"")
    yield END


def pack_one(handle: int, name: str, *, apart: frozenset[int] = frozenset()) -> Iterator[bytes]:
    """The archive of the file behind the fd (O_PATH will do) under `name`; a directory with all that is below it.

    `apart`: as for pack_content.
    """
    packing = _Packing(apart, os.fstat(handle).st_dev)
    child = yield from packing.entry(handle, os.fsencode(name))
    if child >= 0:
        yield from packing.tree(child, os.fsencode(name))
    yield END


class _Packing:
    """Where an archive stands: one directory open, whatever the depth, and the names of files that have several.

    What the kernel only shows, on the devices `unreal`, is often not to be read, or gone by then: it is left out.
    """

    __slots__ = ("apart", "links", "unreal")

    def __init__(self, unreal: frozenset[int], top: int) -> None:
        self.unreal, self.apart = unreal, unreal - {top}
        self.links: dict[tuple[int, int], bytes] = {}

    def tree(self, fd: int, path: bytes) -> Iterator[bytes]:
        """All that is in the directory `fd`, which is closed in the end."""
        above: list[tuple[tuple[int, int], bytes, list[bytes]]] = []
        try:
            pending = _names(fd)
            while pending or above:
                if not pending:
                    identity, path, pending = above.pop()
                    fd = _up(fd, identity)
                    continue
                name = pending.pop()
                inner = b"/".join((path.rstrip(b"/"), name)) if path else name
                try:
                    handle = os.open(name, _HANDLE, dir_fd=fd)
                except (FileNotFoundError, ProcessLookupError):
                    continue
                try:
                    child = yield from self.entry(handle, inner)
                finally:
                    os.close(handle)
                if child >= 0:
                    above.append((_identity(fd), path, pending))
                    os.close(fd)
                    fd, path = child, inner
                    pending = _names(fd)
        finally:
            os.close(fd)

    def entry(self, handle: int, path: bytes) -> Generator[bytes, None, int]:
        """One file; a directory's header, and then the fd to go on with (-1 = nothing below)."""
        found = os.fstat(handle)
        kind = stat.S_IFMT(found.st_mode)
        if found.st_dev in self.unreal and self.is_small(found):
            yield from self.shown(handle, path, found)
        elif kind == stat.S_IFREG:
            yield from self.file(handle, path, found)
        elif kind == stat.S_IFDIR:
            child = os.open(f"/proc/self/fd/{handle}", _DIRECTORY)
            try:
                yield header(path.rstrip(b"/") + b"/", found, attributes=_attributes(handle))
            except BaseException:
                os.close(child)
                raise
            if found.st_dev in self.apart:
                os.close(child)
                return -1
            return child
        elif kind == stat.S_IFLNK:
            text = os.readlink(b"", dir_fd=handle)
            yield self.first(path, found) or header(path, found, link=text, attributes=_attributes(handle))
        elif kind in _KINDS:
            yield self.first(path, found) or header(path, found, attributes=_attributes(handle))
        return -1

    @staticmethod
    def is_small(found: os.stat_result) -> bool:
        """Whether it is a link, or a file with one name that is read at once."""
        return stat.S_ISLNK(found.st_mode) or (
            stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_size <= _PIECE
        )

    def shown(self, handle: int, path: bytes, found: os.stat_result) -> Iterator[bytes]:
        """What the kernel only shows: nothing is said of it before it has been read."""
        link = data = b""
        try:
            if stat.S_ISLNK(found.st_mode):
                link = os.readlink(b"", dir_fd=handle)
            else:
                file = os.open(f"/proc/self/fd/{handle}", _FILE)
                try:
                    data = os.read(file, found.st_size)
                finally:
                    os.close(file)
            attributes = _attributes(handle)
        except OSError:
            return
        yield header(path, found, link=link, size=len(data), attributes=attributes)
        yield data + bytes(-len(data) % _BLOCK)

    def first(self, path: bytes, found: os.stat_result) -> bytes:
        """The header of another name of a file that is in the archive already, b"" for its first name."""
        if found.st_nlink < 2:
            return b""
        first = self.links.setdefault((found.st_dev, found.st_ino), path)
        return b"" if first == path else header(path, found, kind=_LINKED, link=first)

    def file(self, handle: int, path: bytes, found: os.stat_result) -> Iterator[bytes]:
        if again := self.first(path, found):
            yield again
            return
        file = os.open(f"/proc/self/fd/{handle}", _FILE)
        try:
            yield header(path, found, size=found.st_size, attributes=_attributes(handle))
            left = found.st_size
            while left and (piece := os.read(file, min(left, _PIECE))):
                left -= len(piece)
                yield piece
        finally:
            os.close(file)
        while left:
            left -= (gap := min(left, _PIECE))
            yield bytes(gap)
        yield bytes(-found.st_size % _BLOCK)


def header(
    name: bytes, found: os.stat_result, *, kind: bytes = b"", link: bytes = b"", size: int = 0,
    attributes: Mapping[str, bytes] | None = None,
) -> bytes:  # fmt: skip
    """One entry's header, with a pax header before it if need be."""
    kind = kind or _KINDS[stat.S_IFMT(found.st_mode)]
    records = {os.fsencode(f"SCHILY.xattr.{key}"): value for key, value in (attributes or {}).items()}
    seconds = found.st_mtime_ns // 10**9
    prefix, short = _split(name)
    if not short:
        records[b"path"], short = name, name[:100]
    if len(link) > 100:
        records[b"linkpath"], link = link, link[:100]
    for key, value, most in (
        (b"size", size, 8**11), (b"uid", found.st_uid, 8**7), (b"gid", found.st_gid, 8**7), (b"mtime", seconds, 8**11)
    ):  # fmt: skip
        if not 0 <= value < most:
            records[key] = b"%d" % value
    device = found.st_rdev if kind in b"34" else 0
    block = _block(
        prefix, short, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, size, seconds, kind, link, device
    )
    if not records:
        return block
    text = b"".join(_record(key, value) for key, value in records.items())
    about = _block(b"", b"PaxHeaders/" + short[-80:].strip(b"/"), 0o644, 0, 0, len(text), 0, b"x", b"", 0)
    return about + text + bytes(-len(text) % _BLOCK) + block


def _block(
    prefix: bytes, name: bytes, mode: int, uid: int, gid: int, size: int, seconds: int, kind: bytes, link: bytes,
    device: int,
) -> bytes:  # fmt: skip
    def octal(value: int, width: int) -> bytes:
        return b"%0*o\0" % (width - 1, value if 0 <= value < 8 ** (width - 1) else 0)

    fields = (
        name.ljust(100, b"\0"), octal(mode, 8), octal(uid, 8), octal(gid, 8), octal(size, 12), octal(seconds, 12),
        b" " * 8, kind, link.ljust(100, b"\0"), b"ustar\x0000", bytes(64), octal(os.major(device), 8),
        octal(os.minor(device), 8), prefix.ljust(155, b"\0"), bytes(12),
    )  # fmt: skip
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _split(name: bytes) -> tuple[bytes, bytes]:
    """The prefix and name fields of a header; both empty if the name does not fit."""
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", max(len(name) - 101, 0))
    if 0 < cut <= 155 and len(name) > cut + 1:
        return name[:cut], name[cut + 1 :]
    return b"", b""


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest)
    while len(b"%d" % size) + len(rest) != size:
        size = len(b"%d" % size) + len(rest)
    return b"%d" % size + rest


def _names(fd: int) -> list[bytes]:
    """The names in the directory, in an order that makes `pop` return them sorted."""
    return sorted((os.fsencode(name) for name in os.listdir(fd)), reverse=True)


def _attributes(handle: int) -> dict[str, bytes]:
    path = f"/proc/self/fd/{handle}"
    try:
        names = [name for name in os.listxattr(path) if not name.startswith(_BOOKKEEPING)]
    except OSError as problem:
        if problem.errno not in (errno.EOPNOTSUPP, errno.ENOENT):
            raise
        return {}
    found = {}
    for name in names:
        try:
            found[name] = os.getxattr(path, name)
        except OSError as problem:
            if problem.errno not in (errno.ENODATA, errno.EOPNOTSUPP):
                raise
    return found


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _up(fd: int, parent: tuple[int, int]) -> int:
    up = os.open("..", _UP, dir_fd=fd)
    if _identity(up) != parent:
        os.close(up)
        raise OSError(errno.EAGAIN, "a directory was moved while it was being read", "..")
    os.close(fd)
    return up

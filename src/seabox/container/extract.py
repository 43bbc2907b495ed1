"""An archive laid over a directory that strangers may be changing meanwhile.

Every name is made in a directory that is open; directories are found by the kernel, below the root they may not
leave. Nothing in an archive, and no link that is there before or is put there meanwhile, leads out.
"""

from __future__ import annotations

import errno
import os
import stat

from ..errors import Conflict
from ..images.tarstream import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    FILE,
    HARD_LINK,
    LINK,
    Archive,
    BadArchive,
    Member,
)
from ..kernel import entries, files
from ..kernel.entries import Description

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_BENEATH, _IN_ROOT, _NO_MAGICLINKS = 0x08, 0x10, 0x02  # openat2
_OPEN_PARENTS = 32
_DEEPEST = 1000
_ATTEMPTS = 16  # against somebody who keeps making what was removed
_NODES = {CHARACTER: stat.S_IFCHR, BLOCK_DEVICE: stat.S_IFBLK, FIFO: stat.S_IFIFO}
_FOREIGN = ("trusted.", "user.overlay.", "security.selinux", "security.ima", "security.evm")


class AlreadyThere(Conflict):
    """A directory is where a file should go, or the other way round: overwrite it, or choose another place."""

    def __init__(self, path: str) -> None:
        path = f"/{path.lstrip('/')}"
        super().__init__(f'error creating "{path}": {path}: file exists')
        self.path = path


class Destination:
    """Where an archive goes: the directory `base` below `root`, an fd of a directory.

    In a container's root (`confined` False) links are resolved as a process in the container would. Else `base` is
    "." and links that lead out of `root` are refused.
    """

    __slots__ = ("_how", "base", "root")

    def __init__(self, root: int, base: str = ".", *, confined: bool = False) -> None:
        self.root, self.base = root, base
        self._how = (_BENEATH if confined else _IN_ROOT) | _NO_MAGICLINKS

    def open(self, names: tuple[str, ...]) -> int:
        """An fd of the directory."""
        path = "/".join((self.base, *names)) or "."
        return files.openat2(self.root, path, os.O_RDONLY | os.O_DIRECTORY, resolve=self._how)


def extract(
    pieces: Iterable[bytes], to: Destination, *, owner: tuple[int, int] | None = None, overwrite: bool = False,
    rename: tuple[str, str] | None = None, itself: bool = False, strict: bool = False,
) -> None:  # fmt: skip
    """What the archive holds is below the destination; what was there of the same name is replaced.

    `owner` (uid, gid) gets everything, in place of the archive's owners. `overwrite` lets a file replace a directory
    and the other way round. `rename` gives the first part of names another text. With `itself` an entry "./" tells
    how the destination looks, else it has no effect. `strict` refuses devices, FIFOs and absolute names. Blocks as
    long as it takes.

    Raises: BadArchive, AlreadyThere, OSError; what was made until then stays.
    """
    work = _Extraction(to, owner, overwrite)
    archive = Archive(iter(pieces))
    try:
        for member in archive:
            names = _names(member.name, rename)
            if strict and names and (member.kind in _NODES or member.name.startswith("/")):
                raise BadArchive(f"{member.name}: {'a device' if member.kind in _NODES else 'an absolute name'}")
            try:
                if names:
                    work.add(member, names, archive, rename)
                elif itself and member.kind == DIRECTORY:
                    work.directories[()] = work.of(member)
            except OSError as problem:
                raise _refusal(problem, member) from None
        work.finish()
    finally:
        work.forget()


def _names(path: str, rename: tuple[str, str] | None) -> tuple[str, ...]:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or len(parts) > _DEEPEST:
        raise BadArchive(f"{path}: {'..' if '..' in parts else 'too many directories'} in the path")
    if rename is not None and parts and parts[0] == rename[0]:
        parts[0] = rename[1]
    return tuple(parts)


def _refusal(problem: OSError, member: Member) -> Exception:
    if problem.errno in (errno.EXDEV, errno.ELOOP):
        return BadArchive(f"{member.name}: a link on the way to it leads out")
    return OSError(problem.errno, problem.strerror, member.name)


class _Extraction:
    __slots__ = ("directories", "open", "overwrite", "owner", "to", "whole")

    def __init__(self, to: Destination, owner: tuple[int, int] | None, overwrite: bool) -> None:
        self.to, self.owner, self.overwrite = to, owner, overwrite
        self.open: dict[tuple[str, ...], int] = {}
        self.directories: dict[tuple[str, ...], Description] = {}
        self.whole = os.geteuid() == 0

    def forget(self) -> None:
        """No directory is open."""
        while self.open:
            os.close(self.open.popitem()[1])

    def folder(self, names: tuple[str, ...]) -> int:
        """An fd of the directory, made if the archive takes it for granted."""
        fd = self.open.get(names)
        if fd is not None:
            return fd
        try:
            fd = self.to.open(names)
        except FileNotFoundError:
            if not names:
                raise
            entries.new_dir(self.folder(names[:-1]), names[-1])
            fd = self.to.open(names)
            self.directories.setdefault(names, self.described(0o755, 0, 0, None, {}))
        while len(self.open) >= _OPEN_PARENTS:
            os.close(self.open.pop(next(iter(self.open))))
        self.open[names] = fd
        return fd

    def add(
        self, member: Member, names: tuple[str, ...], archive: Archive, rename: tuple[str, str] | None
    ) -> None:
        for _ in range(_ATTEMPTS):
            try:
                self.make(member, names, archive, rename)
                return
            except FileExistsError:
                if not self.make_room(member, names):
                    entries.rewrite_file(self.folder(names[:-1]), names[-1], archive.data())
                    return
        raise OSError(errno.EAGAIN, "it keeps being made anew", member.name)

    def make_room(self, member: Member, names: tuple[str, ...]) -> bool:
        """Nothing has this name; False if a file stays because it is a mount point. Raises: AlreadyThere."""
        parent = self.folder(names[:-1])
        try:
            found = os.stat(names[-1], dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return True
        if stat.S_ISDIR(found.st_mode) != (member.kind == DIRECTORY) and not self.overwrite:
            raise AlreadyThere("/".join((self.to.base.rstrip("/"), *names)).replace("./", "", 1))
        try:
            entries.remove_entry(parent, names[-1])
        except OSError as problem:
            if problem.errno == errno.EBUSY and member.kind == FILE and stat.S_ISREG(found.st_mode):
                return False
            raise
        self.forget()
        return True

    def make(
        self, member: Member, names: tuple[str, ...], archive: Archive, rename: tuple[str, str] | None
    ) -> None:
        parent, name = self.folder(names[:-1]), names[-1]
        if member.kind == DIRECTORY:
            entries.new_dir(parent, name)
            self.directories[names] = self.of(member)
        elif member.kind == FILE:
            entries.new_file(parent, name, archive.data(), self.of(member))
        elif member.kind == LINK:
            entries.new_link(parent, name, member.link, self.of(member))
        elif member.kind == HARD_LINK:
            other = _names(member.link, rename)
            if not other:
                raise BadArchive(f"{member.name}: a hard link to a directory")
            entries.new_hard_link(parent, name, self.folder(other[:-1]), other[-1])
        else:
            entries.new_node(parent, name, _NODES[member.kind], member.device, self.of(member))

    def of(self, member: Member) -> Description:
        attributes = {key: value for key, value in member.attributes.items() if not key.startswith(_FOREIGN)}
        mode = 0o777 if member.kind == LINK else member.mode
        return self.described(mode, member.uid, member.gid, member.modified, attributes)

    def described(
        self, mode: int, uid: int, gid: int, modified: int | None, attributes: dict[str, bytes]
    ) -> Description:
        owner = self.owner or (uid, gid)
        if not self.whole:
            return Description(mode, None, None, modified, attributes)
        return Description(mode, owner[0], owner[1], modified, attributes)

    def finish(self) -> None:
        """The directories look as they should: only now, for what is made in one changes its time."""
        self.forget()
        for names, about in self.directories.items():
            try:
                fd = self.to.open(names)
            except (FileNotFoundError, NotADirectoryError):
                continue  # somebody took it away meanwhile
            try:
                entries.describe_dir(fd, about)
            finally:
                os.close(fd)


def uncompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The archive itself, if it came compressed by gzip, bzip2 or xz. Raises: BadArchive."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= 6:
            break
    if start[:2] == b"\x1f\x8b":
        import zlib

        return _unpacked(start, pieces, lambda: zlib.decompressobj(31), zlib.error)
    if start[:3] == b"BZh":
        import bz2

        return _unpacked(start, pieces, bz2.BZ2Decompressor, OSError)
    if start[:6] == b"\xfd7zXZ\0":
        import lzma

        return _unpacked(start, pieces, lzma.LZMADecompressor, lzma.LZMAError)
    return _chained(start, pieces)


def _chained(start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if start:
        yield start
    yield from pieces


def _unpacked(
    start: bytes, pieces: Iterator[bytes], make: Any, broken: type[Exception]
) -> Iterator[bytes]:
    machine = make()
    for piece in _chained(start, pieces):
        data = piece
        while data:
            try:
                plain = machine.decompress(data)
            except broken as problem:
                raise BadArchive(f"the archive cannot be uncompressed: {problem}") from None
            if plain:
                yield plain
            data = b""
            if machine.eof:
                data = machine.unused_data.lstrip(b"\0")
                machine = make()

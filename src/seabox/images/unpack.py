"""Unpacking one layer: an archive of strangers becomes a directory in overlay form, and nothing else changes.

Every name is made in a directory that is open, and directories are looked up below the layer's own root by the
kernel: a link that leads out, or says an absolute path, ends the unpacking (EXDEV). A leading "/" means the root, as
in every other engine, and of several entries of one name the last counts.
"""

from __future__ import annotations

import errno
import os
import stat

from ..kernel import entries
from ..kernel.entries import Description
from .tarstream import (
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."  # all others that begin so are notes of aufs to itself
_OPEN_PARENTS = 32
_NODES = {CHARACTER: stat.S_IFCHR, BLOCK_DEVICE: stat.S_IFBLK, FIFO: stat.S_IFIFO}
# What would redirect the file system that the layer becomes part of, or belongs to the host it was packed on.
_FOREIGN = ("trusted.overlay.", "user.overlay.", "security.selinux", "security.ima", "security.evm")


class Limits:
    """What one layer may come to. `ratio` (of the unpacked to the packed size) counts beyond `ratio_from` bytes."""

    __slots__ = ("depth", "members", "ratio", "ratio_from", "size")

    def __init__(
        self, *, members: int = 4_000_000, size: int = 1 << 40, depth: int = 1000, ratio: int = 500,
        ratio_from: int = 4 << 30,
    ) -> None:  # fmt: skip
        self.members, self.size, self.depth, self.ratio, self.ratio_from = members, size, depth, ratio, ratio_from


DEFAULT_LIMITS = Limits()


def unpack(
    pieces: Iterator[bytes], directory: str, *, packed: int, below: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS
) -> int:
    """The empty `directory` holds what the archive holds; the bytes of all its files. Blocks as long as that takes.

    `packed` is the size of the archive as it came, `below` the directories of the layers below, the top one first:
    a directory that the archive takes for granted looks as it does there.

    Raises: BadArchive, Damaged (from `pieces`), OSError (the disk is full...); what was made until then stays.
    """
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    work = _Unpacking(root, below)
    archive = Archive(pieces)
    allowed = min(limits.size, max(limits.ratio_from, packed * limits.ratio))
    total = count = 0
    try:
        work.imply((), root)
        for member in archive:
            count += 1
            total += member.size
            if count > limits.members:
                raise BadArchive(f"the layer has more than {limits.members} entries")
            if total > allowed:
                raise BadArchive(f"{member.name}: the layer unpacks to more than {allowed} bytes")
            names = member.name.removeprefix("./").split("/")
            if "" in names or "." in names:
                names = [name for name in names if name not in ("", ".")]
            if ".." in names or len(names) > limits.depth:
                raise BadArchive(f"{member.name}: {'..' if '..' in names else 'too many directories'} in the path")
            try:
                work.add(member, names, archive)
            except OSError as problem:
                raise _refusal(problem, member) from None
        work.finish()
    finally:
        work.close()
    return total


def _refusal(problem: OSError, member: Member) -> Exception:
    """The error, as the archive's fault where it is."""
    why = {
        errno.EXDEV: "a link on the way to it leads out of the layer",
        errno.ELOOP: "a link is in its way",
        errno.ENOTDIR: "a file is in the place of a directory",
        errno.ENAMETOOLONG: "the name is too long",
        errno.ENOENT: f"there is no {member.link} to link to" if member.kind == HARD_LINK else "no such directory",
        errno.EINVAL: "the kernel does not take it",
        errno.E2BIG: "an extended attribute is too large",
        errno.ERANGE: "an extended attribute is too large",
    }.get(problem.errno or 0)
    if why:
        return BadArchive(f"{member.name}: {why}")
    return OSError(problem.errno, problem.strerror, member.name)


class _Unpacking:
    """Where an unpacking stands: the directories that are open, and how all of them are to look in the end."""

    def __init__(self, root: int, below: Sequence[str]) -> None:
        self.root, self.below = root, below
        self.open: dict[tuple[str, ...], int] = {}
        self.directories: dict[tuple[str, ...], Description] = {}
        self.lowers: list[int] | None = None
        self.whole = os.geteuid() == 0
        self.opaque: set[tuple[str, ...]] = set()
        self.whiteouts: list[tuple[str, ...]] = []

    def close(self) -> None:
        for fd in (*self.open.values(), *(self.lowers or ()), self.root):
            os.close(fd)

    def forget(self) -> None:
        """After something was removed: paths may mean something else now."""
        while self.open:
            os.close(self.open.popitem()[1])

    def parent(self, names: tuple[str, ...]) -> int:
        """An fd of the directory, made if the archive took it for granted."""
        if not names:
            return self.root
        fd = self.open.get(names)
        if fd is not None:
            return fd
        try:
            fd = entries.open_below(self.root, "/".join(names), os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            above = self.parent(names[:-1])
            try:
                entries.new_dir(above, names[-1])
            except FileExistsError:  # a whiteout, or a link to nowhere
                if not self.is_whiteout(above, names[-1]):
                    raise OSError(errno.EXDEV, "") from None
                self.remove(above, names)
                return self.parent(names)
            fd = entries.open_below(self.root, "/".join(names), os.O_RDONLY | os.O_DIRECTORY)
            self.imply(names, fd)
        except NotADirectoryError:
            above = self.parent(names[:-1])
            if not self.is_whiteout(above, names[-1]):
                raise
            self.remove(above, names)
            entries.new_dir(self.parent(names[:-1]), names[-1])
            fd = entries.open_below(self.root, "/".join(names), os.O_RDONLY | os.O_DIRECTORY)
            entries.make_opaque(fd)
            self.opaque.add(names)
            self.directories[names] = Description(0o755, 0, 0, 0, {})
        while len(self.open) >= _OPEN_PARENTS:
            os.close(self.open.pop(next(iter(self.open))))
        self.open[names] = fd
        return fd

    def imply(self, names: tuple[str, ...], fd: int) -> None:
        """A directory that no entry describes (so far) looks as in the layers below."""
        if self.lowers is None:
            self.lowers = [os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in self.below]
        about = Description(0o755, 0, 0, 0, {})  # a time that is the same for everybody
        for lower in self.lowers:
            try:
                found = entries.open_below(lower, "/".join(names) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
            except OSError:
                break
            try:
                seen = os.fstat(found)
                attributes = entries.attributes_of(f"/proc/self/fd/{found}/.", _FOREIGN)
                about = Description(stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_mtime_ns, attributes)
            finally:
                os.close(found)
            break
        self.directories[names] = about

    def is_whiteout(self, parent: int, name: str) -> bool:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0

    def remove(self, parent: int, names: tuple[str, ...]) -> None:
        """What has this name goes, for something else takes it."""
        entries.remove_entry(parent, names[-1])
        depth = len(names)
        for known in [known for known in self.directories if known[:depth] == names]:
            del self.directories[known]
        self.forget()

    def add(self, member: Member, parts: list[str], archive: Archive) -> None:
        names = tuple(parts)
        if not names:
            if member.kind != DIRECTORY:
                raise BadArchive(f"{member.name}: the root of a layer must be a directory")
            self.directories[()] = self.described(member)
            return
        above, name = names[:-1], names[-1]
        parent = self.parent(above)
        if name.startswith(_WHITEOUT):
            self.hide(above, name, parent)
        elif member.kind == DIRECTORY:
            self.add_dir(names, parent, member)
        else:
            try:
                self.make(parent, name, member, archive)
            except FileExistsError:
                if member.kind == HARD_LINK and self.same(parent, name, member.link):
                    return
                self.remove(parent, names)
                self.make(self.parent(above), name, member, archive)

    def make(self, parent: int, name: str, member: Member, archive: Archive) -> None:
        kind = member.kind
        if kind == FILE:
            entries.new_file(parent, name, archive.data(), self.described(member))
        elif kind == LINK:
            entries.new_link(parent, name, member.link, self.described(member))
        elif kind == HARD_LINK:
            other, other_name = self.linked(member.link)
            entries.new_hard_link(parent, name, other, other_name)
        else:
            entries.new_node(parent, name, _NODES[kind], member.device, self.described(member))

    def linked(self, link: str) -> tuple[int, str]:
        """The directory and the name of what a hard link points to: a file of this layer. Not a directory."""
        parts = [part for part in link.split("/") if part not in ("", ".")]
        if ".." in parts or not parts:
            raise BadArchive(f"{link}: a hard link out of the layer")
        names = tuple(parts)
        other = self.root
        if names[:-1]:
            fd = self.open.get(names[:-1])
            if fd is None:
                fd = entries.open_below(self.root, "/".join(names[:-1]), os.O_RDONLY | os.O_DIRECTORY)
                self.open[names[:-1]] = fd
            other = fd
        if stat.S_ISDIR(os.stat(names[-1], dir_fd=other, follow_symlinks=False).st_mode):
            raise BadArchive(f"{link}: a hard link to a directory")
        return other, names[-1]

    def same(self, parent: int, name: str, link: str) -> bool:
        """Whether the name is that file already: removing it would remove what the link is to."""
        other, other_name = self.linked(link)
        mine = os.stat(name, dir_fd=parent, follow_symlinks=False)
        theirs = os.stat(other_name, dir_fd=other, follow_symlinks=False)
        return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)

    def add_dir(self, names: tuple[str, ...], parent: int, member: Member) -> None:
        try:
            entries.new_dir(parent, names[-1])
        except FileExistsError:
            opaque = self.is_whiteout(parent, names[-1])
            self.remove(parent, names)
            parent = self.parent(names[:-1])
            entries.new_dir(parent, names[-1])
            if opaque:  # removed and made anew: what was in it below stays hidden
                fd = entries.open_below(parent, names[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    entries.make_opaque(fd)
                finally:
                    os.close(fd)
                self.opaque.add(names)
        self.directories[names] = self.described(member)

    def hide(self, above: tuple[str, ...], name: str, parent: int) -> None:
        if name == _OPAQUE:
            entries.make_opaque(parent)
            self.opaque.add(above)
            return
        if name.startswith(_AUFS):
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise BadArchive(f"{'/'.join((*above, name))}: a whiteout of nothing")
        try:
            entries.new_whiteout(parent, hidden)
            self.whiteouts.append((*above, hidden))
        except FileExistsError:  # it hides what is below only, and this layer has its own: no matter which came first
            if stat.S_ISDIR(os.stat(hidden, dir_fd=parent, follow_symlinks=False).st_mode):
                entries.make_opaque(self.parent((*above, hidden)))
                self.opaque.add((*above, hidden))

    def described(self, member: Member) -> Description:
        attributes = member.attributes
        if attributes:
            attributes = {key: value for key, value in attributes.items() if not key.startswith(_FOREIGN)}
        uid, gid = (member.uid, member.gid) if self.whole else (None, None)
        return Description(member.mode, uid, gid, member.modified, attributes)

    def is_below(self, names: tuple[str, ...]) -> bool:
        """Whether a layer below has this directory: without one, overlayfs would show whiteouts as broken files."""
        for lower in self.lowers or ():
            try:
                os.close(entries.open_below(lower, "/".join(names) or "."))
            except OSError:
                continue
            return True
        return False

    def drop_whiteout(self, names: tuple[str, ...]) -> None:
        try:
            parent = self.parent(names[:-1])
            if self.is_whiteout(parent, names[-1]):
                entries.remove_entry(parent, names[-1])
        except (FileNotFoundError, NotADirectoryError):  # its directory was replaced
            return

    def finish(self) -> None:
        """All directories look as they should: only now, for what is made in one changes its time."""
        for names in self.whiteouts:
            if names[:-1] in self.opaque or not self.is_below(names[:-1]):
                self.drop_whiteout(names)
        self.forget()
        for names, about in self.directories.items():
            try:
                fd = entries.open_below(self.root, "/".join(names) or ".", os.O_RDONLY | os.O_DIRECTORY)
            except (FileNotFoundError, NotADirectoryError):  # it was reached by a link that is another one now
                continue
            try:
                entries.describe_dir(fd, about)
            finally:
                os.close(fd)

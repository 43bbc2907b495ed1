"""Files into a container and out of it, as tar archives; nothing of the container is ever executed or trusted."""

from __future__ import annotations

import os
import stat

from ..errors import NotFound
from ..kernel.files import open_in_root
from ..storage.pack import pack_content, pack_one
from .bounds import Bounds
from .roots import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Protocol

    from ..kernel.watch import Cancel
    from .container import Container

    class Source(Protocol):
        def read(self, size: int, /) -> bytes: ...


_PIECE = 1 << 20
_LINKS = 40  # as many as the kernel follows


class NoSuchPath(NotFound):
    """There is nothing at this path in the container."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(f'"{path}" could not be found on container {name}: no such file or directory')
        self.path, self.name = path, name


class Outgoing:
    """What is at a path of a container, links on the way and the last one followed, as a tar archive in pieces.

    Iterate once, and close it if not to the end: a container that does not run is claimed meanwhile. `mode`, `size`
    and `modified` (ns) are of the file itself, `name` is how the archive calls it: "." for what is in a directory.
    /proc, /sys and /dev are empty in what is above them. `follow` False: a link at the end, with no slash after it,
    is what is meant. `itself`: with the name "." too the directory has an entry, before those of what is in it.
    """

    __slots__ = ("_bounds", "_fd", "_itself", "_root", "mode", "modified", "name", "size")

    def __init__(
        self, handle: Container, path: str, *, name: str | None = None, follow: bool = True, itself: bool = False,
        timeout: float | None = None, cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        self._bounds, self._itself, self._fd = Bounds(timeout, cancel), itself, -1
        self._root = Root(handle, cancel)
        try:
            self._fd = find(self._root, handle, path, follow=follow or path.endswith(("/", "/.")))
            found = os.fstat(self._fd)
            if stat.S_ISLNK(found.st_mode) and not _leads(self._fd):
                raise NoSuchPath(path, handle.name)
        except BaseException:
            if self._fd < 0:
                self._root.close()
            self.close()
            raise
        self.mode, self.size, self.modified = found.st_mode, found.st_size, found.st_mtime_ns
        last = "." if path.rstrip("/") == "" else path.rstrip("/").rpartition("/")[2]
        self.name = name or ("." if last in (".", "..") else last)

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    def leads_to(self, path: str) -> str:
        """See `followed`; for as long as this is open."""
        return _followed(self._root, path)

    def __enter__(self) -> Outgoing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        try:
            if self.is_dir and self.name == "." and not self._itself:
                yield from self._bounds.within(pack_content(self._fd, apart=self._root.apart))
            else:
                yield from self._bounds.within(pack_one(self._fd, self.name, apart=self._root.apart))
        finally:
            self.close()

    def close(self) -> None:
        """The container is not used any more."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
            self._root.close()


def _leads(link: int) -> bool:
    """Whether the link says where it leads: /proc/self has nothing to say to who is no process of the container."""
    try:
        return bool(os.readlink(b"", dir_fd=link))
    except OSError:
        return False


def find(root: Root, handle: Container, path: str, *, follow: bool = True) -> int:
    """An O_PATH fd of what is at the path. Raises: NoSuchPath, OSError."""
    try:
        return open_in_root(root.fd, root.path(path), os.O_PATH | (0 if follow else os.O_NOFOLLOW))
    except (FileNotFoundError, NotADirectoryError):
        raise NoSuchPath(path, handle.name) from None


def followed(handle: Container, path: str) -> str:
    """The path, or where it leads if it ends in a link, be anything there or not. What is given is not looked at."""
    with Root(handle) as root:
        return _followed(root, path)


def _followed(root: Root, path: str) -> str:
    for _ in range(_LINKS):
        above, last = os.path.split(path)
        try:
            fd = open_in_root(root.fd, root.path(above), os.O_PATH)
        except OSError:
            return path
        try:
            path = os.path.join(above, os.readlink(last, dir_fd=fd))
        except OSError:
            return path  # it is no link
        finally:
            os.close(fd)
    return path


def copy_in(
    handle: Container, path: str, archive: Iterable[bytes] | Source, *, own: bool = False, overwrite: bool = False,
    rename: tuple[str, str] | None = None, timeout: float | None = None, cancel: Cancel | None = None,
) -> None:  # fmt: skip
    """See Container.copy_in."""
    from .extract import Destination, extract, uncompressed

    bounds = Bounds(timeout, cancel)
    with Root(handle, cancel) as root:
        fd = find(root, handle, path)
        try:
            if not stat.S_ISDIR(os.fstat(fd).st_mode):
                raise NotADirectoryError(20, os.strerror(20), path)
        finally:
            os.close(fd)
        owner = _user(root, handle) if own else None
        extract(
            uncompressed(bounds.within(pieces_of(archive))), Destination(root.fd, root.path(path)), owner=owner,
            overwrite=overwrite, rename=rename,
        )  # fmt: skip


def _user(root: Root, handle: Container) -> tuple[int, int]:
    """The uid and gid of the container's processes."""
    from ..spec.users import look_up
    from .stored import decode_config

    config = decode_config(handle._on.store.config(handle.id))
    who = look_up(f"/proc/self/fd/{root.fd}", config.user, config.groups, config.host_users)
    return who.uid, who.gid


def pieces_of(archive: Iterable[bytes] | Source) -> Iterator[bytes]:
    """The archive in pieces, be it bytes, a stream or pieces already."""
    if isinstance(archive, (bytes, bytearray, memoryview)):
        return iter((bytes(archive),))
    read = getattr(archive, "read", None)
    if read is None:
        return iter(archive)  # type: ignore[arg-type]  # it is no Source
    return iter(lambda: read(_PIECE), b"")

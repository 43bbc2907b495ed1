"""A file that is written for a while and then is there whole, or never was."""

from __future__ import annotations

import errno
import os

from .effects import effect
from .files import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


class Landing:
    """A nameless file that `land` puts at `path`, in place of what was there; use it as a context manager.

    A process that is killed before leaves nothing, where the file system has nameless files; elsewhere, or within the
    moment of landing, it may leave one with a random name in the directory `by_way_of` (that of `path`).

    Raises: OSError (no such directory, a directory is at `path`...).
    """

    __slots__ = ("_fd", "_path", "_temporary", "_way")

    def __init__(self, path: str, mode: int = 0o600, *, by_way_of: str = "") -> None:
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        self._path = path
        self._way = by_way_of or os.path.dirname(path) or "."
        self._temporary = ""
        self._fd = _nameless(self._way, mode)
        if self._fd < 0:
            self._temporary = self._beside()
            self._fd = _named(self._temporary, mode)

    def _beside(self) -> str:
        return f"{self._way}/.{os.urandom(12).hex()}~"

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd >= 0:
            self.drop()

    @effect("unlink")
    def drop(self) -> None:
        """What has not landed is gone."""
        os.close(self._fd)
        self._fd = -1
        if self._temporary:
            os.unlink(self._temporary)

    @effect("write")
    def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        """The file holds the pieces, one after the other, after what it held."""
        for piece in pieces:
            write_all(self._fd, bytes(piece) if isinstance(piece, memoryview) else piece)

    def fileno(self) -> int:
        """The file, for a program that is to write it."""
        return self._fd

    @effect("rename")
    def land(self) -> None:
        """The file is at its path, whole, and will survive a power cut."""
        os.fsync(self._fd)
        if not self._temporary:
            temporary = self._beside()
            here = os.open(self._way, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:  # only with a directory's fd does Python make the call that follows /proc's link
                os.link(
                    f"/proc/self/fd/{self._fd}", os.path.basename(temporary), dst_dir_fd=here, follow_symlinks=True
                )
            finally:
                os.close(here)
            self._temporary = temporary
        os.rename(self._temporary, self._path)
        self._temporary = ""
        os.close(self._fd)
        self._fd = -1


@effect("open")
def _nameless(folder: str, mode: int) -> int:
    """The fd of a file without a name, -1 where there is no such thing."""
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode)
    except OSError as problem:
        if problem.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOSYS):
            return -1
        raise
    os.fchmod(fd, mode)
    return fd


@effect("open")
def _named(path: str, mode: int) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    os.fchmod(fd, mode)
    return fd

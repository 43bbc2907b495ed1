"""Space that is kept beside the database, so that containers can be stopped and removed when the disk is full.

SQLite cannot even read a WAL database there: whoever opens it first needs space for the index of the log. So on a full
disk the database is opened "narrow": the reserve, whose place on disk nobody can take, becomes the log by a second
name, and the index stays in memory, which SQLite does for a connection that excludes all others. That lasts for one
transaction, so nobody is excluded for long. Where somebody has the database open already, its index is there, and the
log gets what the reserve gives up; it is taken back as soon as there is room.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ..kernel.allocation import allocate, blank, free_space, shrink
from ..kernel.files import link
from ..kernel.locks import lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

SIZE = 4 << 20
_SHORT = 1 << 20
_PIECE = 128 << 10  # more than a transaction writes
_HEADER, _FRAME = 32, 4096 + 24  # of a log
_OUT_OF_SPACE = (10, 13, 14)  # SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN, without their extensions


class Reserve:
    """The space kept for the database at `path`."""

    __slots__ = ("_database", "_folder", "_index", "_log", "_path", "lent")

    def __init__(self, path: str) -> None:
        self._database = path
        self._path, self._log, self._index = f"{path}-reserve", f"{path}-wal", f"{path}-shm"
        self._folder = os.path.dirname(path)
        self.lent = False  # some of it, by us

    def is_short(self) -> bool:
        """Whether the disk is full or nearly so."""
        return free_space(self._folder) < _SHORT

    def explains(self, problem: sqlite3.Error) -> bool:
        """Whether a full disk is the reason of `problem`."""
        return getattr(problem, "sqlite_errorcode", 0) & 0xFF in _OUT_OF_SPACE and self.is_short()

    def become_log(self) -> bool:
        """The reserve is the log of the database, if that has none; False if it has another one."""
        fd = lock_file(self._path, timeout=None)
        assert fd is not None
        try:
            if os.fstat(fd).st_nlink == 1:  # else it is the log already, and perhaps somebody's
                if os.path.exists(self._log):
                    return False
                blank(self._path, _HEADER)  # what it held as a log was moved to the database
                link(self._path, self._log)
        except FileExistsError:
            return False
        finally:
            unlock(fd)
        return True

    def make_room(self) -> None:
        """The database has the place that what is in its log may need, or the reserve is used up."""
        self.lent = True
        size = os.stat(self._database).st_size + os.stat(self._log).st_size
        while True:
            try:
                return allocate(self._database, size)  # SQLite cuts off what lies behind its last page
            except OSError:
                if not shrink(self._path, _PIECE):
                    return None

    def lend(self) -> None:
        """The log of a database that is open has space for the next transaction, or the reserve is used up."""
        self.lent = True
        used = _HEADER + self._frames() * _FRAME
        while True:
            try:
                return allocate(self._log, used + _PIECE)  # zeros behind the last frame mean nothing to SQLite
            except OSError:
                if not shrink(self._path, _PIECE):
                    return None

    def _frames(self) -> int:
        """How many frames the log has: the fifth word of its index."""
        try:
            with open(self._index, "rb") as index:
                return int.from_bytes(index.read(20)[16:], sys.byteorder)
        except FileNotFoundError:
            return 0

    def take_back(self) -> None:
        """The reserve is whole, or as big as there is room."""
        size = 0
        with suppress(FileNotFoundError):
            size = os.stat(self._path).st_size
        step = _PIECE if self.lent else SIZE
        with suppress(OSError):
            while size < SIZE:
                size = min(SIZE, size + step)
                allocate(self._path, size)
            self.lent = False

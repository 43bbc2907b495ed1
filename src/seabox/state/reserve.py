"""Space that the database has of its own, so that containers can be stopped and removed when the disk is full.

What is free on a full disk is gone before it can be used: a container that writes without pause takes it. So nothing is
given up. The log of the database is always one file of 4 MiB, all of whose blocks are its own, and which has a second
name: SQLite removes the log when the last connection closes, and the reserve stays, to be the next log. The database
has some empty pages that the log can be moved to (see Connections.keep_spare).

What SQLite needs beyond that, the index of the log, it makes anew whenever nobody had the database open. Where there is
no room for it the database is opened "narrow": the index stays in memory, which SQLite does for a connection that
excludes all others. That lasts for one transaction, so nobody is excluded for long.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from ..diagnostics import debug
from ..kernel.allocation import allocate, blank, free_space
from ..kernel.files import link
from ..kernel.locks import lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

SIZE = 4 << 20  # bytes, four times what the log is allowed before it is moved; its index has room for that
_SHORT = 1 << 20
_LONGEST = 60.0  # s
_OUT_OF_SPACE = (10, 13, 14)  # SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN, without their extensions


class Reserve:
    """The space kept for the database at `path`."""

    __slots__ = ("_database", "_folder", "_log", "_path", "refused")

    def __init__(self, path: str) -> None:
        self._database, self._path, self._log = path, f"{path}-reserve", f"{path}-wal"
        self._folder = os.path.dirname(path)
        self.refused = False  # there is no room for it, or the file system has no second names

    def is_short(self) -> bool:
        """Whether the disk is full or nearly so."""
        try:
            return free_space(self._folder) < _SHORT
        except FileNotFoundError:
            return False

    def explains(self, problem: sqlite3.Error) -> bool:
        """Whether a full disk is the reason of `problem`."""
        return getattr(problem, "sqlite_errorcode", 0) & 0xFF in _OUT_OF_SPACE and self.is_short()

    def has_log(self) -> bool:
        """Whether the database has a log."""
        return os.path.exists(self._log)

    def _has_pages(self) -> bool:
        """Whether the database is more than a name: SQLite removes the log of an empty one and fails if another did."""
        try:
            return os.stat(self._database).st_size > 0
        except FileNotFoundError:
            return False

    def is_log(self) -> bool:
        """Whether the log of the database is the reserve: the only reason for it to have two names."""
        try:
            return os.stat(self._log).st_nlink > 1
        except FileNotFoundError:
            return False

    def become_log(self) -> None:
        """The reserve is whole, and the log of the database, if that has none and there is room; never in the way."""
        with suppress(OSError):
            self.release(self.occupy())

    def occupy(self) -> int:
        """As `become_log`, and nobody else gets this far until what is returned is given to `release`.

        Blocks while somebody has the database open narrow. Raises: OSError (EBUSY after a minute).
        """
        fd = lock_file(self._path, timeout=_LONGEST)
        if fd is None:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), self._path)
        try:
            if not self.has_log() and self._has_pages():
                allocate(self._path, SIZE)
                blank(self._path)  # what it held as a log was moved to the database
                link(self._path, self._log)
        except OSError as problem:
            self.refused = not isinstance(problem, FileExistsError)
            debug("the log of %s is not the reserve: %s", self._database, problem)
        return fd

    def release(self, occupied: int) -> None:
        """Whoever waits in `occupy` goes on."""
        unlock(occupied)

"""Connections to the database, one per thread; on a full disk it opens all the same."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from _weakrefset import WeakSet
from contextlib import contextmanager

from ..errors import SchemaTooNew
from ..kernel import files
from .reserve import Reserve
from .schema import MIGRATIONS, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BUSY_TIMEOUT = 60.0  # s
_LOG_PAGES = 250  # of 4 KiB: then the log is written back; whoever opens a store that nobody has open reads all of it
_NARROW_TIMEOUT = 0.02  # s: whoever has it open wide may do so for long


class _Mine:
    """What one thread has open: in which process, and how many blocks are using it."""

    __slots__ = ("__weakref__", "db", "depth", "narrow", "pid")

    def __init__(self, db: sqlite3.Connection, narrow: bool) -> None:
        self.db, self.narrow, self.depth, self.pid = db, narrow, 0, os.getpid()

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:  # its thread has ended
        if self.pid == getpid():
            self.db.close()
        elif self.pid:
            _inherited.append(self.db)  # closed here, it would lose the locks of the process that opened it


_inherited: list[sqlite3.Connection] = []


class Connections:
    """The connections of this process to the database at `path`, opened at first use; safe after fork."""

    def __init__(self, path: str) -> None:
        self._path, self._reserve, self._wrote = path, Reserve(path), False
        self._of_thread = threading.local()  # what each thread has open, until it ends
        self._all: WeakSet[_Mine] = WeakSet()
        self._gate = threading.Lock()

    @contextmanager
    def use(self, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """This thread's connection; with `to_write`, one whose log has space. Raises: SchemaTooNew, sqlite3.Error."""
        short = False
        if to_write:
            self._wrote = True
            short = os.path.exists(self._path) and self._reserve.is_short()
        mine = self._take(short)
        try:
            if short and not mine.narrow and mine.depth == 1:
                self._reserve.lend()
            yield mine.db
        finally:
            mine.depth -= 1
            if mine.narrow and not mine.depth:
                self._close(mine)

    def _take(self, short: bool) -> _Mine:
        with self._gate:
            mine: _Mine | None = getattr(self._of_thread, "mine", None)
            if mine is not None and mine.pid != os.getpid():
                mine = None  # a connection inherited by fork, or closed meanwhile, is left alone
            if short and (mine is None or not mine.depth):
                for idle in [each for each in self._all if not each.depth and each.pid == os.getpid()]:
                    self._close(idle)  # a narrow one wants to be alone
                mine = None
            if mine is not None:
                mine.depth += 1
                return mine
        self._of_thread.mine = mine = _Mine(*open_database(self._path, self._reserve, narrow=short))
        mine.depth = 1
        self._all.add(mine)
        return mine

    def _close(self, mine: _Mine) -> None:
        mine.pid = 0
        mine.db.close()
        self._all.discard(mine)

    def leave(self) -> None:
        """Nothing is open in this thread, which is about to end."""
        with self._gate:
            mine: _Mine | None = getattr(self._of_thread, "mine", None)
            if mine is not None and mine.pid == os.getpid() and not mine.depth:
                self._close(mine)

    def close(self) -> None:
        """Nothing is open in this process."""
        for mine in list(self._all):
            if mine.pid == os.getpid():
                mine.db.close()
        self._all.clear()
        self._of_thread = threading.local()
        if self._wrote:
            self._wrote = False
            if os.path.exists(self._path):
                self._reserve.take_back()

    def leave_open(self) -> None:
        """As `close`, for a process that is about to end: what the kernel does as well is left to it.

        The last to close a database writes its log back, with two syncs; the next to open it just reads that log.
        """
        if self._reserve.lent:
            self.close()
        elif self._wrote:
            self._wrote = False
            self._reserve.take_back()


def open_database(path: str, reserve: Reserve, *, narrow: bool = False) -> tuple[sqlite3.Connection, bool]:
    """A connection to the database at `path`, made if it was absent, in autocommit; and whether it is a narrow one.

    A narrow one excludes everybody else and must be closed at once; see Reserve. It is got where the disk is too
    full for another, or if it is wished for and nobody has the database open. Raises: SchemaTooNew, sqlite3.Error.
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            return (_narrow(path, reserve) if narrow else _wide(path, reserve)), narrow
        except sqlite3.OperationalError as problem:
            # narrow fails while somebody has it open wide, and then wide works; and the other way round
            lasts = narrow and "locked" not in str(problem)
            if lasts or not (narrow or reserve.explains(problem)) or time.monotonic() > deadline:
                raise
        narrow = not narrow


def _wide(path: str, reserve: Reserve) -> sqlite3.Connection:
    fresh = not os.path.exists(path)
    if fresh:
        files.make_dirs(os.path.dirname(path), 0o700)
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        if fresh:
            files.chmod(path, 0o600)
        _prepare(db, reserve, _BUSY_TIMEOUT)
    except BaseException:
        db.close()
        raise
    return db


def _narrow(path: str, reserve: Reserve) -> sqlite3.Connection:
    while True:
        is_log = reserve.become_log()
        db = sqlite3.connect(path, timeout=_NARROW_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            _prepare(db, reserve, _NARROW_TIMEOUT)
            if is_log:
                return db
            # the log of somebody who has ended: what is in it goes to the database, and closing removes it
            reserve.make_room()
            moved = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if moved[0] or moved[1] != moved[2]:
                return db
        except BaseException:
            db.close()
            raise
        db.close()


def _prepare(db: sqlite3.Connection, reserve: Reserve, patience: float) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise SchemaTooNew(version, VERSION)
    if version < VERSION:
        _set_wal(db, patience)
        _migrate(db)
        reserve.take_back()
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")


def _set_wal(db: sqlite3.Connection, patience: float) -> None:
    """The database has a log. Blocks up to `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > deadline:
                raise
        db.execute("BEGIN EXCLUSIVE")  # here SQLite waits for whoever does the same; the pragma does not
        db.execute("ROLLBACK")


def _migrate(db: sqlite3.Connection) -> None:
    """The store has the newest schema; several processes may try at once."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        for script in MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise

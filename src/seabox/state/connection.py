"""Connections to the database, one per thread; on a full disk it opens all the same."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from _weakrefset import WeakSet
from contextlib import contextmanager, suppress

from ..errors import SchemaTooNew
from ..kernel import files
from .reserve import Reserve
from .schema import MIGRATIONS, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BUSY_TIMEOUT = 60.0  # s
_LOG_PAGES = 250  # of 4 KiB: then the log is written back; whoever opens a store that nobody has open reads all of it
_SPARE_PAGES = 64
_SHORT_TIMEOUT = 0.05  # s: on a full disk, until it is opened the other way
_ATTEMPTS = 3  # to have the reserve as the log, where others come and go


class _Mine:
    """What one thread has open: in which process, how many blocks are using it, what of the reserve it occupies."""

    __slots__ = ("__weakref__", "db", "depth", "occupied", "pid")

    def __init__(self, db: sqlite3.Connection, occupied: int | None) -> None:
        self.db, self.occupied, self.depth, self.pid = db, occupied, 0, os.getpid()

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:  # its thread has ended
        if self.pid == getpid():
            self.db.close()
        elif self.pid:
            _inherited.append(self.db)  # closed here, it would lose the locks of the process that opened it


_inherited: list[sqlite3.Connection] = []


class Connections:
    """The connections of this process to the database at `path`, opened at first use; safe after fork."""

    def __init__(self, path: str) -> None:
        self._path, self._reserve = path, Reserve(path)
        self._of_thread = threading.local()  # what each thread has open, until it ends
        self._all: WeakSet[_Mine] = WeakSet()
        self._gate = threading.Lock()

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection. Raises: SchemaTooNew, sqlite3.Error."""
        mine = self._take()
        try:
            yield mine.db
        finally:
            mine.depth -= 1
            if mine.occupied is not None and not mine.depth:
                self._close(mine)

    def _take(self) -> _Mine:
        with self._gate:
            mine: _Mine | None = getattr(self._of_thread, "mine", None)
            if mine is not None and mine.pid == os.getpid():  # else inherited by fork, or closed meanwhile: left alone
                mine.depth += 1
                return mine
        self._of_thread.mine = mine = _Mine(*open_database(self._path, self._reserve))
        mine.depth = 1
        self._all.add(mine)
        return mine

    def _close(self, mine: _Mine) -> None:
        mine.pid = 0
        _shut(mine.db, self._reserve, mine.occupied)
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

    def keep_spare(self) -> None:
        """The database has empty pages to grow into, if there is room for them."""
        if not self._reserve.is_short():
            with self.use() as db, suppress(sqlite3.OperationalError):
                _keep_spare(db)


def open_database(path: str, reserve: Reserve) -> tuple[sqlite3.Connection, int | None]:
    """A connection to the database at `path`, made if it was absent, in autocommit; and the reserve if it is in use.

    Then the connection is a narrow one, which excludes everybody else and must be closed at once; see Reserve. It is
    got where the disk is too full for another. Raises: SchemaTooNew, sqlite3.Error, OSError.
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT
    for attempt in range(_ATTEMPTS):
        db, occupied = _open(path, reserve, deadline)
        if reserve.is_log() or reserve.refused or attempt == _ATTEMPTS - 1:
            break
        # another log goes with the last connection: that of a new database or a copy, or of whoever came first when
        # the log had just gone with a connection
        _shut(db, reserve, occupied)
    return db, occupied


def _open(path: str, reserve: Reserve, deadline: float) -> tuple[sqlite3.Connection, int | None]:
    """See open_database: with whatever log there is."""
    short = reserve.is_short()
    narrow = short
    while True:
        occupied = None
        try:
            if narrow:
                occupied = reserve.occupy()
            db = _connect(path, reserve, _SHORT_TIMEOUT if short else _BUSY_TIMEOUT, narrow=narrow)
        except BaseException as problem:
            if occupied is not None:
                reserve.release(occupied)
            if not isinstance(problem, sqlite3.OperationalError) or time.monotonic() > deadline:
                raise
            # narrow fails while somebody has it open wide, and then wide works; and the other way round
            if "locked" not in str(problem) and (narrow or not reserve.explains(problem)):
                raise
            short = reserve.is_short()
            narrow = short and not narrow
        else:
            if short and not narrow:
                db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT * 1000:.0f}")
            return db, occupied


def _shut(db: sqlite3.Connection, reserve: Reserve, occupied: int | None) -> None:
    db.close()
    if occupied is not None:
        reserve.release(occupied)


def _connect(path: str, reserve: Reserve, patience: float, *, narrow: bool) -> sqlite3.Connection:
    if not reserve.has_log() and not narrow:
        if os.path.exists(path):
            reserve.become_log()
        else:
            files.make_dirs(os.path.dirname(path), 0o700)
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        if narrow:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
        _prepare(db, path, patience)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: str, patience: float) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise SchemaTooNew(version, VERSION)
    if version < VERSION:
        files.chmod(path, 0o600)
        _set_wal(db, patience)
        _migrate(db)
        _keep_spare(db)
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


def _keep_spare(db: sqlite3.Connection) -> None:
    """At least half of the spare pages are there: empty ones that were written once, and so have their place on disk.

    The log is moved to the database every now and then. That fails where the database had to become longer on a full
    disk; then the log would grow instead until its own space is used up.
    """
    empty: int = db.execute("PRAGMA freelist_count").fetchone()[0]
    if empty < _SPARE_PAGES // 2:
        size = db.execute("PRAGMA page_size").fetchone()[0] * (_SPARE_PAGES - empty)
        # two transactions: what is made and freed in one is never written
        db.execute(f"CREATE TABLE IF NOT EXISTS spare AS SELECT zeroblob({size}) AS pages")
        db.execute("DROP TABLE IF EXISTS spare")

"""A database whose pages are damaged: what is wrong with it, and a whole one made of all rows that can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

from ..kernel import files
from ..kernel.effects import effect
from .schema import MIGRATIONS, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sqlite import SQLiteStore

BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter where the damage is part of SQLite's own words
_AT_MOST = 20  # lines that say the same in other words
_BUSY_TIMEOUT = 60.0  # s


def problems(path: str, *, quick: bool = False) -> list[str]:
    """What SQLite finds wrong with the pages and references of the database; [] if nothing."""
    try:
        with closing(_connect(path)) as db:
            check = "quick_check" if quick else "integrity_check"
            found = [str(row[0]) for row in db.execute(f"PRAGMA {check}({_AT_MOST})") if row[0] != "ok"]
            found += [f"a row of {row[0]} refers to one of {row[2]} that is not there"
                      for row in db.execute("PRAGMA foreign_key_check")]  # fmt: skip
            with closing(_connect(":memory:")) as other:
                _make_tables(other)
                found += [f"{line} is not in the schema as it should be" for line in _schema(other) - _schema(db)]
            return found[:_AT_MOST]
    except BROKEN as problem:
        return [str(problem)]


def rebuild(path: str) -> str:
    """The database is whole and has every row that could be read; where the damaged one is kept.

    Whoever has it open goes on with the whole one. Raises: sqlite3.Error, OSError.
    """
    kept, fresh = f"{path}-damaged", f"{path}-rebuilt"
    for name in (fresh, kept):
        files.remove_file(name)
    _make_new(path, fresh)
    with suppress(*BROKEN), closing(_connect(path)) as old, closing(_connect(kept)) as copy:
        old.backup(copy)
    files.chmod(fresh, 0o600)
    try:
        _replace(path, fresh)
        files.remove_file(fresh)
    except BROKEN:  # not even its first page can be read: nobody can have it open
        files.rename(path, kept)
        for name in (f"{path}-wal", f"{path}-shm"):
            files.remove_file(name)
        files.rename(fresh, path)
    return kept


def ids(store: SQLiteStore) -> list[str]:
    """The id of every row of a container, readable otherwise or not."""
    with store.reading() as db:
        return reachable(db)


def reachable(db: sqlite3.Connection) -> list[str]:
    """The ids of the containers whose rows can be reached from either end of the table, oldest first if possible."""
    found: dict[str, None] = {}
    for order in ("ORDER BY created_at", "ORDER BY id", "ORDER BY id DESC"):
        with suppress(*BROKEN):
            for (id,) in db.execute(f"SELECT CAST(id AS BLOB) FROM container {order}"):
                found[bytes(id or b"").decode(errors="replace")] = None
    return list(found)


def forget_image(store: SQLiteStore, id: str) -> None:
    """There is no row of this image, whatever its id looks like."""
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM image WHERE id = ?", (id,))


def forget(store: SQLiteStore, id: str) -> None:
    """There is no row of this container, whatever refers to it."""
    with store.transaction(durable=True) as db:
        db.execute("DELETE FROM requirement WHERE needs = ? OR id = ?", (id, id))
        db.execute("DELETE FROM container WHERE id = ?", (id,))


def rename(store: SQLiteStore, id: str, name: str) -> None:
    """The container bears this name, and nobody else does: another gets a name that nobody can have chosen."""
    with store.transaction(durable=True) as db:
        db.execute("UPDATE container SET name = 'lost-' || substr(id, 1, 12) WHERE name = ? AND id != ?", (name, id))
        db.execute("UPDATE container SET name = ? WHERE id = ?", (name, id))


@effect("rebuild")
def _make_new(path: str, fresh: str) -> None:
    with closing(_connect(fresh)) as new:
        _make_tables(new)
        tables = [row[0] for row in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")]
        new.execute("BEGIN")
        for table in tables:
            columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
            marks = ", ".join("?" * len(columns))
            with suppress(*BROKEN), closing(_connect(path)) as old:
                for row in _rows(old, new, table, columns):
                    with suppress(*BROKEN):  # a value that this column cannot have
                        new.execute(f"INSERT OR IGNORE INTO {table}({', '.join(columns)}) VALUES({marks})", row)
                        if table == "container" and not new.execute("SELECT changes()").fetchone()[0]:
                            ours = (f"lost-{row[0]!s:.12}", *row[2:])  # its name has become another's
                            new.execute(f"INSERT OR IGNORE INTO container VALUES({marks})", (row[0], *ours))
        _drop_orphans(new)
        new.execute("COMMIT")
        new.execute(f"PRAGMA user_version = {VERSION}")
        new.execute("PRAGMA journal_mode = WAL")


def _make_tables(new: sqlite3.Connection) -> None:
    for script in MIGRATIONS:
        for statement in filter(str.strip, script.split(";")):
            new.execute(statement)


def _schema(db: sqlite3.Connection) -> set[str]:
    return {f"{name}: {' '.join(str(sql).split())}" for name, sql in db.execute("SELECT name, sql FROM sqlite_schema")}


def _drop_orphans(new: sqlite3.Connection) -> None:
    """No row refers to one that was not found: an optional reference is forgotten, a row that needs one goes."""
    new.execute("UPDATE container SET image_id = NULL WHERE image_id NOT IN (SELECT id FROM image)")
    new.execute("UPDATE container SET pod = NULL, role = '' WHERE pod NOT IN (SELECT id FROM pod)")
    new.execute("UPDATE layer SET parent = NULL WHERE parent NOT IN (SELECT chain_id FROM layer)")
    tables = [row[0] for row in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for _ in tables:  # one that goes may have been needed by another
        for table in tables:
            for key in new.execute(f"PRAGMA foreign_key_list({table})").fetchall():
                column, other, there = key[3], key[2], key[4]
                new.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT {there} FROM {other})")


def _rows(old: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[object]]:
    """The rows that can be reached from either end, or by any index."""
    listed = ", ".join(columns)
    keys = [row[1] for row in new.execute(f"PRAGMA table_info({table})") if row[5]]
    order = ", ".join(f"{key} DESC" for key in keys)
    for query in (f"SELECT {listed} FROM {table}", f"SELECT {listed} FROM {table} ORDER BY {order}"):
        with suppress(*BROKEN):
            yield from old.execute(query)
    where = " AND ".join(f"{key} = ?" for key in keys)
    for index in [row[1] for row in new.execute(f"PRAGMA index_list({table})") if row[3] == "c"]:
        found: list[tuple[object, ...]] = []
        with suppress(*BROKEN):
            found.extend(old.execute(f"SELECT {', '.join(keys)} FROM {table} INDEXED BY {index}"))
        for key in found:
            with suppress(*BROKEN):
                yield from old.execute(f"SELECT {listed} FROM {table} WHERE {where}", key)


@effect("replace")
def _replace(path: str, fresh: str) -> None:
    with closing(_connect(fresh)) as source, closing(_connect(path)) as target:
        source.backup(target)


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None)

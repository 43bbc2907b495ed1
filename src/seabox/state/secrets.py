"""The table of secrets: which there are. Their bytes are not in it.

A secret is "making" or "removing" while its file is made or removed, under the lock of all secrets: one that is found
so while the lock is free was left by a process that died, and is to be removed. Nobody else gets to see it.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable
    from sqlite3 import Connection

    from .sqlite import SQLiteStore

_ID = "CAST(id AS BLOB)"  # so that one whose text is damaged can be read, and hides no other
_COLUMNS = f"SELECT {_ID}, CAST(name AS BLOB), CAST(config AS BLOB) FROM secret"
_READY = f"{_COLUMNS} WHERE phase = 'ready'"
_UNSETTLED = "phase IN ('making', 'removing')"


class SecretRow:
    """A secret, as stored."""

    __slots__ = ("config", "id", "name")

    def __init__(self, id: bytes, name: bytes | None, config: bytes | None) -> None:
        self.id, self.name, self.config = _text(id), _text(name or b""), config or b""


class SQLiteSecrets:
    """Secrets in the table of a SQLiteStore."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add(self, id: str, name: str, config: bytes) -> None:
        """The secret is being made."""
        with self._store.transaction() as db:
            db.execute("INSERT INTO secret VALUES(?, ?, ?, 'making')", (id, name, config))

    def made(self, id: str, *, replaced: str = "") -> None:
        """The secret exists (durable), and the one `replaced` is being removed; emits `remove` for that, `create`."""
        with self._store.transaction(durable=True) as db:
            if replaced:
                _retire(db, replaced)
            db.execute("UPDATE secret SET phase = 'ready' WHERE id = ?", (id,))
            _tell(db, "create", id)

    def find(self, name: str) -> SecretRow | None:
        """The secret with exactly this id, or this name."""
        with self._store.reading() as db:
            row = db.execute(f"{_READY} AND (id = ? OR name = ?) ORDER BY id <> ?", (name, name, name)).fetchone()
        return SecretRow(*row) if row else None

    def starting_with(self, prefix: str) -> builtins.list[str]:
        """The ids, at most two, that begin so."""
        with self._store.reading() as db:
            rows = db.execute(
                f"SELECT {_ID} FROM secret WHERE id >= ? AND id < ? AND phase = 'ready' LIMIT 2", (prefix, prefix + "g")
            ).fetchall()
        return [_text(row[0]) for row in rows]

    def list(self, *, every: bool = False) -> builtins.list[SecretRow]:
        """Every secret, by name; with `every` also those whose phase is none."""
        which = f"{_COLUMNS} WHERE NOT {_UNSETTLED}" if every else _READY
        with self._store.reading() as db:
            return [SecretRow(*row) for row in db.execute(f"{which} ORDER BY name")]

    def known(self) -> builtins.list[str]:
        """The id of every row, whatever its phase."""
        with self._store.reading() as db:
            return [_text(row[0]) for row in db.execute(f"SELECT {_ID} FROM secret")]

    def unsettled(self) -> builtins.list[str]:
        """Secrets that somebody is making or removing, or was."""
        with self._store.reading() as db:
            return [_text(row[0]) for row in db.execute(f"SELECT {_ID} FROM secret WHERE {_UNSETTLED}")]

    def retire(self, ids: Iterable[str]) -> None:
        """The secrets are being removed (durable); emits `remove` for each."""
        with self._store.transaction(durable=True) as db:
            for id in ids:
                _retire(db, id)

    def forget(self, id: str) -> None:
        """There is no row of this secret."""
        with self._store.transaction() as db:
            db.execute(f"DELETE FROM secret WHERE {_ID} = ?", (_bytes(id),))


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _retire(db: Connection, id: str) -> None:
    _tell(db, "remove", id)
    db.execute(f"UPDATE secret SET phase = 'removing' WHERE {_ID} = ?", (_bytes(id),))


def _tell(db: Connection, kind: str, id: str) -> None:
    """It is an event, if there is such a secret."""
    db.execute(
        "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
        f"SELECT ?, 'secret', ?, id, '', '', NULL, '' FROM secret WHERE {_ID} = ? AND phase = 'ready'",
        (time.time_ns(), kind, _bytes(id)),
    )

"""The tables of images and layers: what is referenced by what, so that nothing in use can be removed."""

from __future__ import annotations

import sqlite3

from ..errors import InUse, NoSuchImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

    from ..model.image import ImageRow
    from .sqlite import SQLiteStore


class SQLiteImageIndex:
    """Images in the store's database."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add_image(self, id: str, names: Sequence[str], layers: Sequence[str], config: bytes, created_at: int) -> None:
        """The image is known, under these names (taken from whoever had them); adding it again changes nothing else."""
        with self._store.transaction(durable=True) as db:
            db.execute("INSERT OR IGNORE INTO image VALUES(?, ?, ?)", (id, config, created_at))
            parent = None
            for position, chain_id in enumerate(layers):
                db.execute("INSERT OR IGNORE INTO layer VALUES(?, ?)", (chain_id, parent))
                db.execute("INSERT OR IGNORE INTO image_layer VALUES(?, ?, ?)", (id, position, chain_id))
                parent = chain_id
            _set_names(db, id, names)

    def set_names(self, id: str, names: Sequence[str]) -> None:
        """The image bears exactly these names. Raises: NoSuchImage."""
        with self._store.transaction() as db:
            if not db.execute("SELECT 1 FROM image WHERE id = ?", (id,)).fetchone():
                raise NoSuchImage(id)
            db.execute("DELETE FROM image_name WHERE image_id = ?", (id,))
            _set_names(db, id, names)

    def find(self, reference: str) -> ImageRow | None:
        """The image with this name, id or unique id prefix; None if there is none."""
        with self._store.reading() as db:
            row = db.execute("SELECT image_id FROM image_name WHERE name = ?", (reference,)).fetchone()
            if row is None and reference and set(reference) <= set("0123456789abcdef"):
                rows = db.execute(
                    "SELECT id FROM image WHERE id >= ? AND id < ? LIMIT 2", (reference, reference + "g")
                ).fetchall()
                row = rows[0] if len(rows) == 1 else None
            return None if row is None else _row(db, str(row[0]))

    def list(self) -> builtins.list[ImageRow]:
        """Every image, newest first."""
        with self._store.reading() as db:
            ids = [row[0] for row in db.execute("SELECT id FROM image ORDER BY created_at DESC, id")]
            return [_row(db, id) for id in ids]

    def remove(self, id: str) -> builtins.list[str]:
        """The image is not known any more; returns the layers that nothing uses now. Raises: InUse, NoSuchImage."""
        with self._store.transaction(durable=True) as db:
            user = db.execute("SELECT id FROM container WHERE image_id = ?", (id,)).fetchone()
            if user:
                raise InUse(f"image {id} is in use by container {user[0]}: image is in use by a container")
            layers = [r[0] for r in db.execute("SELECT chain_id FROM image_layer WHERE image_id = ?", (id,))]
            if db.execute("DELETE FROM image WHERE id = ?", (id,)).rowcount == 0:
                raise NoSuchImage(id)
            unused = []
            for chain_id in reversed(layers):  # the topmost first: each may be the only user of the one below
                if not _layer_used(db, chain_id):
                    db.execute("DELETE FROM layer WHERE chain_id = ?", (chain_id,))
                    unused.append(chain_id)
            return unused


def _set_names(db: sqlite3.Connection, id: str, names: Sequence[str]) -> None:
    for name in names:
        db.execute("INSERT OR REPLACE INTO image_name VALUES(?, ?)", (name, id))


def _layer_used(db: sqlite3.Connection, chain_id: str) -> bool:
    return db.execute(
        "SELECT 1 FROM image_layer WHERE chain_id = ? UNION ALL SELECT 1 FROM layer WHERE parent = ? LIMIT 1",
        (chain_id, chain_id),
    ).fetchone() is not None  # fmt: skip


def _row(db: sqlite3.Connection, id: str) -> ImageRow:
    from ..model.image import ImageRow

    config, created_at = db.execute("SELECT config, created_at FROM image WHERE id = ?", (id,)).fetchone()
    names = [r[0] for r in db.execute("SELECT name FROM image_name WHERE image_id = ? ORDER BY name", (id,))]
    layers = [
        r[0] for r in db.execute("SELECT chain_id FROM image_layer WHERE image_id = ? ORDER BY position", (id,))
    ]
    return ImageRow(id, tuple(names), tuple(layers), bytes(config), created_at)

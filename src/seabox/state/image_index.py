"""The tables of images and layers: what is referenced by what, so that nothing in use can be removed."""

from __future__ import annotations

import sqlite3
import time

from ..errors import Damaged, ImageInUse, NoSuchImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping, Sequence

    from ..model.image import ImageRow
    from .sqlite import SQLiteStore

    Happening = tuple[str, str]  # the word of an event, and the name it is about


_USERS = "SELECT id FROM container WHERE image_id = ? UNION SELECT container FROM image_user WHERE image_id = ?"


class SQLiteImageIndex:
    """Images in the store's database."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add_image(
        self, id: str, names: Sequence[str], layers: Sequence[str], config: bytes, created_at: int, *,
        manifest: bytes = b"", sizes: Mapping[str, int] | None = None, events: Sequence[Happening] = (),
    ) -> None:  # fmt: skip
        """The image is known, under these names (taken from whoever had them); adding it again adds names only."""
        with self._store.transaction(durable=True) as db:
            db.execute("INSERT OR IGNORE INTO image VALUES(?, ?, ?, ?)", (id, config, manifest, created_at))
            if manifest:
                db.execute("UPDATE image SET manifest = ? WHERE id = ?", (manifest, id))
            parent = None
            for position, chain_id in enumerate(layers):
                size = (sizes or {}).get(chain_id, 0)
                db.execute("INSERT OR IGNORE INTO layer VALUES(?, ?, ?)", (chain_id, parent, size))
                db.execute("INSERT OR IGNORE INTO image_layer VALUES(?, ?, ?)", (id, position, chain_id))
                parent = chain_id
            _set_names(db, id, names)
            _tell(db, id, events)

    def change_names(
        self, id: str, *, added: Iterable[str] = (), gone: Iterable[str] = (), events: Sequence[Happening] = ()
    ) -> None:
        """See ImageIndex."""
        with self._store.transaction() as db:
            if not db.execute("SELECT 1 FROM image WHERE id = ?", (id,)).fetchone():
                raise NoSuchImage(id)
            db.executemany("DELETE FROM image_name WHERE name = ? AND image_id = ?", [(name, id) for name in gone])
            rows = db.execute("SELECT name FROM image_name WHERE image_id = ? ORDER BY name", (id,)).fetchall()
            _set_names(db, id, [*(str(row[0]) for row in rows), *added])
            _tell(db, id, events)

    def note(self, id: str, events: Sequence[Happening]) -> None:
        """See ImageIndex."""
        with self._store.transaction() as db:
            _tell(db, id, events)

    def past_names(self, id: str) -> builtins.list[str]:
        """See ImageIndex."""
        with self._store.reading() as db:
            found = db.execute("SELECT name FROM image_past_name WHERE image_id = ? ORDER BY seq DESC", (id,))
            return [row[0] for row in found]

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

    def layer_sizes(self, chain_ids: Iterable[str]) -> dict[str, int]:
        """The sizes of those of these layers that are known."""
        with self._store.reading() as db:
            return {
                chain_id: int(row[0])
                for chain_id in chain_ids
                if (row := db.execute("SELECT size FROM layer WHERE chain_id = ?", (chain_id,)).fetchone())
            }

    def users(self, id: str) -> builtins.list[str]:
        """The ids of the containers that were made of the image."""
        with self._store.reading() as db:
            return [row[0] for row in db.execute(f"{_USERS} ORDER BY id", (id, id))]

    def remove(self, id: str, events: Sequence[Happening] = ()) -> builtins.list[str]:
        """The image is not known any more; returns the layers that nothing uses now. Raises: InUse, NoSuchImage."""
        with self._store.transaction(durable=True) as db:
            user = db.execute(f"{_USERS} LIMIT 1", (id, id)).fetchone()
            if user:
                raise ImageInUse(id, user[0])
            layers = [r[0] for r in db.execute("SELECT chain_id FROM image_layer WHERE image_id = ?", (id,))]
            if db.execute("DELETE FROM image WHERE id = ?", (id,)).rowcount == 0:
                raise NoSuchImage(id)
            unused = []
            for chain_id in reversed(layers):  # the topmost first: each may be the only user of the one below
                if not _layer_used(db, chain_id):
                    db.execute("DELETE FROM layer WHERE chain_id = ?", (chain_id,))
                    unused.append(chain_id)
            _tell(db, id, events)
            return unused


def require_image(db: sqlite3.Connection, id: str, name: str) -> None:
    """Nothing, if the image is there. Raises: NoSuchImage naming it `name`."""
    if not db.execute("SELECT 1 FROM image WHERE id = ?", (id,)).fetchone():
        raise NoSuchImage(name)


def use_images(db: sqlite3.Connection, container: str, images: Iterable[str]) -> None:
    """The container uses these images besides its own. Raises: NoSuchImage."""
    for id in images:
        require_image(db, id, id)
        db.execute("INSERT OR IGNORE INTO image_user VALUES(?, ?)", (container, id))


def _set_names(db: sqlite3.Connection, id: str, names: Iterable[str]) -> None:
    for name in names:
        db.execute("INSERT OR REPLACE INTO image_name VALUES(?, ?)", (name, id))
        if "@" not in name:
            db.execute("INSERT OR REPLACE INTO image_past_name(image_id, name) VALUES(?, ?)", (id, name))


def _tell(db: sqlite3.Connection, id: str, events: Sequence[Happening]) -> None:
    now = time.time_ns()
    for kind, name in events:
        db.execute(
            "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
            "VALUES(?, 'image', ?, ?, ?, '', NULL, '')", (now, kind, id, name),
        )  # fmt: skip


def _layer_used(db: sqlite3.Connection, chain_id: str) -> bool:
    return db.execute(
        "SELECT 1 FROM image_layer WHERE chain_id = ? UNION ALL SELECT 1 FROM layer WHERE parent = ? LIMIT 1",
        (chain_id, chain_id),
    ).fetchone() is not None  # fmt: skip


def _row(db: sqlite3.Connection, id: str) -> ImageRow:
    from ..model.image import ImageRow

    found = db.execute("SELECT config, manifest, created_at FROM image WHERE id = ?", (id,)).fetchone()
    if found is None or tuple(map(type, found)) != (bytes, bytes, int):
        raise Damaged(f"the record of image {id} cannot be read")
    config, manifest, created_at = found
    names = [r[0] for r in db.execute("SELECT name FROM image_name WHERE image_id = ? ORDER BY name", (id,))]
    layers = db.execute(
        "SELECT chain_id, size FROM image_layer JOIN layer USING(chain_id) WHERE image_id = ? ORDER BY position", (id,)
    ).fetchall()
    return ImageRow(
        id,
        tuple(name for name in names if "@" not in name),
        tuple(chain_id for chain_id, _ in layers),
        bytes(config),
        created_at,
        bytes(manifest),
        tuple(name for name in names if "@" in name),
        sum(size for _, size in layers),
    )

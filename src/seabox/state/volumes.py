"""The tables of volumes: which there are, which containers use them, who has them mounted.

A volume is "making" or "removing" while its directory is made or removed, under its lock: one that is found so while
the lock is free was left by a process that died, and is to be removed. Nobody else gets to see it.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from sqlite3 import Connection

    from ..model.record import ProcessId
    from .sqlite import SQLiteStore

_COLUMNS = "name, config, phase, needs_copy, needs_chown"
_ANONYMOUS = "SELECT name FROM volume WHERE anonymous AND name IN (SELECT volume FROM volume_use WHERE container = ?)"


class VolumeRow:
    """A volume, as stored. `needs_copy`: 0 no, 1 yes, 2 = what is to be in it is being moved in."""

    __slots__ = ("config", "name", "needs_chown", "needs_copy", "phase")

    def __init__(self, name: str, config: bytes, phase: str, needs_copy: int, needs_chown: int) -> None:
        self.name, self.config, self.phase = name, bytes(config), phase
        self.needs_copy, self.needs_chown = needs_copy, bool(needs_chown)


class SQLiteVolumes:
    """Volumes in the tables of a SQLiteStore."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    # --- which there are -----------------------------------------------------------------------------------------

    def add(
        self, name: str, config: bytes, *, anonymous: bool = False, needs_chown: bool = True, container: str = "",
        fate: str = "",
    ) -> bool:  # fmt: skip
        """The volume is being made, at once for `container` if that is given; False if there is one of this name."""
        with self._store.transaction() as db:
            if db.execute("SELECT 1 FROM volume WHERE name = ?", (name,)).fetchone():
                return False
            db.execute(
                "INSERT INTO volume VALUES(?, ?, ?, 'making', 1, ?)", (name, config, int(anonymous), int(needs_chown))
            )
            if container:
                _use(db, container, name, fate)
        return True

    def made(self, name: str) -> None:
        """The volume exists (durable); emits `create`."""
        with self._store.transaction(durable=True) as db:
            db.execute("UPDATE volume SET phase = 'ready' WHERE name = ?", (name,))
            _tell(db, "create", name)

    def get(self, name: str) -> VolumeRow | None:
        """The volume of exactly this name, whatever its phase."""
        with self._store.reading() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM volume WHERE name = ?", (name,)).fetchone()
        return VolumeRow(*row) if row else None

    def starting_with(self, prefix: str) -> builtins.list[str]:
        """The names, at most two, of volumes that begin so."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT name FROM volume WHERE name >= ? AND name < ? AND phase = 'ready' LIMIT 2",
                (prefix, prefix + "\U0010ffff"),
            ).fetchall()
        return [row[0] for row in rows]

    def list(self) -> builtins.list[VolumeRow]:
        """Every volume, by name."""
        with self._store.reading() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM volume WHERE phase = 'ready' ORDER BY name").fetchall()
        return [VolumeRow(*row) for row in rows]

    def unsettled(self) -> builtins.list[str]:
        """Volumes that somebody is making or removing, or was; and those that a process has mounted."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT name FROM volume WHERE phase <> 'ready' UNION SELECT volume FROM volume_mount WHERE pid > 0"
            ).fetchall()
        return [row[0] for row in rows]

    def changed(self, name: str, *, needs_copy: int | None = None, needs_chown: bool | None = None) -> None:
        """What is still to be done at the volume's first use is known."""
        with self._store.transaction() as db:
            if needs_copy is not None:
                db.execute("UPDATE volume SET needs_copy = ? WHERE name = ?", (needs_copy, name))
            if needs_chown is not None:
                db.execute("UPDATE volume SET needs_chown = ? WHERE name = ?", (int(needs_chown), name))

    def retire(self, name: str) -> tuple[str, ...]:
        """The volume is being removed; if containers use it nothing happens, and these are returned."""
        with self._store.transaction(durable=True) as db:
            users = _users(db, name)
            if not users:
                db.execute("UPDATE volume SET phase = 'removing' WHERE name = ?", (name,))
        return users

    def remove(self, name: str) -> None:
        """The volume is not known any more; emits `remove` if it ever was."""
        with self._store.transaction(durable=True) as db:
            if db.execute("SELECT 1 FROM volume WHERE name = ? AND phase = 'removing'", (name,)).fetchone():
                _tell(db, "remove", name)
            db.execute("DELETE FROM volume_use WHERE volume = ?", (name,))
            db.execute("DELETE FROM volume WHERE name = ?", (name,))

    # --- who uses them -------------------------------------------------------------------------------------------

    def use(self, container: str, name: str, fate: str) -> bool:
        """The container uses the volume; False if there is no such volume (any more)."""
        with self._store.transaction() as db:
            if not db.execute("SELECT 1 FROM volume WHERE name = ? AND phase = 'ready'", (name,)).fetchone():
                return False
            _use(db, container, name, fate)
        return True

    def users(self, name: str) -> tuple[str, ...]:
        """The containers that use a volume, running or not."""
        with self._store.reading() as db:
            return _users(db, name)

    def used_by(self, container: str) -> dict[str, str]:
        """The volumes of a container, and the fate of each: "doomed" = it goes with the container if nobody else uses
        it, "made" = it was made by the container's creation.
        """
        with self._store.reading() as db:
            return dict(db.execute("SELECT volume, fate FROM volume_use WHERE container = ?", (container,)).fetchall())

    def doom(self, container: str, *, made: bool = False) -> None:
        """The container's anonymous volumes go with it, and if `made` all others that were made for it."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE volume_use SET fate = 'doomed' WHERE container = ? "
                f"AND (volume IN ({_ANONYMOUS}) OR (? AND fate = 'made'))",
                (container, container, made),
            )

    def leave(self, container: str, name: str) -> bool:
        """The container does not use the volume; if nobody else does either it is being removed, and True returned."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM volume_use WHERE container = ? AND volume = ?", (container, name))
            db.execute("DELETE FROM volume_mount WHERE volume = ? AND holder = ?", (name, container))
            alone = not _users(db, name)
            if alone:
                db.execute("UPDATE volume SET phase = 'removing' WHERE name = ? AND phase = 'ready'", (name,))
        return alone

    # --- who has them mounted ------------------------------------------------------------------------------------

    def mounting(self, name: str, holder: str, boot: str, process: ProcessId | None) -> None:
        """`holder` (a container, or with `process` somebody who ends with it) has the volume mounted from now on."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO volume_mount VALUES(?, ?, ?, ?, ?)",
                (name, holder, process.pid if process else 0, process.start if process else 0, boot),
            )

    def unmounted(self, name: str, holder: str) -> None:
        """`holder` does not have the volume mounted."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM volume_mount WHERE volume = ? AND holder = ?", (name, holder))

    def holders(self, name: str) -> builtins.list[tuple[str, int, int, str]]:
        """Who has the volume mounted: holder, pid and start time (0 for no process), boot."""
        with self._store.reading() as db:
            return db.execute(
                "SELECT holder, pid, pid_start, boot FROM volume_mount WHERE volume = ?", (name,)
            ).fetchall()

    def mounted_by(self, holder: str) -> builtins.list[str]:
        """The volumes that `holder` has mounted."""
        with self._store.reading() as db:
            rows = db.execute("SELECT volume FROM volume_mount WHERE holder = ? ORDER BY volume", (holder,)).fetchall()
        return [row[0] for row in rows]


def _users(db: Connection, name: str) -> tuple[str, ...]:
    return tuple(row[0] for row in db.execute("SELECT container FROM volume_use WHERE volume = ?", (name,)))


def _use(db: Connection, container: str, name: str, fate: str) -> None:
    db.execute("INSERT OR IGNORE INTO volume_use VALUES(?, ?, ?)", (container, name, fate))


def _tell(db: Connection, kind: str, name: str) -> None:
    db.execute(
        "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
        "VALUES(?, 'volume', ?, '', ?, '', NULL, '')", (time.time_ns(), kind, name),
    )  # fmt: skip

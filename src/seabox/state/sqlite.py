"""The store: one SQLite file in WAL mode, short transactions, events written with the state they belong to.

Writers use BEGIN IMMEDIATE (a deferred transaction that reads and then writes fails under contention whatever the
timeout). synchronous is NORMAL for state changes and FULL for creation and removal: a power cut may lose a move,
which the next sync finds out again, but never an acknowledged container.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress

from ..diagnostics import debug
from ..errors import (
    AmbiguousName,
    Busy,
    Damaged,
    InUse,
    NameInUse,
    NoSuchContainer,
    SeaboxError,
)
from ..kernel.effects import effect
from ..model.record import (
    Claim,
    ContainerFacts,
    ContainerRecord,
    ContainerState,
    Event,
    ExitRecord,
    Intent,
    ProcessId,
    Status,
)
from .connection import Connections
from .execs import SQLiteExecs
from .image_index import require_image, use_images
from .retention import prune
from .schema import CLAIM_COLUMNS, FACT_COLUMNS, INTEGERS, MEMBER_ENDED, OPTIONAL, STATE_COLUMNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .networks import SQLiteNetworks
    from .pods import SQLitePods
    from .store import Occurrence

_ALL_COLUMNS = ", ".join(FACT_COLUMNS + STATE_COLUMNS + CLAIM_COLUMNS)
SELECT = f"SELECT {_ALL_COLUMNS} FROM container"
_UPDATE = f"UPDATE container SET {', '.join(f'{c} = ?' for c in STATE_COLUMNS)} WHERE id = ?"
_UNCLAIM = f"UPDATE container SET {', '.join(f'{c} = NULL' for c in CLAIM_COLUMNS)}"
_STATUS = len(FACT_COLUMNS)
_shapes: set[tuple[type, ...]] = set()  # of rows that are as they should be
_FACTS, _STATE = len(FACT_COLUMNS), len(FACT_COLUMNS) + len(STATE_COLUMNS)


class StoreFailed(SeaboxError):
    """The database could not be read or written (disk full, I/O error); nothing of the call happened."""


class SQLiteStore:
    """Containers in `path`. One connection per thread, opened at first use; safe after fork."""

    def __init__(self, path: str, *, keep_days: int = 7, keep_rows: int = 100_000) -> None:
        self._path, self._keep_days, self._keep_rows = path, keep_days, keep_rows
        self._connections = Connections(path)
        self.execs = SQLiteExecs(self)

    @property
    def pods(self) -> SQLitePods:
        """The table of pods."""
        from .pods import SQLitePods

        return SQLitePods(self)

    @property
    def networks(self) -> SQLiteNetworks:
        """The tables of networks."""
        from .networks import SQLiteNetworks

        return SQLiteNetworks(self)

    # --- writing -------------------------------------------------------------------------------------------------

    def add(
        self, facts: ContainerFacts, config: bytes, requires: Iterable[str], claim: Claim, *, images: Iterable[str] = ()
    ) -> None:
        """See Store.add."""
        fresh = ContainerState()
        values = [getattr(facts, c) for c in FACT_COLUMNS] + [getattr(fresh, c) for c in STATE_COLUMNS]
        for nullable in ("image_id", "pod"):
            values[FACT_COLUMNS.index(nullable)] = getattr(facts, nullable) or None
        values += [claim.intent, claim.holder.pid, claim.holder.start, claim.holder.boot, claim.since]
        marks = ", ".join("?" * len(values))
        with self._transaction() as db:
            taken = db.execute("SELECT id FROM container WHERE name = ?", (facts.name,)).fetchone()
            if taken:
                raise NameInUse(facts.name, taken[0])
            if facts.image_id:
                require_image(db, facts.image_id, facts.image)
            from .membership import admit

            admit(db, facts)
            db.execute(f"INSERT INTO container({_ALL_COLUMNS}) VALUES({marks})", values)
            db.execute("INSERT INTO container_config VALUES(?, ?)", (facts.id, config))
            for needed in requires:
                if not db.execute("SELECT 1 FROM container WHERE id = ?", (needed,)).fetchone():
                    raise NoSuchContainer(needed)
                db.execute("INSERT INTO requirement VALUES(?, ?)", (facts.id, needed))
            use_images(db, facts.id, images)

    def commit(
        self, id: str, state: ContainerState, occurrences: Iterable[Occurrence] = (), *,
        durable: bool = False, unclaim: bool = False, failed: bool = False,
    ) -> None:  # fmt: skip
        """See Store.commit."""
        with self._transaction(durable) as db:
            if db.execute(_UPDATE, [*(getattr(state, c) for c in STATE_COLUMNS), id]).rowcount == 0:
                raise NoSuchContainer(id)
            if state.status is Status.STOPPED or failed:
                db.execute(
                    "INSERT OR REPLACE INTO exit_code SELECT id, run, name, exit_code, exit_reason, ? "
                    "FROM container WHERE id = ?", (state.finished_at or time.time_ns(), id),
                )  # fmt: skip
            if state.status is Status.STOPPED:
                db.execute(MEMBER_ENDED, (state.finished_at, id))
            if unclaim:
                db.execute(f"{_UNCLAIM} WHERE id = ?", (id,))
            self.write_events(db, id, occurrences)

    def claim(self, id: str, claim: Claim) -> None:
        """See Store.claim."""
        who = (claim.intent, claim.holder.pid, claim.holder.start, claim.holder.boot, claim.since, id)
        with self._transaction() as db:
            if db.execute(
                "UPDATE container SET intent = ?, holder_pid = ?, holder_start = ?, holder_boot = ?, claimed_at = ? "
                "WHERE id = ?", who,
            ).rowcount == 0:  # fmt: skip
                raise NoSuchContainer(id)

    def unclaim(self, id: str, claim: Claim) -> None:
        """See Store.unclaim."""
        who = (id, claim.intent, claim.holder.pid, claim.holder.start, claim.holder.boot, claim.since)
        with self._transaction() as db:
            db.execute(
                f"{_UNCLAIM} WHERE id = ? AND intent = ? AND holder_pid = ? AND holder_start = ? "
                "AND holder_boot = ? AND claimed_at = ?", who,
            )  # fmt: skip

    def remove(self, id: str, occurrences: Iterable[Occurrence] = ()) -> None:
        """See Store.remove."""
        with self._transaction(durable=True) as db:
            needed_by = [row[0] for row in db.execute("SELECT id FROM requirement WHERE needs = ?", (id,))]
            if needed_by:
                raise InUse(
                    f"container {id} has dependent containers which must be removed before it: "
                    f"{', '.join(needed_by)}: container already exists"
                )
            self.write_events(db, id, occurrences)
            if db.execute("DELETE FROM container WHERE id = ?", (id,)).rowcount == 0:
                raise NoSuchContainer(id)
            prune(db, self._keep_days, self._keep_rows)  # here too: removals are rare and durable anyway
        self._connections.keep_spare()

    def rename(self, id: str, name: str, occurrences: Iterable[Occurrence] = ()) -> None:
        """The container bears `name` from now on. Raises: NameInUse, NoSuchContainer."""
        with self._transaction(durable=True) as db:
            taken = db.execute("SELECT id FROM container WHERE name = ?", (name,)).fetchone()
            if taken and taken[0] != id:
                raise NameInUse(name, taken[0])
            from .membership import refuse_pods_name

            refuse_pods_name(db, name)
            if db.execute("UPDATE container SET name = ? WHERE id = ?", (name, id)).rowcount == 0:
                raise NoSuchContainer(id)
            self.write_events(db, id, occurrences)

    def write_events(self, db: sqlite3.Connection, id: str, occurrences: Iterable[Occurrence]) -> None:
        """The events of container `id` are part of the transaction."""
        for what in occurrences:
            db.execute(
                "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
                "SELECT ?, 'container', ?, id, name, image, ?, CASE WHEN ? = '' THEN labels WHEN labels = '' THEN ? "
                "ELSE json_patch(labels, ?) END FROM container WHERE id = ?",
                (time.time_ns(), what.kind, what.exit_code, what.attributes, what.attributes, what.attributes, id),
            )

    def prune(self) -> None:
        """See Store.prune."""
        with self._transaction() as db:
            prune(db, self._keep_days, self._keep_rows)
        self._connections.keep_spare()

    # --- reading -------------------------------------------------------------------------------------------------

    def find(self, name: str) -> str:
        """See Store.find."""
        with self._reading() as db:
            row = db.execute("SELECT id FROM container WHERE id = ? OR name = ?", (name, name)).fetchone()
            if row:
                return str(row[0])
            prefix = name.lower()
            if not prefix or not set(prefix) <= set("0123456789abcdef"):
                raise NoSuchContainer(name)
            rows = db.execute(
                "SELECT id FROM container WHERE id >= ? AND id < ? LIMIT 2", (prefix, prefix + "g")
            ).fetchall()
        if not rows:
            raise NoSuchContainer(name)
        if len(rows) > 1:
            raise AmbiguousName(name)
        return str(rows[0][0])

    def load(self, id: str) -> ContainerRecord:
        """See Store.load."""
        with self._reading() as db:
            row = db.execute(f"{SELECT} WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchContainer(id)
        try:
            return record_of(row)
        except (ValueError, TypeError, AttributeError) as problem:
            raise Damaged(f"the record of container {id} cannot be read: {problem}") from problem

    def config(self, id: str) -> bytes:
        """See Store.config."""
        with self._reading() as db:
            row = db.execute("SELECT config FROM container_config WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchContainer(id)
        if not isinstance(row[0], bytes):
            raise Damaged(f"the configuration of container {id} cannot be read")
        return row[0]

    def records(self, statuses: Iterable[Status] | None = None) -> Iterator[ContainerRecord]:
        """See Store.records."""
        where, wanted = "", tuple(statuses or ())
        if wanted:
            # spelled out, not bound, so that the partial index over living containers can be used
            where = f" WHERE status IN ({', '.join(repr(str(status)) for status in wanted)})"
        with self._reading() as db:
            try:
                rows: Iterable[tuple[Any, ...]] = db.execute(f"{SELECT}{where} ORDER BY created_at").fetchall()
            except sqlite3.DatabaseError as problem:
                debug("not every record can be read: %s", problem)
                rows = [row for row in self._one_by_one(db) if not wanted or row[_STATUS] in wanted]
        for row in rows:
            try:
                record = record_of(row)
            except (ValueError, TypeError, AttributeError) as problem:
                debug("the record of container %s cannot be read: %s", row[0], problem)
                continue
            if record.claim is None or record.claim.intent is not Intent.CREATE:
                yield record

    def _one_by_one(self, db: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
        """The rows of containers that can be read where others cannot."""
        from .salvage import reachable

        for id in reachable(db):
            with suppress(sqlite3.DatabaseError):
                yield from db.execute(f"{SELECT} WHERE id = ?", (id,)).fetchall()

    def reconfigure(self, facts: ContainerFacts, config: bytes) -> None:
        """See Store.reconfigure."""
        from .reconfigure import reconfigure

        reconfigure(self, facts, config)

    def starts(self) -> list[tuple[int, str]]:
        """See Store.starts."""
        with self._reading() as db:
            return db.execute(
                "SELECT next_start_at, id FROM container WHERE next_start_at > 0 ORDER BY next_start_at"
            ).fetchall()

    def dependants(self, id: str) -> list[str]:
        """See Store.dependants."""
        with self._reading() as db:
            return [row[0] for row in db.execute("SELECT id FROM requirement WHERE needs = ?", (id,))]

    def requirements(self, id: str) -> list[str]:
        """See Store.requirements."""
        with self._reading() as db:
            return [row[0] for row in db.execute("SELECT needs FROM requirement WHERE id = ?", (id,))]

    def exit_record(self, id: str, run: int | None = None) -> ExitRecord | None:
        """See Store.exit_record."""
        which, values = ("AND run = ?", (id, run)) if run is not None else ("ORDER BY run DESC LIMIT 1", (id,))
        with self._reading() as db:
            row = db.execute(
                f"SELECT id, run, name, code, reason, finished_at FROM exit_code WHERE id = ? {which}", values
            ).fetchone()
        return ExitRecord(*row) if row else None

    def events(self, since_seq: int = 0, limit: int = 1000) -> list[Event]:
        """See Store.events."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT seq, at, type, kind, id, name, image, exit_code, attributes FROM event WHERE seq > ? "
                "ORDER BY seq LIMIT ?", (since_seq, limit),
            ).fetchall()  # fmt: skip
        return [Event(*row) for row in rows]

    def last_seq(self) -> int:
        """See Store.last_seq."""
        with self._reading() as db:
            return int(db.execute("SELECT max(seq) FROM event").fetchone()[0] or 0)

    # --- the connection ------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Nothing of the store is open in this thread, which is about to end."""
        self._connections.leave()

    def close(self) -> None:
        """See Store.close."""
        self._connections.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for the other tables' readers in this room."""
        with self._reading() as db:
            yield db

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A write transaction, for the other tables' writers in this room."""
        with self._transaction(durable) as db:
            yield db

    @contextmanager
    def _transaction(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            if durable:
                db.execute("PRAGMA synchronous = FULL")
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    _commit(db)
                except BaseException:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
            finally:
                if durable:
                    db.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connections.use() as db:
                yield db
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem):
                raise Busy("the database", "other writers") from problem
            if "decode" in str(problem):
                raise Damaged(f"{self._path}: {problem}") from problem
            raise StoreFailed(f"{self._path}: {problem}") from problem
        except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:  # which may be part of SQLite's own words
            raise Damaged(f"{self._path}: {problem}") from problem


@effect("commit")
def _commit(db: sqlite3.Connection) -> None:
    db.execute("COMMIT")


def _check_shape(shape: tuple[type, ...]) -> None:
    """The columns of a row are of the types that the schema says. Raises: TypeError."""
    for kind, column in zip(shape, FACT_COLUMNS + STATE_COLUMNS + CLAIM_COLUMNS, strict=True):
        numeric, optional = column in INTEGERS, column in OPTIONAL
        if kind is not (int if numeric else str) and not (optional and kind is type(None)):
            raise TypeError(f"{column} is of type {kind.__name__}")
    _shapes.add(shape)


def record_of(row: tuple[object, ...]) -> ContainerRecord:
    shape = tuple(map(type, row))
    if shape not in _shapes:
        _check_shape(shape)
    facts = ContainerFacts(*row[:_FACTS])  # type: ignore[arg-type]  # SQLite's columns, in the order selected
    facts.image_id, facts.pod = facts.image_id or "", facts.pod or ""
    facts.auto_remove, facts.networked = bool(facts.auto_remove), bool(facts.networked)
    facts.volumes = bool(facts.volumes)
    state = ContainerState.__new__(ContainerState)
    for name, value in zip(STATE_COLUMNS, row[_FACTS:_STATE], strict=True):
        setattr(state, name, value)
    state.status = Status(state.status)
    state.oom_killed, state.stopped_by_user = bool(state.oom_killed), bool(state.stopped_by_user)
    intent, pid, start, boot, since = row[_STATE:]
    claim = None
    if intent is not None:
        claim = Claim(Intent(intent), ProcessId(pid, start, boot), since)  # type: ignore[arg-type]
    return ContainerRecord(facts, state, claim)

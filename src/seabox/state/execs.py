"""Exec sessions in the store: active ones, and for a while those that ended."""

from __future__ import annotations

from ..errors import AmbiguousName, NoSuchContainer, NotFound
from ..model.exec import ExecRecord, ExecStatus
from ..model.record import EventKind, ProcessId
from .store import Occurrence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

    from .sqlite import SQLiteStore

KEEP_ENDED = 300 * 10**9  # ns that the exit code of an ended session can be asked for

COMMAND = "_command"  # in the attributes of an event, where docker tells it and podman does not
_TOLD = 8192  # characters of it at most

_COLUMNS = (
    "id", "container", "command", "user", "tty", "status", "pid", "pid_start", "conmon_pid", "conmon_start", "boot",
    "created_at", "started_at", "finished_at", "exit_code", "exit_reason", "holder_pid", "holder_start", "holder_boot",
)  # fmt: skip
_HOLDER = len(_COLUMNS) - 3
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM exec_session"


class NoSuchExec(NotFound):
    """No exec session of the container has this id, or it ended too long ago."""

    def __init__(self, id: str) -> None:
        super().__init__(f"no exec session with ID {id} found: no such exec session")
        self.id = id


class SQLiteExecs:
    """ExecStore in the tables of a SQLiteStore."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add(self, record: ExecRecord) -> None:
        """See ExecStore.add."""
        values = [getattr(record, column) for column in _COLUMNS[:_HOLDER]]
        values += [record.holder.pid, record.holder.start, record.holder.boot]
        with self._store.transaction() as db:
            if not db.execute("SELECT 1 FROM container WHERE id = ?", (record.container,)).fetchone():
                raise NoSuchContainer(record.container)
            db.execute(
                "DELETE FROM exec_session WHERE status = 'stopped' AND finished_at < ?",
                (record.created_at - KEEP_ENDED,),
            )
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO exec_session({', '.join(_COLUMNS)}) VALUES({marks})", values)

    def start(self, id: str, pid: int, process: ProcessId | None, conmon: ProcessId | None, boot: str, at: int) -> None:
        """See ExecStore.start."""
        who = (pid, process.start if process else 0, *((conmon.pid, conmon.start) if conmon else (0, 0)), boot, at, id)
        with self._store.transaction() as db:
            found = self._change(
                db, "status = 'running', pid = ?, pid_start = ?, conmon_pid = ?, conmon_start = ?, boot = ?, "
                "started_at = ? WHERE id = ? AND status = 'created'", who,
            )  # fmt: skip
            if found is None:
                raise NoSuchExec(id)
            container, command = found
            said = attributes(id, command)
            self._store.write_events(db, container, [Occurrence(EventKind.EXEC, attributes=said)])

    def end(self, id: str, at: int, code: int | None, reason: str = "") -> bool:
        """See ExecStore.end."""
        with self._store.transaction() as db:
            found = self._change(
                db, "status = 'stopped', finished_at = ?, exit_code = ?, exit_reason = ? "
                "WHERE id = ? AND status = 'running'", (at, code, reason, id),
            )  # fmt: skip
            if found is None:
                return False
            self._store.write_events(db, found[0], [Occurrence(EventKind.EXEC_DIED, code, attributes(id))])
        return True

    def remove(self, id: str) -> None:
        """See ExecStore.remove."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM exec_session WHERE id = ?", (id,))

    def get(self, container: str, name: str) -> ExecRecord:
        """See ExecStore.get."""
        return the_one(name, self.of(container))

    def find(self, id: str) -> ExecRecord:
        """See ExecStore.find."""
        with self._store.reading() as db:
            row = db.execute(f"{_SELECT} WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchExec(id)
        return _record(row)

    def of(self, container: str, *, active: bool = False) -> list[ExecRecord]:
        """See ExecStore.of."""
        only = " AND status <> 'stopped'" if active else ""
        with self._store.reading() as db:
            rows = db.execute(f"{_SELECT} WHERE container = ?{only} ORDER BY created_at, id", (container,)).fetchall()
        return [_record(row) for row in rows]

    def _change(self, db: Connection, what: str, values: tuple[object, ...]) -> tuple[str, str] | None:
        """The container and the command of the session that was changed, None if there was none to change."""
        row = db.execute(f"UPDATE exec_session SET {what} RETURNING container, command", values).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))


def the_one(name: str, records: Iterable[ExecRecord]) -> ExecRecord:
    """The record with this id or unique id prefix. Raises: NoSuchExec, AmbiguousName."""
    found = [record for record in records if name and record.id.startswith(name)]
    if not found:
        raise NoSuchExec(name)
    if len(found) > 1:
        raise AmbiguousName(name)
    return found[0]


def attributes(id: str, command: str = "") -> str:
    """What an event of this session says beyond the container. `command` is JSON; a very long one is left out."""
    told = f',"{COMMAND}":{command}' if command and len(command) <= _TOLD else ""
    return f'{{"execID":"{id}"{told}}}'


def _record(row: tuple[object, ...]) -> ExecRecord:
    record = ExecRecord.__new__(ExecRecord)
    for name, value in zip(_COLUMNS[:_HOLDER], row[:_HOLDER], strict=True):
        setattr(record, name, value)
    record.status, record.tty = ExecStatus(record.status), bool(record.tty)
    record.holder = ProcessId(*row[_HOLDER:])  # type: ignore[arg-type]  # SQLite's columns, in the order selected
    return record

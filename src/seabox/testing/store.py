"""A store in memory."""

from __future__ import annotations

import json
import threading
import time
from copy import copy

from ..errors import AmbiguousName, InUse, NameInUse, NoSuchContainer
from ..model.exec import ExecRecord, ExecStatus
from ..model.record import (
    Claim,
    ContainerFacts,
    ContainerRecord,
    ContainerState,
    Event,
    EventKind,
    ExitRecord,
    Intent,
    Status,
)
from ..state.execs import KEEP_ENDED, NoSuchExec, attributes, the_one
from ..state.store import Occurrence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.record import ProcessId


class MemoryStore:
    """Store, for one process. Records are copied in and out, so that nothing is changed but by a call."""

    def __init__(self) -> None:
        self._mutex = threading.RLock()
        self._rows: dict[str, ContainerRecord] = {}
        self._configs: dict[str, bytes] = {}
        self._requires: dict[str, list[str]] = {}
        self._exits: dict[tuple[str, int], ExitRecord] = {}
        self._events: list[Event] = []
        self.execs = MemoryExecs(self)

    def add(
        self, facts: ContainerFacts, config: bytes, requires: Iterable[str], claim: Claim, *, images: Iterable[str] = ()
    ) -> None:
        """See Store.add."""
        with self._mutex:
            for id, row in self._rows.items():
                if row.facts.name == facts.name:
                    raise NameInUse(facts.name, id)
            needed = list(requires)
            for id in needed:
                self._row(id)
            self._rows[facts.id] = ContainerRecord(facts, ContainerState(), claim)
            self._configs[facts.id] = config
            self._requires[facts.id] = needed

    def commit(
        self, id: str, state: ContainerState, occurrences: Iterable[Occurrence] = (), *,
        durable: bool = False, unclaim: bool = False, failed: bool = False,
    ) -> None:  # fmt: skip
        """See Store.commit."""
        with self._mutex:
            row = self._row(id)
            row.state = state.replace()
            if state.status is Status.STOPPED or failed:
                ended = state.finished_at or time.time_ns()
                self._exits[id, state.run] = ExitRecord(
                    id, state.run, row.facts.name, state.exit_code, state.exit_reason, ended
                )
            if unclaim:
                row.claim = None
            self._note(row, occurrences)

    def claim(self, id: str, claim: Claim) -> None:
        """See Store.claim."""
        with self._mutex:
            self._row(id).claim = claim

    def unclaim(self, id: str, claim: Claim) -> None:
        """See Store.unclaim."""
        with self._mutex:
            if id in self._rows and self._rows[id].claim == claim:
                self._rows[id].claim = None

    def remove(self, id: str, occurrences: Iterable[Occurrence] = ()) -> None:
        """See Store.remove."""
        with self._mutex:
            row = self._row(id)
            if dependants := self.dependants(id):
                raise InUse(
                    f"container {id} has dependent containers which must be removed before it: "
                    f"{', '.join(dependants)}: container already exists"
                )
            self._note(row, occurrences)
            del self._rows[id], self._configs[id], self._requires[id]
            self.execs.forget(id)

    def rename(self, id: str, name: str, occurrences: Iterable[Occurrence] = ()) -> None:
        """See Store.rename."""
        with self._mutex:
            row = self._row(id)
            for other, taken in self._rows.items():
                if taken.facts.name == name and other != id:
                    raise NameInUse(name, other)
            row.facts.name = name
            self._note(row, occurrences)

    def reconfigure(self, facts: ContainerFacts, config: bytes) -> None:
        """See Store.reconfigure."""
        with self._mutex:
            row = self._row(facts.id)
            facts.name = row.facts.name
            row.facts, self._configs[facts.id] = facts, config

    def find(self, name: str) -> str:
        """See Store.find."""
        with self._mutex:
            if name in self._rows:
                return name
            for id, row in self._rows.items():
                if row.facts.name == name:
                    return id
            prefix = name.lower()
            found = [id for id in self._rows if prefix and id.startswith(prefix)]
            if not found:
                raise NoSuchContainer(name)
            if len(found) > 1:
                raise AmbiguousName(name)
            return found[0]

    def load(self, id: str) -> ContainerRecord:
        """See Store.load."""
        with self._mutex:
            row = self._row(id)
            return ContainerRecord(row.facts, row.state.replace(), row.claim)

    def config(self, id: str) -> bytes:
        """See Store.config."""
        with self._mutex:
            self._row(id)
            return self._configs[id]

    def records(self, statuses: Iterable[Status] | None = None) -> Iterator[ContainerRecord]:
        """See Store.records."""
        wanted = set(statuses or ())
        with self._mutex:
            rows = sorted(self._rows.values(), key=lambda row: row.facts.created_at)
            found = [
                ContainerRecord(row.facts, row.state.replace(), row.claim)
                for row in rows
                if (not wanted or row.state.status in wanted)
                and (row.claim is None or row.claim.intent is not Intent.CREATE)
            ]
        return iter(found)

    def starts(self) -> list[tuple[int, str]]:
        """See Store.starts."""
        with self._mutex:
            found = ((row.state.next_start_at, id) for id, row in self._rows.items())
            return sorted((at, id) for at, id in found if at > 0)

    def dependants(self, id: str) -> list[str]:
        """See Store.dependants."""
        with self._mutex:
            return [other for other, needed in self._requires.items() if id in needed]

    def requirements(self, id: str) -> list[str]:
        """See Store.requirements."""
        with self._mutex:
            return list(self._requires.get(id, ()))

    def exit_record(self, id: str, run: int | None = None) -> ExitRecord | None:
        """See Store.exit_record."""
        with self._mutex:
            runs = [key for key in self._exits if key[0] == id and run in (None, key[1])]
            return self._exits[max(runs)] if runs else None

    def events(self, since_seq: int = 0, limit: int = 1000) -> list[Event]:
        """See Store.events."""
        with self._mutex:
            return [event for event in self._events if event.seq > since_seq][:limit]

    def last_seq(self) -> int:
        """See Store.last_seq."""
        with self._mutex:
            return len(self._events)

    def prune(self) -> None:
        """See Store.prune: nothing grows old here."""

    def close(self) -> None:
        """See Store.close."""

    def _row(self, id: str) -> ContainerRecord:
        if id not in self._rows:
            raise NoSuchContainer(id)
        return self._rows[id]

    def _note(self, row: ContainerRecord, occurrences: Iterable[Occurrence]) -> None:
        for what in occurrences:
            attributes = what.attributes or row.facts.labels
            if what.attributes and row.facts.labels:
                attributes = json.dumps(json.loads(row.facts.labels) | json.loads(what.attributes))
            self._events.append(
                Event(
                    len(self._events) + 1, time.time_ns(), "container", what.kind, row.facts.id, row.facts.name,
                    row.facts.image, what.exit_code, attributes,
                )
            )  # fmt: skip


class MemoryExecs:
    """ExecStore of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._rows: dict[str, ExecRecord] = {}

    def add(self, record: ExecRecord) -> None:
        """See ExecStore.add."""
        with self._store._mutex:
            self._store._row(record.container)
            for row in list(self._rows.values()):
                if not row.active and row.finished_at < record.created_at - KEEP_ENDED:
                    del self._rows[row.id]
            self._rows[record.id] = copy(record)

    def start(self, id: str, pid: int, process: ProcessId | None, conmon: ProcessId | None, boot: str, at: int) -> None:
        """See ExecStore.start."""
        with self._store._mutex:
            row = self._rows.get(id)
            if row is None or row.status is not ExecStatus.CREATED:
                raise NoSuchExec(id)
            row.status, row.boot, row.started_at = ExecStatus.RUNNING, boot, at
            row.pid, row.pid_start = pid, process.start if process else 0
            row.conmon_pid, row.conmon_start = (conmon.pid, conmon.start) if conmon else (0, 0)
            self._note(row, Occurrence(EventKind.EXEC, attributes=attributes(id, row.command)))

    def end(self, id: str, at: int, code: int | None, reason: str = "") -> bool:
        """See ExecStore.end."""
        with self._store._mutex:
            row = self._rows.get(id)
            if row is None or row.status is not ExecStatus.RUNNING:
                return False
            row.status, row.finished_at = ExecStatus.STOPPED, at
            row.exit_code, row.exit_reason = code, reason
            self._note(row, Occurrence(EventKind.EXEC_DIED, code, attributes(id)))
            return True

    def remove(self, id: str) -> None:
        """See ExecStore.remove."""
        with self._store._mutex:
            self._rows.pop(id, None)

    def get(self, container: str, name: str) -> ExecRecord:
        """See ExecStore.get."""
        return the_one(name, self.of(container))

    def find(self, id: str) -> ExecRecord:
        """See ExecStore.find."""
        with self._store._mutex:
            if id not in self._rows:
                raise NoSuchExec(id)
            return copy(self._rows[id])

    def of(self, container: str, *, active: bool = False) -> list[ExecRecord]:
        """See ExecStore.of."""
        with self._store._mutex:
            rows = sorted(self._rows.values(), key=lambda row: (row.created_at, row.id))
            return [copy(row) for row in rows if row.container == container and (row.active or not active)]

    def forget(self, container: str) -> None:
        """The container is gone, and its sessions with it."""
        for row in self.of(container):
            self.remove(row.id)

    def _note(self, row: ExecRecord, what: Occurrence) -> None:
        self._store._note(self._store._row(row.container), [what])

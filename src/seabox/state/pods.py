"""The table of pods. Who is in a pod stands in the table of containers; what the pod is doing follows from them."""

from __future__ import annotations

import time

from ..errors import AmbiguousName, InUse, NoSuchPod, PodNameInUse
from ..model.record import Claim, Intent, PodRecord, ProcessId
from .sqlite import SELECT, record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins

    from ..model.record import ContainerRecord, EventKind
    from .sqlite import SQLiteStore

_COLUMNS = ("id", "name", "created_at", "labels", "exit_policy", "cgroup", "infra", "ended_at")
_CLAIM = ("intent", "holder_pid", "holder_start", "holder_boot", "claimed_at")
_POD = f"SELECT {', '.join(_COLUMNS + _CLAIM)} FROM pod"
_UNCLAIM = f"UPDATE pod SET {', '.join(f'{column} = NULL' for column in _CLAIM)}"


class SQLitePods:
    """Pods in the tables of a SQLiteStore. Every call is one transaction."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add(self, pod: PodRecord, config: bytes, claim: Claim) -> None:
        """The pod is known, claimed and hidden from `list` until `made`. Raises: PodNameInUse."""
        values = [*(getattr(pod, column) for column in _COLUMNS), *_values(claim), config]
        with self._store.transaction() as db:
            for kind in ("pod", "container"):
                if db.execute(f"SELECT 1 FROM {kind} WHERE name = ?", (pod.name,)).fetchone():
                    raise PodNameInUse(pod.name, kind)
            columns = ", ".join((*_COLUMNS, *_CLAIM, "config"))
            db.execute(f"INSERT INTO pod({columns}) VALUES({', '.join('?' * len(values))})", values)

    def made(self, id: str, infra: str, created: EventKind) -> None:
        """The pod is whole, `infra` being its infra container, and nobody's claim is on it. Raises: NoSuchPod."""
        with self._store.transaction(durable=True) as db:
            if db.execute("UPDATE pod SET infra = ? WHERE id = ?", (infra, id)).rowcount == 0:
                raise NoSuchPod(id)
            db.execute(f"{_UNCLAIM} WHERE id = ?", (id,))
            self._tell(id, created)

    def claim(self, id: str, claim: Claim) -> None:
        """The pod is claimed, whoever had it before. Raises: NoSuchPod."""
        with self._store.transaction() as db:
            columns = ", ".join(f"{column} = ?" for column in _CLAIM)
            if db.execute(f"UPDATE pod SET {columns} WHERE id = ?", (*_values(claim), id)).rowcount == 0:
                raise NoSuchPod(id)

    def unclaim(self, id: str) -> None:
        """Nobody's claim is on the pod; no effect if it is gone."""
        with self._store.transaction() as db:
            db.execute(f"{_UNCLAIM} WHERE id = ?", (id,))

    def remove(self, id: str, *removed: EventKind) -> None:
        """The pod, which has no member any more, is gone for good. Raises: NoSuchPod, InUse."""
        with self._store.transaction(durable=True) as db:
            if db.execute("SELECT 1 FROM container WHERE pod = ?", (id,)).fetchone():
                raise InUse(f"pod {id} has containers which must be removed before it")
            for kind in removed:
                self._tell(id, kind)
            if db.execute("DELETE FROM pod WHERE id = ?", (id,)).rowcount == 0:
                raise NoSuchPod(id)

    def tell(self, id: str, kind: EventKind) -> None:
        """It is an event that this happened to the pod; no effect if it is gone."""
        with self._store.transaction():
            self._tell(id, kind)

    def _tell(self, id: str, kind: EventKind) -> None:
        with self._store.reading() as db:
            db.execute(
                "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
                "SELECT ?, 'pod', ?, id, name, '', NULL, '' FROM pod WHERE id = ?", (time.time_ns(), kind, id),
            )  # fmt: skip

    # --- reading -------------------------------------------------------------------------------------------------

    def find(self, name: str) -> str:
        """The id of the pod of this name, id or unique id prefix. Raises: NoSuchPod, AmbiguousName."""
        with self._store.reading() as db:
            rows = db.execute("SELECT id FROM pod WHERE id = ? OR name = ?", (name, name)).fetchall()
            prefix = name.lower()
            if not rows and prefix and set(prefix) <= set("0123456789abcdef"):
                span = (prefix, prefix + "g")
                rows = db.execute("SELECT id FROM pod WHERE id >= ? AND id < ? LIMIT 2", span).fetchall()
        if not rows:
            raise NoSuchPod(name)
        if len(rows) > 1:
            raise AmbiguousName(name)
        return str(rows[0][0])

    def load(self, id: str) -> PodRecord:
        """The pod as last committed. Raises: NoSuchPod."""
        with self._store.reading() as db:
            row = db.execute(f"{_POD} WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchPod(id)
        return _pod(row)

    def config(self, id: str) -> bytes:
        """What the pod was created with (JSON). Raises: NoSuchPod."""
        with self._store.reading() as db:
            row = db.execute("SELECT config FROM pod WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchPod(id)
        return bytes(row[0])

    def list(self) -> builtins.list[PodRecord]:
        """Every pod, oldest first, those that are being created or half made as well."""
        with self._store.reading() as db:
            return [_pod(row) for row in db.execute(f"{_POD} ORDER BY created_at").fetchall()]

    def members(self, id: str) -> builtins.list[ContainerRecord]:
        """The containers of a pod, oldest first, those that are being created as well."""
        with self._store.reading() as db:
            rows = db.execute(f"{SELECT} WHERE pod = ? ORDER BY created_at", (id,)).fetchall()
        return [record_of(row) for row in rows]


def _values(claim: Claim) -> tuple[str, int, int, str, int]:
    return claim.intent, claim.holder.pid, claim.holder.start, claim.holder.boot, claim.since


def _pod(row: tuple[object, ...]) -> PodRecord:
    facts, (intent, pid, start, boot, since) = row[: len(_COLUMNS)], row[len(_COLUMNS) :]
    claim = None
    if intent is not None:
        claim = Claim(Intent(intent), ProcessId(pid, start, boot), since)  # type: ignore[arg-type]
    return PodRecord(*facts, claim)  # type: ignore[arg-type,call-arg]  # SQLite's columns, in order

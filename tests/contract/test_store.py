"""What every store must do, held against the real one and its double."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seabox.errors import AmbiguousName, Damaged, InUse, NameInUse, NoSuchContainer, NoSuchImage, SchemaTooNew
from seabox.model.record import (
    Claim,
    ContainerFacts,
    ContainerState,
    EventKind,
    Intent,
    ProcessId,
    Status,
    created,
    running,
    stopped,
)
from seabox.state.sqlite import SQLiteStore
from seabox.state.store import Occurrence
from seabox.testing.store import MemoryStore

if TYPE_CHECKING:
    from seabox.state.store import Store

ME = ProcessId(os.getpid(), 12, "boot")


def facts(id: str, name: str, created_at: int = 1, image_id: str = "") -> ContainerFacts:
    return ContainerFacts(id, name, created_at, "busybox", image_id, "sh", "", "/usr/bin/crun", False, 15, 10, "no")


def add(store: Store, id: str, name: str, *, requires: tuple[str, ...] = (), created_at: int = 1) -> None:
    store.add(facts(id, name, created_at), b"{}", requires, Claim(Intent.CREATE, ME, 1))
    store.commit(id, ContainerState(), [Occurrence(EventKind.CREATE)], unclaim=True)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = SQLiteStore(str(tmp_path / "seabox.db")) if request.param == "sqlite" else MemoryStore()
    yield store
    store.close()


def test_add_is_hidden_until_committed(store: Store) -> None:
    store.add(facts("a" * 64, "web"), b"{1}", (), Claim(Intent.CREATE, ME, 7))
    assert list(store.records()) == []
    record = store.load("a" * 64)
    assert record.claim == Claim(Intent.CREATE, ME, 7)
    store.commit("a" * 64, record.state, [Occurrence(EventKind.CREATE)], durable=True, unclaim=True)
    assert [r.facts.name for r in store.records()] == ["web"]
    assert store.load("a" * 64).claim is None
    assert store.config("a" * 64) == b"{1}"
    assert [(e.kind, e.name) for e in store.events()] == [("create", "web")]


def test_names_are_unique(store: Store) -> None:
    add(store, "a" * 64, "web")
    with pytest.raises(NameInUse) as taken:
        add(store, "b" * 64, "web")
    assert taken.value.owner == "a" * 64
    assert [r.facts.id for r in store.records()] == ["a" * 64]


def test_find_by_name_id_and_prefix(store: Store) -> None:
    add(store, "ab" + "0" * 62, "web")
    add(store, "ac" + "0" * 62, "db")
    add(store, "f" * 64, "a")  # a name that is also a prefix of ids
    assert store.find("web") == store.find("ab") == store.find("AB0") == store.find("ab" + "0" * 62) == "ab" + "0" * 62
    assert store.find("a") == "f" * 64
    for missing in ("nope", "abc", "", "a" * 64):
        with pytest.raises(NoSuchContainer):
            store.find(missing)
    store.remove("f" * 64)
    with pytest.raises(AmbiguousName):
        store.find("a")


def test_state_round_trips(store: Store) -> None:
    add(store, "a" * 64, "web")
    state = created(ContainerState(), process=ProcessId(3, 33, "b"), conmon=ProcessId(4, 44, "b"))
    state = running(state.replace(mountpoint="/m", mount_count=2, restart_count=3, error="e"), at=9)
    store.commit("a" * 64, state)
    assert store.load("a" * 64).state == state
    ended = stopped(state, at=11, code=None, reason="reboot", oom=True)
    store.commit("a" * 64, ended, [Occurrence(EventKind.DIED, None, '{"a":1}')])
    assert store.load("a" * 64).state == ended
    event = store.events()[-1]
    assert (event.kind, event.exit_code, event.attributes) == ("died", None, '{"a":1}')


def test_exit_codes_outlive_the_container(store: Store) -> None:
    add(store, "a" * 64, "web")
    for run, code in ((1, 0), (2, 7)):
        store.commit("a" * 64, stopped(ContainerState(run=run), at=time.time_ns(), code=code))
    store.remove("a" * 64, [Occurrence(EventKind.REMOVE)])
    for run, code in ((1, 0), (2, 7), (None, 7)):
        found = store.exit_record("a" * 64, run)
        assert found is not None
        assert (found.code, found.name) == (code, "web")
    assert store.exit_record("b" * 64) is None
    with pytest.raises(NoSuchContainer):
        store.load("a" * 64)
    assert [e.kind for e in store.events()] == ["create", "remove"]


def test_the_code_of_a_start_that_failed_outlives_the_container(store: Store) -> None:
    add(store, "a" * 64, "web")
    store.commit("a" * 64, ContainerState(run=1, exit_code=127), failed=True)
    store.remove("a" * 64)
    found = store.exit_record("a" * 64)
    assert found is not None
    assert (found.code, found.run) == (127, 1)


def test_events_are_numbered_in_order(store: Store) -> None:
    add(store, "a" * 64, "web")
    store.commit("a" * 64, ContainerState(), [Occurrence(EventKind.STOP), Occurrence(EventKind.DIED, 3)])
    events = store.events()
    assert [e.kind for e in events] == ["create", "stop", "died"]
    assert [e.seq for e in events] == sorted({e.seq for e in events})
    assert store.events(since_seq=events[1].seq)[0].exit_code == 3
    assert store.last_seq() == events[-1].seq


def test_claims(store: Store) -> None:
    add(store, "a" * 64, "web")
    mine, theirs = Claim(Intent.STOP, ME, 1), Claim(Intent.REMOVE, ProcessId(1, 1, "x"), 2)
    store.claim("a" * 64, mine)
    store.claim("a" * 64, theirs)
    store.unclaim("a" * 64, mine)
    assert store.load("a" * 64).claim == theirs
    store.unclaim("a" * 64, theirs)
    assert store.load("a" * 64).claim is None
    store.unclaim("b" * 64, mine)
    with pytest.raises(NoSuchContainer):
        store.claim("b" * 64, mine)


def test_requirements_keep_a_container(store: Store) -> None:
    add(store, "a" * 64, "infra")
    add(store, "b" * 64, "web", requires=("a" * 64,))
    assert store.dependants("a" * 64) == ["b" * 64]
    assert store.requirements("b" * 64) == ["a" * 64]
    with pytest.raises(InUse):
        store.remove("a" * 64)
    store.remove("b" * 64)
    store.remove("a" * 64)
    with pytest.raises(NoSuchContainer):
        add(store, "c" * 64, "x", requires=("a" * 64,))
    assert list(store.records()) == []


def test_records_by_status_and_age(store: Store) -> None:
    for i, name in enumerate(("c", "a", "b")):
        add(store, f"{i}" * 64, name, created_at=10 - i)
    store.commit("1" * 64, ContainerState(status=Status.RUNNING))
    assert [r.facts.name for r in store.records()] == ["b", "a", "c"]
    assert [r.facts.name for r in store.records((Status.RUNNING, Status.PAUSED))] == ["a"]


def test_reconfigure(store: Store) -> None:
    add(store, "a" * 64, "web")
    fresh = facts("a" * 64, "other")
    fresh.restart_policy, fresh.stop_timeout = "always", 3
    store.reconfigure(fresh, b'{"new": 1}')
    found = store.load("a" * 64).facts
    assert (found.name, found.restart_policy, found.stop_timeout) == ("web", "always", 3)
    assert store.config("a" * 64) == b'{"new": 1}'
    assert [event.kind for event in store.events()] == ["create"]
    with pytest.raises(NoSuchContainer):
        store.reconfigure(facts("b" * 64, "db"), b"")


def test_rename(store: Store) -> None:
    add(store, "a" * 64, "web")
    add(store, "b" * 64, "db")
    store.rename("a" * 64, "front", [Occurrence(EventKind.RENAME)])
    assert store.find("front") == "a" * 64
    with pytest.raises(NameInUse):
        store.rename("a" * 64, "db")
    with pytest.raises(NoSuchContainer):
        store.rename("c" * 64, "x")


@pytest.mark.parametrize("call", ["commit", "remove", "config", "load"])
def test_a_missing_container_is_an_error(store: Store, call: str) -> None:
    arguments = ("a" * 64, ContainerState()) if call == "commit" else ("a" * 64,)
    with pytest.raises(NoSuchContainer):
        getattr(store, call)(*arguments)


# --- SQLite alone ----------------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(str(tmp_path / "seabox.db"))
    yield store
    store.close()


def test_an_image_in_use_is_kept_by_its_foreign_key(sqlite: SQLiteStore) -> None:
    from seabox.state.image_index import SQLiteImageIndex

    index = SQLiteImageIndex(sqlite)
    index.add_image("i" * 64, ["localhost/x:latest"], ["l1", "l2"], b"{}", 1)
    with pytest.raises(NoSuchImage):
        sqlite.add(facts("a" * 64, "web", image_id="no such"), b"{}", (), Claim(Intent.CREATE, ME, 1))
    sqlite.add(facts("a" * 64, "web", image_id="i" * 64), b"{}", (), Claim(Intent.CREATE, ME, 1))
    with pytest.raises(InUse):
        index.remove("i" * 64)
    sqlite.remove("a" * 64)
    assert index.remove("i" * 64) == ["l2", "l1"]
    assert index.find("localhost/x:latest") is None


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "seabox.db")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(SchemaTooNew) as newer:
        SQLiteStore(path).last_seq()
    assert newer.value.found == 999


def test_the_database_is_private(sqlite: SQLiteStore, tmp_path: Path) -> None:
    sqlite.last_seq()
    assert os.stat(tmp_path / "seabox.db").st_mode & 0o777 == 0o600


def test_a_damaged_row_hides_one_container(sqlite: SQLiteStore) -> None:
    add(sqlite, "a" * 64, "web")
    add(sqlite, "b" * 64, "db")
    with sqlite.transaction() as db:
        db.execute("UPDATE container SET status = 'nonsense' WHERE id = ?", ("a" * 64,))
    assert [r.facts.name for r in sqlite.records()] == ["db"]
    with pytest.raises(Damaged, match="a" * 64):
        sqlite.load("a" * 64)


def test_no_statement_scans_a_table(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement that any call runs is planned over an index, whatever the store's size."""
    seen: set[str] = set()
    with sqlite.reading() as db:
        db.set_trace_callback(seen.add)
        add(sqlite, "a" * 64, "web")
        add(sqlite, "b" * 64, "db", requires=("a" * 64,))
        for call in (
            lambda: sqlite.find("web"), lambda: sqlite.find("aa"), lambda: sqlite.load("a" * 64),
            lambda: sqlite.config("a" * 64), lambda: sqlite.commit("a" * 64, stopped(ContainerState(), at=1, code=1)),
            lambda: sqlite.claim("a" * 64, Claim(Intent.STOP, ME, 1)),
            lambda: sqlite.unclaim("a" * 64, Claim(Intent.STOP, ME, 1)), lambda: sqlite.dependants("a" * 64),
            lambda: sqlite.requirements("a" * 64), lambda: sqlite.exit_record("a" * 64), lambda: sqlite.events(3),
            lambda: sqlite.rename("a" * 64, "x"),
            lambda: sqlite.reconfigure(facts("a" * 64, "x"), b"{}"), lambda: sqlite.last_seq(),
            lambda: sqlite.remove("b" * 64),
            lambda: list(sqlite.records((Status.RUNNING, Status.PAUSED, Status.CREATED))),
        ):  # fmt: skip
            call()
        db.set_trace_callback(None)
        scans = []
        for statement in seen:
            if statement.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE", "INSERT"):
                plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
                scans += [(step, statement) for step in plan if step.startswith("SCAN") and "USING INDEX" not in step]
    assert len(seen) > 20
    assert scans == []


def test_a_store_of_ten_thousand_answers_as_one_of_ten(tmp_path: Path) -> None:
    """Look-ups and commits touch as many pages in a large store as in a small one, to a factor of a tree's depth."""
    steps = {}
    for size in (10, 10_000):
        path = str(tmp_path / f"{size}.db")
        store = SQLiteStore(path)
        with store.transaction() as db:
            for i in range(size):
                _fill(db, i)
        counted = _count_steps(store, f"{7:064x}")
        steps[size] = counted
        store.close()
    assert steps[10_000] <= steps[10] * 1.2, steps


def _fill(db: sqlite3.Connection, i: int) -> None:
    from seabox.state.schema import FACT_COLUMNS, STATE_COLUMNS

    f, s = facts(f"{i:064x}", f"name{i}", i), ContainerState()
    values = [getattr(f, c) for c in FACT_COLUMNS] + [getattr(s, c) for c in STATE_COLUMNS]
    values[FACT_COLUMNS.index("image_id")] = values[FACT_COLUMNS.index("pod")] = None
    columns = ", ".join(FACT_COLUMNS + STATE_COLUMNS)
    db.execute(f"INSERT INTO container({columns}) VALUES({', '.join('?' * len(values))})", values)
    db.execute("INSERT INTO container_config VALUES(?, '{}')", (f.id,))


def _count_steps(store: SQLiteStore, id: str) -> int:
    """Virtual machine steps (in tens) of a round of the calls that every operation makes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with store.reading() as db:
        db.set_progress_handler(step, 10)
        store.find("name7")
        store.find(id)
        store.find(id[:64])
        store.load(id)
        store.commit(id, ContainerState(status=Status.RUNNING), [Occurrence(EventKind.START)])
        db.set_progress_handler(None, 0)
    return count


def _commit_many(path: str, id: str, times: int) -> None:
    store = SQLiteStore(path)
    for _ in range(times):
        with store.transaction() as db:
            run = db.execute("SELECT run FROM container WHERE id = ?", (id,)).fetchone()[0]
            db.execute("UPDATE container SET run = ? WHERE id = ?", (run + 1, id))
    store.close()


def test_processes_do_not_lose_each_others_updates(sqlite: SQLiteStore, tmp_path: Path) -> None:
    add(sqlite, "a" * 64, "web")
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=_commit_many, args=(str(tmp_path / "seabox.db"), "a" * 64, 50)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sqlite.load("a" * 64).state.run == 150


def test_old_events_and_codes_are_dropped(tmp_path: Path) -> None:
    store = SQLiteStore(str(tmp_path / "s.db"), keep_rows=5)
    for i in range(6):
        add(store, f"{i}" * 64, f"n{i}")
        store.commit(f"{i}" * 64, stopped(ContainerState(run=1), at=time.time_ns() if i else 1, code=i))
        store.remove(f"{i}" * 64, [Occurrence(EventKind.REMOVE)])
    assert len(store.events()) <= 6
    assert store.exit_record("0" * 64) is None
    assert store.exit_record("5" * 64) is not None
    store.close()




@pytest.mark.parametrize("call", ["create", "remove", "move"])
def test_creation_and_removal_survive_a_power_cut(sqlite: SQLiteStore, call: str) -> None:
    """They are committed with synchronous = FULL, a mere move with NORMAL."""
    add(sqlite, "a" * 64, "web")
    seen: list[str] = []
    with sqlite.reading() as db:
        db.set_trace_callback(seen.append)
        if call == "create":
            sqlite.commit("a" * 64, ContainerState(), [Occurrence(EventKind.CREATE)], durable=True, unclaim=True)
        elif call == "remove":
            sqlite.remove("a" * 64)
        else:
            sqlite.commit("a" * 64, ContainerState(status=Status.RUNNING))
        db.set_trace_callback(None)
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 1  # NORMAL again
    before_commit = seen[: seen.index("COMMIT")]
    assert ("PRAGMA synchronous = FULL" in before_commit) is (call != "move")

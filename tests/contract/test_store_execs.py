"""Exec sessions: what every store must do with them, held against the real one and its double."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seabox.errors import AmbiguousName, NoSuchContainer
from seabox.model.exec import ExecRecord, ExecStatus
from seabox.model.record import Claim, ContainerFacts, ContainerState, EventKind, Intent, ProcessId
from seabox.state.execs import COMMAND, KEEP_ENDED, NoSuchExec
from seabox.state.sqlite import SQLiteStore
from seabox.state.store import Occurrence
from seabox.testing.store import MemoryStore

if TYPE_CHECKING:
    from seabox.state.store import Store

WEB, DB = "a" * 64, "b" * 64
HOLDER = ProcessId(7, 8, "boot")
PROCESS, CONMON = ProcessId(11, 12, "boot"), ProcessId(13, 14, "boot")


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = SQLiteStore(str(tmp_path / "seabox.db")) if request.param == "sqlite" else MemoryStore()
    for id, name in ((WEB, "web"), (DB, "db")):
        facts = ContainerFacts(id, name, 1, "busybox", "", "sh", "", "/usr/bin/crun", False, 15, 10, "no")
        store.add(facts, b"{}", (), Claim(Intent.CREATE, HOLDER, 1))
        store.commit(id, ContainerState(), [Occurrence(EventKind.CREATE)], unclaim=True)
    yield store
    store.close()


def add(store: Store, id: str, container: str = WEB, at: int = 5) -> ExecRecord:
    record = ExecRecord(id, container, '["true"]', HOLDER, at, user="bob", tty=True)
    store.execs.add(record)
    return record


def happened(store: Store) -> list[tuple[str, str, int | None, str]]:
    return [(e.kind, e.name, e.exit_code, e.attributes) for e in store.events() if e.kind != "create"]


def test_a_session_from_its_start_to_its_end(store: Store) -> None:
    record = add(store, "e1")
    assert store.execs.get(WEB, "e1") == record
    assert record.active
    assert (record.process, record.conmon) == (None, None)
    assert happened(store) == []
    store.execs.start("e1", 11, PROCESS, CONMON, "boot", 20)
    found = store.execs.get(WEB, "e1")
    assert (found.status, found.process, found.conmon, found.started_at) == (ExecStatus.RUNNING, PROCESS, CONMON, 20)
    assert store.execs.end("e1", 30, 7)
    found = store.execs.get(WEB, "e1")
    assert (found.status, found.exit_code, found.exit_reason, found.finished_at) == (ExecStatus.STOPPED, 7, "", 30)
    assert not found.active
    began, ended = happened(store)
    assert (began[:3], json.loads(began[3])) == (("exec", "web", None), {"execID": "e1", COMMAND: ["true"]})
    assert ended == ("exec_died", "web", 7, '{"execID":"e1"}')


def test_an_end_is_recorded_once(store: Store) -> None:
    add(store, "e1")
    assert not store.execs.end("e1", 10, 0)
    store.execs.start("e1", 11, None, None, "boot", 20)
    assert store.execs.get(WEB, "e1").process is None
    assert store.execs.end("e1", 30, None, "conmon_lost")
    assert not store.execs.end("e1", 31, 0)
    assert not store.execs.end("nope", 31, 0)
    found = store.execs.get(WEB, "e1")
    assert (found.exit_code, found.exit_reason) == (None, "conmon_lost")
    assert [kind for kind, *_ in happened(store)] == ["exec", "exec_died"]


def test_a_start_of_what_is_gone_or_runs_is_refused(store: Store) -> None:
    with pytest.raises(NoSuchExec):
        store.execs.start("e1", 11, PROCESS, CONMON, "boot", 20)
    add(store, "e1")
    store.execs.remove("e1")
    store.execs.remove("e1")
    with pytest.raises(NoSuchExec):
        store.execs.start("e1", 11, PROCESS, CONMON, "boot", 20)
    add(store, "e2")
    store.execs.start("e2", 11, PROCESS, CONMON, "boot", 20)
    with pytest.raises(NoSuchExec):
        store.execs.start("e2", 11, PROCESS, CONMON, "boot", 20)
    assert [kind for kind, *_ in happened(store)] == ["exec"]


def test_finding_them(store: Store) -> None:
    add(store, "abc1", at=2)
    add(store, "abd2", at=1)
    add(store, "e3", DB)
    assert [record.id for record in store.execs.of(WEB)] == ["abd2", "abc1"]
    assert store.execs.get(WEB, "abc").id == "abc1"
    assert store.execs.find("abc1").container == WEB
    with pytest.raises(NoSuchExec):
        store.execs.find("abc")
    with pytest.raises(AmbiguousName):
        store.execs.get(WEB, "ab")
    for name in ("e3", "", "x"):
        with pytest.raises(NoSuchExec):
            store.execs.get(WEB, name)
    store.execs.start("abc1", 11, PROCESS, CONMON, "boot", 20)
    store.execs.end("abc1", 21, 0)
    assert [record.id for record in store.execs.of(WEB, active=True)] == ["abd2"]


def test_a_session_goes_with_its_container(store: Store) -> None:
    add(store, "e1")
    store.remove(WEB)
    assert store.execs.of(WEB) == []
    with pytest.raises(NoSuchContainer):
        add(store, "e2")
    assert store.execs.of(WEB) == []


def test_the_ended_are_forgotten_after_a_while(store: Store) -> None:
    for id in ("old", "new", "live"):
        add(store, id)
        store.execs.start(id, 11, PROCESS, CONMON, "boot", 5)
    store.execs.end("old", 10, 0)
    store.execs.end("new", 11, 0)
    add(store, "other", DB, at=11 + KEEP_ENDED)
    assert {record.id for record in store.execs.of(WEB)} == {"new", "live"}

"""A store of any older version opens, with all that was in it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from seabox.model.record import Claim, ContainerFacts, ContainerState, EventKind, Intent, ProcessId
from seabox.state.schema import MIGRATIONS, VERSION
from seabox.state.sqlite import SQLiteStore
from seabox.state.store import Occurrence

ID = "c" * 64


def write_as(path: str, version: int) -> None:
    """A store as a seabox that knew `version` migrations left it, with one container."""
    db = sqlite3.connect(path)
    for script in MIGRATIONS[:version]:
        db.executescript(script)
    columns = {row[1]: row for row in db.execute("PRAGMA table_info(container)")}
    values: dict[str, object] = {name: 0 if row[2] == "INTEGER" else "" for name, row in columns.items() if row[3]}
    values |= {"id": ID, "name": "old", "status": "exited", "exit_code": 7, "run": 1, "runtime": "/usr/bin/runc"}
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO container({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_an_older_store_opens(tmp_path: Path, version: int) -> None:
    path = str(tmp_path / "seabox.db")
    write_as(path, version)
    store = SQLiteStore(path)
    try:
        record = store.load(store.find("old"))
        assert (record.facts.runtime, record.state.exit_code) == ("/usr/bin/runc", 7)
        me = ProcessId(os.getpid(), 1, "boot")
        facts = ContainerFacts("d" * 64, "new", 1, "busybox", "", "sh", "", "/usr/bin/crun", False, 15, 10, "no", "/cg")
        store.add(facts, b"{}", (), Claim(Intent.CREATE, me, 1))
        store.commit(facts.id, ContainerState(), [Occurrence(EventKind.CREATE)], unclaim=True)
        assert store.load(facts.id).facts.cgroup == "/cg"
    finally:
        store.close()

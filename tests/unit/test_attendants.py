"""The supervisor's threads, and how it leaves."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from seabox.attendants.crew import Crew
from seabox.attendants.supervisor import Supervisor
from seabox.kernel.locks import lock_file, unlock


def test_a_crew_has_finished_when_its_last_job_has() -> None:
    crew, may_end, done = Crew(2), threading.Event(), []

    def job(name: str) -> None:
        assert may_end.wait(60)
        done.append(name)

    assert crew.begin("a", lambda: job("a"))
    assert crew.begin("b", lambda: job("b"))
    assert not crew.begin("c", lambda: job("c"))
    threading.Timer(0.05, may_end.set).start()
    crew.finish()
    assert sorted(done) == ["a", "b"]
    assert not crew.busy()
    os.close(crew.fd)


def test_nobody_of_a_crew_that_has_finished_touches_its_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed then; a thread that was the last to end, and late, wrote to it, or to what had its number since."""
    crew, told, write = Crew(1), [], os.eventfd_write

    def late(fd: int, value: int) -> None:
        select.poll().poll(50)
        write(fd, value)
        told.append(value)

    monkeypatch.setattr(os, "eventfd_write", late)
    assert crew.begin("a", lambda: None)
    crew.finish()
    assert told == [1]
    os.close(crew.fd)


def test_what_a_leaving_supervisor_has_begun_is_done_before_it_goes(tmp_path: Path) -> None:
    """Another took its place just when it looked for the last time: a start cut short would help nobody."""
    path = f"{tmp_path}/supervisor.lock"
    lock = lock_file(path, timeout=0)
    assert lock is not None
    others, finished = [], []

    class Late:
        def look(self, alive: object, watch: object) -> float:
            others.append(lock_file(path, timeout=0))
            return 1.0

        def finish(self) -> None:
            finished.append(True)

    store = SimpleNamespace(records=lambda status: [])
    on = SimpleNamespace(config=SimpleNamespace(runroot=str(tmp_path)), store=store)
    assert Supervisor(cast(Any, on), lock, [cast(Any, Late())])._leave()
    assert finished == [True]
    unlock(others[0])

"""Health checks do not stand in the way of a checkpoint: one that runs is ended, and does not count."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.sleepers import beyond, count, counting, has_gone_on
from seabox.container.container import Container
from seabox.model.health import Health


def checking(ctr: Container, found: list[Health]) -> threading.Thread:
    """A check of the container runs; what it comes to will be found there. Blocks until it runs."""
    thread = threading.Thread(target=lambda: found.append(ctr.run_healthcheck()))
    thread.start()
    while not ctr.execs.list():
        assert thread.is_alive()
    return thread


def test_a_check_is_ended(engine: seabox.Engine, tmp_path: Path) -> None:
    ctr = counting(
        engine, "one", healthcheck=("CMD-SHELL", "sleep 1000; true"), health_interval=0, health_retries=1,
        health_timeout=100,
    )  # fmt: skip
    assert ctr.health.status == "starting"
    found: list[Health] = []
    check = checking(ctr, found)
    (child,) = ctr.fork()
    assert beyond(child, 0)
    check.join(60)
    assert found[0].status == "starting"
    assert found[0].results == ()
    check = checking(ctr, found)
    ctr.checkpoint(export=tmp_path / "c.tar")
    check.join(60)
    assert not check.is_alive()
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)
    assert (ctr.health.status, ctr.health.results) == ("starting", ())
    assert b"sleep 1000" not in ctr.exec_run(["ps"]).stdout
    other = ctr.exec_detached(["sleep", "1000"])
    with pytest.raises(seabox.errors.StateConflict, match="active exec sessions"):
        ctr.fork()
    other.kill()

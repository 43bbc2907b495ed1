"""Containers that require others: refused, or started from the leaves on."""

from __future__ import annotations

from typing import Any

import pytest

import seabox
from engine.home import SLEEPER, kinds
from seabox.container.dependencies import DependenciesFailed
from seabox.errors import CommandNotFound, InvalidArgument, NoSuchContainer, StateConflict


def started(engine: seabox.Engine) -> list[str]:
    """The names of containers in the order in which they were started."""
    return [event.name for event in engine.events() if event.kind == "start"]


def make(engine: seabox.Engine, name: str, *requires: str, command: tuple[str, ...] = SLEEPER, **options: Any) -> None:
    engine.containers.create("busybox", command, name=name, requires=requires, stop_timeout=0, **options)


def test_what_is_required_must_run(engine: seabox.Engine) -> None:
    make(engine, "db")
    make(engine, "web", "db")
    for operation in (engine.containers["web"].start, engine.containers["web"].init):
        with pytest.raises(StateConflict) as refused:
            operation()
        assert engine.containers["db"].id in str(refused.value)
    engine.containers["db"].start()
    engine.containers["web"].start()
    assert started(engine) == ["db", "web"]


def test_unknown_ones_and_unknown_conditions(engine: seabox.Engine) -> None:
    """What a container requires is older than it is, so there are no circles."""
    with pytest.raises(NoSuchContainer):
        make(engine, "web", "web")
    make(engine, "db")
    with pytest.raises(InvalidArgument, match="condition"):
        make(engine, "web", "db:sometimes")
    assert [seen.facts.name for seen in engine.containers.list()] == ["db"]


def test_a_diamond_is_started_from_its_leaf_on(engine: seabox.Engine) -> None:
    make(engine, "leaf")
    make(engine, "left", "leaf")
    make(engine, "right", "leaf")
    make(engine, "top", "left", "right")
    engine.containers["top"].start(recursive=True)
    order = started(engine)
    assert (order[0], sorted(order[1:3]), order[3:]) == ("leaf", ["left", "right"], ["top"])
    assert {seen.status for seen in engine.containers.list()} == {"running"}


def test_one_that_runs_is_satisfied(engine: seabox.Engine) -> None:
    """D45: also where what it requires has ended since."""
    make(engine, "leaf")
    make(engine, "middle", "leaf")
    make(engine, "top", "middle")
    engine.containers["middle"].start(recursive=True)
    engine.containers["leaf"].stop()
    engine.containers["top"].start(recursive=True)
    assert started(engine) == ["leaf", "middle", "top"]
    assert engine.containers["leaf"].status == "exited"


def test_all_that_failed_is_said(engine: seabox.Engine) -> None:
    """D46: each cause, by container; what did not fail runs, what stands on failures was not tried."""
    make(engine, "one", command=("/missing",))
    make(engine, "two", command=("/missing too",))
    make(engine, "fine")
    make(engine, "above", "one")
    make(engine, "top", "above", "two", "fine")
    with pytest.raises(DependenciesFailed) as failed:
        engine.containers["top"].start(recursive=True)
    causes = {engine.containers[id].name: cause for id, cause in failed.value.causes.items()}
    assert causes.keys() == {"one", "two", "above"}
    assert isinstance(causes["one"], CommandNotFound)
    assert isinstance(causes["above"], StateConflict)
    assert "\n" not in str(failed.value)
    assert started(engine) == ["fine"]
    assert engine.containers["top"].status == "created"


def test_completed(engine: seabox.Engine) -> None:
    make(engine, "setup", command=("sh", "-c", "echo done; exit 0"))
    make(engine, "web", "setup:completed")
    with pytest.raises(StateConflict):
        engine.containers["web"].start()
    engine.containers["web"].start(recursive=True)
    assert engine.containers["setup"].wait() == 0
    engine.containers["web"].restart(timeout=0)  # it has completed: not again
    assert started(engine) == ["setup", "web", "web"]


def test_completed_means_with_success(engine: seabox.Engine) -> None:
    make(engine, "setup", command=("false",))
    make(engine, "web", "setup:completed")
    with pytest.raises(DependenciesFailed, match="ended with code 1"):
        engine.containers["web"].start(recursive=True)


def test_healthy(engine: seabox.Engine) -> None:
    ready = ("sh", "-c", "sleep 1; touch /ready; exec sleep 1000")
    make(engine, "db", command=ready, healthcheck=("CMD", "test", "-e", "/ready"), health_interval=0.2,
         health_retries=100)  # fmt: skip
    make(engine, "web", "db:healthy")
    engine.containers["web"].start(recursive=True)
    assert engine.containers["db"].health.status == "healthy"
    order = kinds(engine)
    assert order.index("health_status") < len(order) - 1 - order[::-1].index("start")


def test_one_that_becomes_unhealthy(engine: seabox.Engine) -> None:
    make(engine, "db", healthcheck=("CMD", "false"), health_interval=0.1, health_retries=2)
    make(engine, "web", "db:healthy")
    with pytest.raises(DependenciesFailed, match="is unhealthy"):
        engine.containers["web"].start(recursive=True)
    make(engine, "plain")
    make(engine, "other", "plain:healthy")
    with pytest.raises(DependenciesFailed, match="without a health check"):
        engine.containers["other"].start(recursive=True)


def test_init_and_attached(engine: seabox.Engine) -> None:
    make(engine, "db")
    make(engine, "web", "db", command=("echo", "hello"))
    engine.containers["web"].init(recursive=True)
    assert started(engine) == ["db"]
    with engine.containers["web"].start_and_attach(recursive=True) as session:
        assert session.read_all().stdout == b"hello\n"
    with engine.containers["web"].batch() as same, pytest.raises(InvalidArgument):
        same.start(recursive=True)

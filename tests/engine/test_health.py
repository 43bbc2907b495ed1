"""Health checks: run by the supervisor, on demand, and what follows from them."""

from __future__ import annotations

import os

import pytest

import seabox
from engine.changes import until
from engine.home import SLEEPER, Home, kinds
from seabox.errors import InvalidArgument, NoSuchContainer, StateConflict, TimedOut
from seabox.model.record import ContainerState

QUICK = {"health_interval": 0.2, "health_retries": 2}


def test_it_becomes_healthy_and_unhealthy(engine: seabox.Engine, home: Home) -> None:
    """A check that looks at a file: each turn is an event, and waiters learn of it."""
    ctr = engine.containers.run("busybox", SLEEPER, healthcheck="echo looked; test ! -e /ill", **QUICK)
    ctr.wait("healthy", timeout=60)
    assert ctr.health.failing_streak == 0
    assert ctr.health.results[-1].output == "looked\n"
    ctr.exec_run(["touch", "/ill"])
    ctr.wait("unhealthy", timeout=60)
    assert ctr.health.failing_streak >= 2
    assert ctr.health.results[-1].exit_code == 1
    assert ctr.inspect()["State"]["Health"]["Status"] == "unhealthy"
    ctr.exec_run(["rm", "/ill"])
    ctr.wait("healthy", timeout=60)
    turns = [event.attributes for event in engine.events() if event.kind == "health_status"]
    assert turns == [f'{{"health_status":"{word}"}}' for word in ("healthy", "unhealthy", "healthy")]


def test_the_log_is_bounded(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, healthcheck="yes | head -c 5000000", health_interval=0)
    for _ in range(7):
        ctr.run_healthcheck()
    health = ctr.health
    assert (health.status, len(health.results)) == ("healthy", 5)
    assert {len(result.output) for result in health.results} == {500}


def test_a_check_that_takes_too_long_is_killed(engine: seabox.Engine) -> None:
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck=("CMD", "sleep", "555"), health_interval=0, health_timeout=1, health_retries=1
    )
    health = ctr.run_healthcheck()
    assert (health.status, health.results[-1].exit_code) == ("unhealthy", -1)
    assert health.results[-1].ended_at - health.results[-1].began_at < 200e9
    assert b"555" not in ctr.exec_run(["ps"]).stdout


def test_failures_in_the_start_period_do_not_count(engine: seabox.Engine) -> None:
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck=("false",), health_interval=0, health_retries=1, health_start_period=100
    )
    for _ in range(3):
        assert ctr.run_healthcheck().status == "starting"
    assert ctr.health.failing_streak == 0


def test_a_command_that_does_not_exist(engine: seabox.Engine) -> None:
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck=("CMD", "/missing"), health_interval=0, health_retries=1
    )
    health = ctr.run_healthcheck()
    assert health.status == "unhealthy"
    assert "missing" in health.results[-1].output


@pytest.mark.parametrize("action", ["kill", "stop", "restart"])
def test_what_is_done_about_it(engine: seabox.Engine, home: Home, action: str) -> None:
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck="false", health_on_failure=action, stop_timeout=0, **QUICK
    )

    def seen(state: ContainerState) -> bool:
        return state.run == 2 if action == "restart" else state.status == "exited"

    until(ctr, home, seen)
    assert {"kill": "kill", "stop": "stop", "restart": "restart"}[action] in [
        event.kind for event in engine.events()
    ] or until(ctr, home, lambda state: state.status == "running")


def test_a_kill_by_a_check_is_not_the_users(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck="false", health_on_failure="kill", restart="always", **QUICK
    )
    until(ctr, home, lambda state: state.restart_count >= 1 and state.status == "running")


def test_a_new_run_begins_anew(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, healthcheck="true", health_interval=0)
    assert ctr.run_healthcheck().status == "healthy"
    ctr.restart(timeout=0)
    assert (ctr.health.status, ctr.health.results) == ("starting", ())


def test_what_has_no_check(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, healthcheck=("NONE",))
    assert ctr.health.status == ""
    for call in (ctr.run_healthcheck, lambda: ctr.wait("healthy", timeout=60)):
        with pytest.raises(InvalidArgument, match="no defined healthcheck"):
            call()
    checked = engine.containers.create("busybox", SLEEPER, healthcheck="true")
    with pytest.raises(StateConflict):
        checked.run_healthcheck()
    with pytest.raises(TimedOut):
        checked.wait("healthy", timeout=0.1)
    checked.remove()
    with pytest.raises(NoSuchContainer):
        checked.wait("healthy", timeout=1)


def test_checks_come_sooner_while_it_starts(engine: seabox.Engine) -> None:
    """The first one fails; the next does not wait for the interval."""
    ctr = engine.containers.run(
        "busybox", SLEEPER, healthcheck="test -e /again || { touch /again; exit 1; }", health_interval=1000,
        health_start_period=1000, health_start_interval=0.1,
    )  # fmt: skip
    ctr.wait("healthy", timeout=60)
    assert [each.exit_code for each in ctr.health.results] == [1, 0]


def test_at_most_four_at_once(engine: seabox.Engine, home: Home) -> None:
    """Nine checks that take a while: as many processes as allowed run side by side, and all get their turn."""
    fifo = f"{home.folder}/count"
    os.mkdir(fifo)
    check = "echo x > /count/$HOSTNAME; ls /count | wc -l; sleep 1; rm /count/$HOSTNAME"
    ctrs = [
        engine.containers.run("busybox", SLEEPER, healthcheck=check, health_interval=100, volumes=[f"{fifo}:/count"])
        for _ in range(9)
    ]
    for ctr in ctrs:
        ctr.wait("healthy", timeout=120)
    counts = [int(ctr.health.results[0].output) for ctr in ctrs]
    assert max(counts) <= 4
    assert kinds(engine).count("health_status") == 9


def test_another_check(engine: seabox.Engine, home: Home) -> None:
    """The supervisor takes up the check that a running container gets, and then the one that replaces it."""
    ctr = engine.containers.run("busybox", SLEEPER)
    ctr.update(healthcheck="true", health_interval=0.2, health_retries=1)
    until(ctr, home, lambda state: state.health == "healthy")
    ctr.update(healthcheck="false")
    until(ctr, home, lambda state: state.health == "unhealthy")

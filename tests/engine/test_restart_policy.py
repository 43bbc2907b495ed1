"""Restart policies on real containers: started again by whoever is there, and by nobody if nobody wants it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

import seabox
from engine.changes import until
from engine.home import SLEEPER, Home, conmon_of, gone, init_of, kinds, last, obedient
from seabox.container.container import Container
from seabox.errors import InvalidArgument
from seabox.kernel import process
from seabox.kernel.locks import holder_of
from seabox.model.record import ContainerState, ProcessId

AGAIN = ["died", "init", "start", "restart"]


def kill_init(ctr: Container) -> None:
    process.send_signal(init_of(ctr), signal.SIGKILL)


def supervisor_of(home: Home) -> ProcessId | None:
    """The supervisor of this store, None if there is none."""
    found = supervisors(home)
    return found[0] if found else None


def supervisors(home: Home) -> list[ProcessId]:
    found = process.spawned_for(f"root={home.root}", (os.path.basename(sys.executable),))
    return [each for each in found if any(word.endswith("/supervisor.py") for word in process.arguments(each.pid))]


def the_supervisor(home: Home) -> ProcessId:
    """The supervisor of this store, which is there or about to be. Blocks."""
    deadline = time.monotonic() + 60
    while (found := supervisor_of(home)) is None:  # it is setsid(1) for a moment
        assert time.monotonic() < deadline
        select.poll().poll(20)
    return found


@contextmanager
def put_off(ctr: Container, home: Home) -> Iterator[ContainerState]:
    """The container has ended twice at least and waits for its next start, which nobody makes inside the block."""
    until(ctr, home, lambda state: state.status == "exited" and state.backoff >= 400 * 10**6)
    while True:
        supervisor = the_supervisor(home)
        process.send_signal(supervisor, signal.SIGSTOP)
        try:
            while not process.stopped(supervisor.pid):
                select.poll().poll(1)
            lock = f"{home.runroot}/containers/{ctr.id}/lock"
            while process.spawned_for(ctr.id, ("conmon",)):  # whose exit command makes a start that is near
                if holder_of(lock) == supervisor.pid:
                    break
                select.poll().poll(20)
            state = ctr.snapshot().state
            if state.status == "exited" and state.next_start_at and holder_of(lock) == 0:
                yield state
                return
        finally:
            process.send_signal(supervisor, signal.SIGCONT)


def test_an_ended_container_runs_again(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, restart="always")
    since = last(engine)
    kill_init(ctr)
    state = until(ctr, home, lambda state: state.restart_count == 1)
    assert (state.status, state.run, state.next_start_at) == ("running", 2, 0)
    assert kinds(engine, since) == AGAIN
    assert engine.containers.wait_code(ctr.id) == 137
    assert ctr.inspect()["RestartCount"] == 1


def test_the_pauses_grow(engine: seabox.Engine, home: Home) -> None:
    """Three quick ends: at once, after 0.2 s and after 0.4 s; and what is shown in between is true."""
    ctr = engine.containers.run("busybox", ["false"], restart="always")
    with put_off(ctr, home) as state:
        assert state.backoff in [100 * 10**6 << number for number in range(2, 10)]
        assert state.backoff <= state.next_start_at - state.finished_at <= 1.1 * state.backoff
        shown = ctr.inspect()["State"]
        assert (shown["Status"], shown["Restarting"]) == ("exited", True)
    assert until(ctr, home, lambda state: state.restart_count >= 3).run >= 4
    ctr.stop()
    assert ctr.snapshot().state.next_start_at == 0


def test_a_stop_during_a_pause_wins(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", ["false"], restart="always")
    with put_off(ctr, home):
        assert ctr.stop() is True
        runs = ctr.snapshot().state.run
        assert kinds(engine)[-1] == "stop"
        assert ctr.snapshot().state.stopped_by_user
    supervisor = supervisor_of(home)
    assert supervisor is None or process.wait_gone(supervisor, 60)
    assert (ctr.status, ctr.snapshot().state.run) == ("exited", runs)
    ctr.start()
    assert ctr.snapshot().state.run == runs + 1


def test_on_failure_counts(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", ["false"], restart="on-failure:2")
    state = until(ctr, home, lambda state: state.restart_count == 2 and state.status == "exited")
    assert (state.next_start_at, state.exit_code, state.run) == (0, 1, 3)
    assert kinds(engine)[1:] == ["init", "start", *AGAIN, *AGAIN, "died", "cleanup"]
    fine = engine.containers.run("busybox", ["true"], restart="on-failure")
    assert until(fine, home, lambda state: state.status == "exited").restart_count == 0


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure"])
def test_a_stop_by_the_user_ends_it(engine: seabox.Engine, home: Home, policy: str) -> None:
    ctr = obedient(engine, restart=policy)
    since = last(engine)
    ctr.stop()
    assert ctr.status == "exited"
    assert kinds(engine, since) == ["stop", "died", "cleanup"]
    again = obedient(engine, restart=policy)
    since = last(engine)
    again.kill(signal.SIGTERM)
    until(again, home, lambda state: state.status == "exited")
    assert kinds(engine, since) == ["kill", "died", "cleanup"]


def test_another_signal_leaves_the_policy_alone(engine: seabox.Engine, home: Home) -> None:
    """D8: a SIGHUP is no wish to stop, whatever it leads to."""
    ctr = engine.containers.create("busybox", ["sh", "-c", "trap 'exit 1' HUP; echo ready; while :; do sleep 1; done"],
                                   restart="always")  # fmt: skip
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    ctr.kill(signal.SIGHUP)
    assert until(ctr, home, lambda state: state.restart_count == 1).status == "running"
    assert not ctr.snapshot().state.stopped_by_user


def test_conmon_is_killed(engine: seabox.Engine, home: Home) -> None:
    """Nobody sees the end; whoever looks next, or the supervisor, acts on it."""
    ctr = engine.containers.run("busybox", SLEEPER, restart="always")
    conmon = conmon_of(ctr)
    process.send_signal(conmon, signal.SIGKILL)
    assert gone(conmon)
    kill_init(ctr)
    state = until(ctr, home, lambda state: state.restart_count == 1)
    assert state.status == "running"
    assert [each.exit_code for each in engine.events() if each.kind == "died"] == [None]


def test_the_supervisor_is_killed(engine: seabox.Engine, home: Home) -> None:
    """The next operation starts another, which starts the container."""
    ctr = engine.containers.run("busybox", ["false"], restart="always")
    until(ctr, home, lambda state: state.next_start_at and state.backoff >= 800 * 10**6)
    supervisor = the_supervisor(home)
    process.send_signal(supervisor, signal.SIGKILL)
    assert gone(supervisor)
    count = ctr.snapshot().state.restart_count
    ctr.sync()
    assert until(ctr, home, lambda state: state.restart_count > count)


def test_the_supervisor_leaves_with_its_last_duty(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, restart="always")
    supervisor = the_supervisor(home)
    ctr.stop(timeout=0)
    assert process.wait_gone(supervisor, 60)
    assert supervisor_of(home) is None


def test_it_cannot_be_combined_with_removal(engine: seabox.Engine) -> None:
    with pytest.raises(InvalidArgument):
        engine.containers.create("busybox", ["true"], restart="always", auto_remove=True)
    with pytest.raises(InvalidArgument):
        engine.containers.create("busybox", ["true"], restart="sometimes")


def test_the_supervisor_has_nothing_of_its_callers(engine: seabox.Engine, home: Home) -> None:
    """No descriptor but its lock, its own session, nobody's child: a pipeline that waits for end of file goes on."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        ctr = engine.containers.run("busybox", SLEEPER, restart="always")
        ctr.sync()
        supervisor = the_supervisor(home)
        held = []
        for fd in os.listdir(f"/proc/{supervisor.pid}/fd"):
            with suppress(FileNotFoundError):  # one that it had open for a moment
                held.append(os.readlink(f"/proc/{supervisor.pid}/fd/{fd}"))
        assert f"pipe:[{os.fstat(writer).st_ino}]" not in held
        assert f"{home.runroot}/supervisor.lock" in held
        assert os.getsid(supervisor.pid) != os.getsid(0)
        assert process.parent(supervisor) != os.getpid()
    finally:
        os.close(reader)
        os.close(writer)


def test_there_is_one_supervisor(engine: seabox.Engine, home: Home) -> None:
    """However many operations want it at once."""
    starters = [
        home.python(
            f'engine.containers.create("busybox", ["sleep", "1000"], name="c{number}", restart="always").start()'
        )
        for number in range(4)
    ]
    for starter in starters:
        assert starter.wait(60) == 0
    assert supervisors(home) == [the_supervisor(home)]

"""How containers end while nobody looks, or against the rules: what is recorded is what happened, or "unknown"."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import seabox
from engine.home import OBEDIENT, SLEEPER, Home, conmon_of, gone, init_of, kinds, last, obedient
from seabox.container.container import Container
from seabox.errors import ExitCodeUnknown, NoSuchContainer
from seabox.kernel import cgroups, mounts, process
from seabox.model.record import Claim, Intent, ProcessId, Status

# Starts a container in a process that is then killed: no engine is alive when the container ends.
START_AND_DIE = """
import os, signal
words = {"name": "lonely", "auto_remove": sys.argv[1] == "rm"}
engine.containers.create("busybox", ["sh", "-c", "read line; exit 6"], stdin=True, **words).start()
os.kill(os.getpid(), signal.SIGKILL)
"""


def _leave_alone(home: Home, word: str) -> None:
    with home.python(START_AND_DIE, word) as starter:
        assert starter.wait(60) == -signal.SIGKILL


def _traces(home: Home, id: str) -> list[str]:
    """What the kernel and the runtime have of a container."""
    found = [path for path in mounts.mounts_under(home.root) if id in path]
    found += [path for path in cgroups.paths(f"{home.cgroup_parent}/{id}") if os.path.isdir(path)]
    records = f"{home.runroot}/{home.runtime}"
    return found + [name for name in (os.listdir(records) if os.path.isdir(records) else ()) if id in name]


def test_an_end_that_nobody_sees(home: Home) -> None:
    """conmon's exit command alone records it and gives back what the container held."""
    _leave_alone(home, "keep")
    with home.engine() as engine:
        ctr = engine.containers["lonely"]
        conmon, since = conmon_of(ctr), last(engine)
        assert ctr.status == "running"
        process.send_signal(init_of(ctr), signal.SIGKILL)
        assert gone(conmon)
        record = engine._rooms.store.load(ctr.id)
        assert (record.state.status, record.state.exit_code) == (Status.EXITED, 137)
        assert kinds(engine, since) == ["died", "cleanup"]
        assert _traces(home, ctr.id) == []
        assert ctr.wait() == 137


def test_an_end_that_nobody_sees_with_auto_remove(home: Home) -> None:
    _leave_alone(home, "rm")
    with home.engine() as engine:
        ctr = engine.containers["lonely"]
        conmon, since = conmon_of(ctr), last(engine)
        process.send_signal(init_of(ctr), signal.SIGKILL)
        assert gone(conmon)
        assert not engine.containers.exists("lonely")
        assert kinds(engine, since) == ["died", "cleanup", "remove"]
        assert _traces(home, ctr.id) == []
        assert ctr.wait() == engine.containers.wait_code(ctr.id) == 137


def test_an_end_in_a_cgroup_of_the_users(home: Home) -> None:
    """The exit command gives back the container's own cgroup wherever that is; the one above is the user's."""
    parent = f"{home.cgroup_parent}/theirs"
    with home.engine() as engine:
        ctr = engine.containers.create("busybox", ["true"], cgroup_parent=parent)
        ctr.init()
        conmon = conmon_of(ctr)
        ctr.start()
        assert gone(conmon)
        assert ctr.status == "exited"
    try:
        assert [path for top in cgroups._places() for path in Path(top + parent).glob("*/")] == []
    finally:
        cgroups.remove(parent)


@pytest.mark.parametrize("code", [0, 3, 126, 127, 137, 255])
def test_exit_codes(engine: seabox.Engine, code: int) -> None:
    """Those that a program may choose to end with, among them the ones an engine uses for its own refusals."""
    ctr = engine.containers.run("busybox", ["sh", "-c", f"exit {code}"], auto_remove=True)
    assert ctr.wait() == code
    assert ctr.wait("removed", timeout=60) == code
    assert engine.containers.list() == []


def test_a_signal_is_128_more(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sh", "-c", "sh -c 'kill -SEGV $$'; exit $?"])
    assert ctr.wait() == 128 + signal.SIGSEGV
    ctr = engine.containers.run("busybox", SLEEPER)
    process.send_signal(init_of(ctr), signal.SIGKILL)
    assert ctr.wait() == 137


def test_conmon_is_killed(engine: seabox.Engine) -> None:
    """The container goes on; when it ends, nobody can know how."""
    ctr = engine.containers.run("busybox", SLEEPER)
    conmon = conmon_of(ctr)
    process.send_signal(conmon, signal.SIGKILL)
    assert gone(conmon)
    assert ctr.status == "running"
    since = last(engine)
    ctr.kill()
    assert ctr.status in ("stopped", "exited")
    for _ in range(2):
        with pytest.raises(ExitCodeUnknown) as unknown:
            ctr.wait(timeout=60)
        assert unknown.value.reason == "conmon_lost"
        ctr.cleanup()
    assert kinds(engine, since) == ["kill", "died", "cleanup"]
    assert ctr.inspect()["State"]["ExitCode"] == -1
    ctr.start()
    assert ctr.status == "running"
    ctr.stop(timeout=0)
    assert ctr.wait() == 137


def test_conmon_is_killed_and_the_container_stopped(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    process.send_signal(conmon_of(ctr), signal.SIGKILL)
    ctr.stop()
    assert ctr.status == "exited"
    with pytest.raises(ExitCodeUnknown):
        ctr.wait(timeout=60)


def test_the_whole_tree_is_killed(engine: seabox.Engine, home: Home) -> None:
    """conmon first, so that it reports nothing; a waiter learns of the end all the same."""
    ctr = engine.containers.run("busybox", SLEEPER)
    init, conmon = init_of(ctr), conmon_of(ctr)
    process.send_signal(conmon, signal.SIGKILL)
    process.send_signal(init, signal.SIGKILL)
    with pytest.raises(ExitCodeUnknown):
        ctr.wait(timeout=60)
    assert ctr.status == "stopped"
    assert engine.containers.list(all=False) == []
    ctr.remove()
    assert _traces(home, ctr.id) == []


def test_conmon_is_killed_while_somebody_waits(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, name="waited")
    script = """
print("waiting", flush=True)
try:
    engine.containers["waited"].wait()
except seabox.errors.ExitCodeUnknown as unknown:
    print(unknown.reason)
"""
    with home.python(script, stdout=subprocess.PIPE) as waiter:
        assert waiter.stdout is not None
        assert waiter.stdout.readline() == b"waiting\n"
        process.send_signal(conmon_of(ctr), signal.SIGKILL)
        process.send_signal(init_of(ctr), signal.SIGKILL)
        assert waiter.stdout.read() == b"conmon_lost\n"
        assert waiter.wait(60) == 0


def _reboot(home: Home, engine: seabox.Engine, ctr: Container) -> None:
    """What a reboot leaves: no process, mount, cgroup nor run directory; and rows of another boot."""
    state = engine._rooms.store.load(ctr.id).state
    if state.conmon is not None:
        process.send_signal(state.conmon, signal.SIGKILL)
    cgroups.kill(f"{home.cgroup_parent}/{ctr.id}")
    assert gone(*(each for each in (state.conmon, state.process) if each is not None))
    for path in mounts.mounts_under(home.root):
        mounts.umount(path)
    cgroups.remove(f"{home.cgroup_parent}/{ctr.id}", kill=True)
    shutil.rmtree(home.runroot)
    engine._rooms.store.commit(ctr.id, state.replace(boot="the boot before"))


@pytest.mark.parametrize("paused", [False, True])
def test_a_reboot_while_it_ran(home: Home, paused: bool) -> None:
    with home.engine() as engine:
        ctr = engine.containers.run("busybox", ["sh", "-c", "echo kept > /kept; exec sleep 1000"], name="boots")
        if paused:
            ctr.pause()
        since = last(engine)
        _reboot(home, engine, ctr)
    with home.engine() as engine:
        ctr = engine.containers["boots"]
        assert ctr.status == "exited"
        assert engine.containers.list(all=False) == []
        with pytest.raises(ExitCodeUnknown) as unknown:
            ctr.wait()
        assert unknown.value.reason == "reboot"
        ctr.start()
        assert ctr.status == "running"
        assert kinds(engine, since) == ["died", "init", "start"]


def test_a_reboot_of_one_that_was_created(home: Home) -> None:
    with home.engine() as engine:
        ctr = engine.containers.create("busybox", OBEDIENT, name="boots")
        ctr.init()
        _reboot(home, engine, ctr)
    with home.engine() as engine:
        ctr = engine.containers["boots"]
        assert ctr.status == "created"
        ctr.start()
        assert ctr.status == "running"


def test_a_reboot_of_one_that_had_ended(home: Home) -> None:
    with home.engine() as engine:
        ctr = engine.containers.create("busybox", ["sh", "-c", "exit 8"], name="boots")
        ctr.init()
        conmon = conmon_of(ctr)
        ctr.start()
        assert gone(conmon)
        _reboot(home, engine, ctr)
    with home.engine() as engine:
        ctr = engine.containers["boots"]
        assert (ctr.status, ctr.wait()) == ("exited", 8)
        ctr.remove()


def test_a_pid_that_now_belongs_to_another(engine: seabox.Engine) -> None:
    """A process is known by its start time too: a stranger with the number is neither seen as ours nor signalled."""
    ctr = engine.containers.run("busybox", SLEEPER)
    init, conmon = init_of(ctr), conmon_of(ctr)
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        try:
            process.send_signal(conmon, signal.SIGKILL)
            process.send_signal(init, signal.SIGKILL)
            assert gone(init, conmon)
            store = engine._rooms.store
            state = store.load(ctr.id).state
            store.commit(ctr.id, state.replace(pid=stranger.pid, conmon_pid=stranger.pid))
            assert ctr.status == "stopped"
            ctr.remove(force=True, timeout=0)
            assert stranger.poll() is None
        finally:
            stranger.kill()
    with pytest.raises(NoSuchContainer):
        ctr.status  # noqa: B018


def test_memory_runs_out(engine: seabox.Engine) -> None:
    """The kernel's kill is 137 and says why."""
    ctr = engine.containers.run("busybox", ["sh", "-c", "tail /dev/zero"], memory=16 << 20)
    assert ctr.wait(timeout=60) == 137
    assert ctr.inspect()["State"]["OOMKilled"] is True
    same = engine.containers.run("busybox", SLEEPER, memory=16 << 20)
    same.kill()
    assert (same.wait(), same.inspect()["State"]["OOMKilled"]) == (137, False)


def test_a_starter_dies_before_it_starts(engine: seabox.Engine) -> None:
    """What it created is taken back at once: a process that waits for its start is nobody to wait for."""
    ctr = engine.containers.create("busybox", SLEEPER, stop_timeout=600)
    ctr.init()
    dead = ProcessId(2**22 - 1, 1, "no such boot")
    engine._rooms.store.claim(ctr.id, Claim(Intent.START, dead, 1))
    begun = time.monotonic()
    ctr.sync()
    assert time.monotonic() - begun < 300
    assert ctr.snapshot().state.process is None

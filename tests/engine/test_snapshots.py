"""Reads take no lock: they answer at once and truly while somebody holds every lock and does not move."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import seabox
from engine.home import SLEEPER, SOURCE, Home, init_of, obedient
from seabox.errors import Busy, TimedOut
from seabox.kernel import process
from seabox.kernel.locks import holder_of

SOON = 15.0  # s; half of what a lock is waited for

HOLD_ALL = """
import os, signal
from seabox.state.locks import Rank
ids = [seen.facts.id for seen in engine.containers.list()]
with engine._rooms.locks.hold(Rank.CONTAINER, *ids):
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""
STOP_IT = """
print("going", flush=True)
engine.containers["stubborn"].stop(timeout=600)
"""


@contextmanager
def frozen(home: Home, script: str, word: bytes, then: Callable[[], bool]) -> Iterator[int]:
    """Inside the block a process that ran `script` up to where `then` holds stands still; its pid."""
    with home.python(script, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == word
            deadline = time.monotonic() + 60
            while not then():
                assert time.monotonic() < deadline
                os.sched_yield()
            os.kill(holder.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, holder.pid, os.WSTOPPED)
            yield holder.pid
        finally:
            holder.kill()


def is_free(home: Home, id: str) -> bool:
    """Whether nobody holds the container's lock this moment."""
    return holder_of(f"{home.runroot}/containers/{id}/lock") == 0


def at_once(call: Callable[[], object]) -> object:
    """What the call gives, in less time than one that waits for a lock."""
    begun = time.monotonic()
    found = call()
    assert time.monotonic() - begun < SOON
    return found


def command(home: Home, *words: str) -> str:
    program = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); from seabox.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", program, "--root", home.root, "--runroot", home.runroot, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def test_while_every_lock_is_held(home: Home, engine: seabox.Engine) -> None:
    running = [engine.containers.run("busybox", SLEEPER, name=f"r{number}") for number in range(3)]
    ended = engine.containers.create("busybox", ["sh", "-c", "echo word; exit 3"], name="ended")
    with ended.start_and_attach() as session:
        session.read_all()
        assert ended.wait() == 3
    with frozen(home, HOLD_ALL, b"held\n", lambda: True) as holder, home.engine(lock_timeout=0.2) as other:
        containers = other.containers
        assert [seen.status for seen in at_once(containers.list)] == ["running"] * 3 + ["exited"]  # type: ignore[attr-defined]
        assert at_once(lambda: containers["r1"].inspect()["State"]["Status"]) == "running"
        assert at_once(lambda: containers["ended"].wait()) == 3
        assert at_once(lambda: [line.payload for line in containers["ended"].logs()]) == [b"word\n"]
        assert at_once(other.info)
        assert len(at_once(lambda: list(other.events()))) > 10  # type: ignore[arg-type]
        assert "r2" in str(at_once(lambda: command(home, "ps")))
        assert "r2" in str(at_once(lambda: command(home, "inspect", "r2")))
        assert at_once(lambda: command(home, "info"))
        # one that dies now is shown dead, though nobody can record it
        init = init_of(running[0])
        process.send_signal(init, signal.SIGKILL)
        assert process.wait_gone(init, 60)
        assert containers["r0"].wait(timeout=60) == 137
        assert at_once(lambda: containers["r0"].status) == "stopped"
        assert "r0" not in str(at_once(lambda: command(home, "ps")))
        with pytest.raises(TimedOut):
            containers["r1"].wait(timeout=0.05)
        # what needs the lock gives up in its time and says whom it waited for
        with pytest.raises(Busy, match=str(holder)):
            containers["r1"].pause()


def test_while_a_stop_stands_still(home: Home, engine: seabox.Engine) -> None:
    """A stop waits without the lock: kill and remove go through, even if it never moves again."""
    ctr = engine.containers.run("busybox", SLEEPER, name="stubborn")
    with frozen(home, STOP_IT, b"going\n", lambda: ctr.status == "stopping" and is_free(home, ctr.id)):
        assert at_once(lambda: ctr.status) == "stopping"
        assert at_once(lambda: ctr.inspect()["State"]["Status"]) == "stopping"
        assert "stopping" in str(at_once(lambda: command(home, "ps", "--format", "{{.State}}"))).lower()
        begun = time.monotonic()
        ctr.kill()
        assert ctr.wait(timeout=60) == 137
        ctr.remove()
        assert time.monotonic() - begun < 60
        assert not ctr.exists()


def test_the_stopper_dies(home: Home, engine: seabox.Engine) -> None:
    """Its claim is taken over by whoever comes next."""
    ctr = obedient(engine, name="stubborn")
    with frozen(home, STOP_IT, b"going\n", lambda: ctr.status != "running"):
        pass  # and is killed, perhaps before it has sent a signal
    ctr.stop()
    assert ctr.wait(timeout=60) == 9
    ctr.start()
    assert ctr.status == "running"

"""Many at once, from threads and from processes: every outcome is one that some order of the calls would give."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

import seabox
from engine.home import OBEDIENT, READY, Home, kinds, obedient
from seabox.container.container import Container
from seabox.container.remove import StillRunning
from seabox.errors import NameInUse, NoSuchContainer, SeaboxError, StateConflict


def all_at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    """What each call gave, or the error it raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        gate.wait(60)
        try:
            return call()
        except SeaboxError as problem:
            return problem

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(120) for future in [pool.submit(run, call) for call in calls]]


def test_sixteen_runs(engine: seabox.Engine) -> None:
    def run(number: int) -> tuple[bytes, int | None]:
        ctr = engine.containers.create("busybox", ["sh", "-c", f"echo {number}; exit {number}"])
        with ctr.start_and_attach() as session:
            said = session.read_all(60).stdout
            code = ctr.wait()
        ctr.remove()
        return said, code

    found = all_at_once([lambda number=number: run(number) for number in range(16)])  # type: ignore[misc]
    assert found == [(b"%d\n" % number, number) for number in range(16)]
    assert engine.containers.list() == []
    happened = Counter(kinds(engine))
    assert set(happened.values()) == {16}, happened


def test_sixteen_runs_that_remove_themselves(engine: seabox.Engine) -> None:
    def run(number: int) -> int | None:
        return engine.containers.run("busybox", ["sh", "-c", f"exit {number}"], auto_remove=True).wait("removed")

    assert all_at_once([lambda number=number: run(number) for number in range(16)]) == list(range(16))  # type: ignore[misc]
    assert engine.containers.list() == []
    happened = Counter(kinds(engine))
    assert set(happened.values()) == {16}, happened


def test_processes_share_the_store(home: Home, engine: seabox.Engine) -> None:
    script = """
for number in range(3):
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo " + sys.argv[1]])
    with ctr.start_and_attach() as session:
        assert session.read_all(60).stdout.decode().strip() == sys.argv[1]
        assert ctr.wait() == 0
    ctr.remove()
"""
    workers = [home.python(script, str(number)) for number in range(4)]
    assert [worker.wait(120) for worker in workers] == [0] * 4
    happened = Counter(kinds(engine))
    assert set(happened.values()) == {12}, happened


def test_one_name(home: Home, engine: seabox.Engine) -> None:
    found = all_at_once([lambda: engine.containers.create("busybox", name="mine")] * 8)
    assert Counter(type(each) for each in found) == {Container: 1, NameInUse: 7}
    assert len(engine.containers.list()) == 1


def test_one_start(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", OBEDIENT)
    found = all_at_once([ctr.start] * 6)
    assert Counter(type(each) for each in found) == {type(None): 1, StateConflict: 5}
    assert kinds(engine) == ["create", "init", "start"]


def test_many_stops_join(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    assert True in all_at_once([ctr.stop] * 5)
    assert kinds(engine)[-3:] == ["stop", "died", "cleanup"]
    assert ctr.wait() == 9


def test_many_stops_of_what_is_to_be_removed(engine: seabox.Engine) -> None:
    ctr = obedient(engine, auto_remove=True)
    found = all_at_once([ctr.stop] * 5)
    assert {type(each) for each in found} <= {bool, NoSuchContainer}
    assert True in found
    assert kinds(engine)[-4:] == ["stop", "died", "cleanup", "remove"]
    assert engine.containers.list() == []


def test_one_removal(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    found = all_at_once([lambda: ctr.remove(force=True)] * 5)
    assert {type(each) for each in found} <= {type(None), NoSuchContainer}
    assert None in found
    assert Counter(kinds(engine))["remove"] == 1
    assert kinds(engine)[-3:] == ["stop", "died", "remove"]


@pytest.mark.parametrize("how", ["kill", "remove"])
def test_a_long_stop_does_not_stand_in_the_way(engine: seabox.Engine, how: str) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo ready; exec sleep 1000"])
    with ctr.start_and_attach() as session:  # before that it is a program of the runtime's, which a signal does end
        assert next(iter(session)) == (1, READY.encode())
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(ctr.stop, 600)
        while ctr.status != "stopping":
            assert not stopping.done()
        begun = time.monotonic()
        if how == "kill":
            ctr.kill()
        else:
            ctr.remove(force=True, timeout=0)
        assert stopping.result(60) is True
        assert time.monotonic() - begun < 60
    assert ctr.wait() == 137
    assert Counter(kinds(engine))["died"] == 1


def test_everything_at_once(home: Home, engine: seabox.Engine) -> None:
    """Threads and processes stop, kill, start, restart and pause one container, and one removes it in the end."""
    ctr = obedient(engine, name="victim", stop_timeout=1)
    script = """
ctr = engine.containers["victim"]
for act in (ctr.kill, ctr.start, ctr.stop, ctr.start, ctr.restart, ctr.pause, ctr.unpause, ctr.cleanup) * 2:
    try:
        act()
    except seabox.errors.Conflict:
        pass
"""
    workers = [home.python(script, stderr=subprocess.PIPE) for _ in range(3)]
    acts: list[Callable[[], object]] = [ctr.stop, ctr.start, ctr.kill, ctr.restart, ctr.pause, ctr.unpause, ctr.start]
    found = all_at_once(acts)
    assert {type(each) for each in found} <= {type(None), bool, StateConflict}
    said = [line for worker in workers for line in worker.communicate(timeout=120)[1].decode().splitlines()]
    assert [line for line in said if not line.startswith("StopSignal SIGTERM failed")] == []
    assert [worker.returncode for worker in workers] == [0] * 3
    ctr.remove(force=True, timeout=0)
    happened = Counter(kinds(engine))
    assert happened["start"] == happened["died"]
    assert happened["remove"] == 1
    assert engine.containers.list() == []


def test_removal_against_readers(engine: seabox.Engine) -> None:
    """A reader sees the container or that there is none; never half of it."""
    ctr = obedient(engine)
    over, begun = threading.Event(), threading.Semaphore(0)

    def read() -> set[type]:
        seen: set[type] = set()
        while not over.is_set():
            for call in (ctr.inspect, engine.containers.list, lambda: ctr.status, lambda: list(ctr.logs())):
                try:
                    seen.add(type(call()))
                except NoSuchContainer:
                    seen.add(NoSuchContainer)
            begun.release()
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for _ in readers:
                assert begun.acquire(timeout=60)
            with pytest.raises(StillRunning):
                ctr.remove()
            ctr.remove(force=True)
        finally:
            over.set()
        assert {dict, list, str} <= set().union(*(reader.result(60) for reader in readers))

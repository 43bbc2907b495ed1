"""Waiting: each condition, from other threads and processes, with a wake-up in place of polling."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

import seabox
from engine.home import OBEDIENT, SLEEPER, Home, obedient
from seabox.container.container import Container
from seabox.errors import Cancelled, InvalidArgument, NeverStarted, NoSuchContainer, TimedOut
from seabox.kernel.watch import Cancel, Watch

PROMPT = 2.0  # s; slower is not event driven


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int | None]], Future[int | None]]:
    """`waiting(call)`: the call's future, once it really waits."""
    entered: threading.Semaphore = threading.Semaphore(0)
    wait = Watch.wait

    def announced(watch: Watch, timeout_seconds: float | None = None) -> set[object]:
        if threading.current_thread() is not threading.main_thread():
            entered.release()
        return wait(watch, timeout_seconds)  # type: ignore[return-value]

    monkeypatch.setattr(Watch, "wait", announced)
    pool = ThreadPoolExecutor(8)

    def start(call: Callable[[], int | None]) -> Future[int | None]:
        future = pool.submit(call)
        assert entered.acquire(timeout=60)
        return future

    return start


Waiting = Callable[[Callable[[], int | None]], Future[int | None]]


@pytest.mark.parametrize("condition", ["exited", "stopped", "next-exit", "removed"])
def test_for_an_end(engine: seabox.Engine, waiting: Waiting, condition: str) -> None:
    ctr = obedient(engine, auto_remove=condition == "removed")
    waiters = [waiting(lambda: ctr.wait(condition)) for _ in range(3)]
    begun = time.monotonic()
    ctr.stop()
    assert [waiter.result(10) for waiter in waiters] == [9, 9, 9]
    assert time.monotonic() - begun < PROMPT


def _do_nothing(ctr: Container) -> None:
    pass


@pytest.mark.parametrize(
    ("condition", "before", "move"),
    [
        ("running", _do_nothing, Container.start),
        ("running", Container.init, Container.start),
        ("paused", Container.start, Container.pause),
        ("created", Container.start, Container.cleanup),
    ],
    ids=["from configured", "from created", "paused", "created"],
)  # fmt: skip
def test_for_a_state(
    engine: seabox.Engine, waiting: Waiting, condition: str, before: Callable[[Container], None],
    move: Callable[[Container], None],
) -> None:  # fmt: skip
    engine.containers.run("busybox", SLEEPER)  # a stranger
    ctr = engine.containers.create("busybox", OBEDIENT)
    if condition == "created":
        assert ctr.wait("created", timeout=0) is None
        return
    before(ctr)
    waiter = waiting(lambda: ctr.wait(condition))
    begun = time.monotonic()
    move(ctr)
    assert waiter.result(10) is None
    assert time.monotonic() - begun < PROMPT
    assert ctr.wait(condition, timeout=0) is None  # it is so already


def test_next_exit_is_about_the_next_run(engine: seabox.Engine, waiting: Waiting) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo >> /runs; exit $(wc -l < /runs)"])
    with pytest.raises(NeverStarted):
        ctr.wait()
    first = waiting(lambda: ctr.wait("next-exit"))
    ctr.start()
    assert first.result(10) == 1
    assert ctr.wait() == 1
    second = waiting(lambda: ctr.wait("next-exit"))
    ctr.start()
    assert second.result(10) == 2


def test_a_wait_through_a_restart_hears_of_the_first_end(engine: seabox.Engine, waiting: Waiting) -> None:
    ctr = obedient(engine)
    waiter = waiting(ctr.wait)
    ctr.restart()
    assert waiter.result(10) == 9
    assert ctr.status == "running"


def test_a_removal_does_not_take_the_code_along(home: Home, engine: seabox.Engine) -> None:
    """Seen from another process, which has not looked at the container before its end."""
    ctr = obedient(engine, auto_remove=True)
    script = "ctr = engine.containers[sys.argv[1]]\nprint(ctr.status, flush=True)\nprint(ctr.wait())"
    with home.python(script, ctr.id, stdout=subprocess.PIPE) as waiter:
        assert waiter.stdout is not None
        assert waiter.stdout.readline() == b"running\n"
        ctr.remove(force=True)
        assert waiter.stdout.read() == b"9\n"
    assert ctr.wait("removed") == 9


def test_giving_up(engine: seabox.Engine, waiting: Waiting) -> None:
    ctr = engine.containers.run("busybox", SLEEPER)
    with pytest.raises(TimedOut):
        ctr.wait(timeout=0.05)
    cancel = Cancel()
    waiter = waiting(lambda: ctr.wait(cancel=cancel))
    cancel.fire()
    with pytest.raises(Cancelled):
        waiter.result(10)
    assert ctr.status == "running"
    with pytest.raises(InvalidArgument):
        ctr.wait("happy")
    ctr.remove(force=True, timeout=0)
    with pytest.raises(NoSuchContainer):
        ctr.wait("running")


def test_a_wait_for_a_stop_can_be_cancelled(engine: seabox.Engine, waiting: Waiting) -> None:
    """The container goes on, and is nobody's any more."""
    ctr = engine.containers.run("busybox", SLEEPER)
    cancel = Cancel()
    waiter = waiting(lambda: ctr.stop(timeout=600, cancel=cancel))
    assert ctr.status == "stopping"
    cancel.fire()
    with pytest.raises(Cancelled):
        waiter.result(10)
    assert ctr.status == "running"
    ctr.pause()
    ctr.unpause()

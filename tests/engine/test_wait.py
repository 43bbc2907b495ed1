"""Waiting: each condition, from other threads and processes, with a wake-up in place of polling."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

import seabox
from engine.home import OBEDIENT, SLEEPER, Home, obedient
from seabox.container.container import Container
from seabox.errors import Cancelled, InvalidArgument, NeverStarted, NoSuchContainer, TimedOut
from seabox.kernel.watch import Cancel, Watch


class Waiting:
    """`waiting(call)`: the call's future, in a thread of its own, once it really waits. `timed`: waits with an end."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.timed: list[float] = []
        self.futures: list[Future[int | None]] = []
        self._pool = pool
        self._entered: dict[int, threading.Event] = {}  # by thread

    def __call__(self, call: Callable[[], int | None]) -> Future[int | None]:
        entered = threading.Event()

        def run() -> int | None:
            self._entered[threading.get_ident()] = entered
            return call()

        future = self._pool.submit(run)
        self.futures.append(future)
        assert entered.wait(60)
        return future

    def waits(self, seconds: float | None) -> None:
        """The calling thread begins to wait."""
        if (entered := self._entered.get(threading.get_ident())) is not None:
            entered.set()
            if seconds is not None:
                self.timed.append(seconds)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    wait = Watch.wait
    pool = ThreadPoolExecutor(8)
    found = Waiting(pool)

    def announced(watch: Watch, timeout_seconds: float | None = None) -> object:
        found.waits(timeout_seconds)
        return wait(watch, timeout_seconds)

    monkeypatch.setattr(Watch, "wait", announced)
    yield found
    pool.shutdown(wait=all(future.done() for future in found.futures))  # not for one that a failure has left waiting
    found.futures.clear()  # their errors hold what was open


@pytest.mark.parametrize("condition", ["exited", "stopped", "next-exit", "removed"])
def test_for_an_end(engine: seabox.Engine, waiting: Waiting, condition: str) -> None:
    ctr = obedient(engine, auto_remove=condition == "removed")
    waiters = [waiting(lambda: ctr.wait(condition)) for _ in range(3)]
    ctr.stop()
    assert [waiter.result(60) for waiter in waiters] == [9, 9, 9]
    assert waiting.timed == []


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
    move(ctr)
    assert waiter.result(60) is None
    assert waiting.timed == []
    assert ctr.wait(condition, timeout=0) is None  # it is so already


def test_next_exit_is_about_the_next_run(engine: seabox.Engine, waiting: Waiting) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo >> /runs; exit $(wc -l < /runs)"])
    with pytest.raises(NeverStarted):
        ctr.wait()
    first = waiting(lambda: ctr.wait("next-exit"))
    ctr.start()
    assert first.result(60) == 1
    assert ctr.wait() == 1
    second = waiting(lambda: ctr.wait("next-exit"))
    ctr.start()
    assert second.result(60) == 2


def test_a_wait_through_a_restart_hears_of_the_first_end(engine: seabox.Engine, waiting: Waiting) -> None:
    ctr = obedient(engine)
    waiter = waiting(ctr.wait)
    ctr.restart()
    assert waiter.result(60) == 9
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
        waiter.result(60)
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
    while ctr.status != "stopping":  # it waits for the program first
        assert not waiter.done()
    cancel.fire()
    with pytest.raises(Cancelled):
        waiter.result(60)
    assert ctr.status == "running"
    ctr.pause()
    ctr.unpause()

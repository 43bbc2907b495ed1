"""Every call that waits takes a timeout and can be cancelled from another thread: all of them, in one table."""

from __future__ import annotations

import inspect
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import seabox
from engine.home import SLEEPER
from seabox.container.claims import making
from seabox.container.container import Container
from seabox.container.exec_session import Exec, Execs, ExecSession
from seabox.container.http_attach import Request
from seabox.container.snapshots import Snapshots
from seabox.engine import Containers
from seabox.errors import Cancelled, TimedOut
from seabox.kernel import watch
from seabox.kernel.watch import Cancel
from seabox.model.record import Intent
from seabox.pods.pod import Pod
from seabox.streams.session import Session

# What waits for nothing but a lock (for at most the engine's lock_timeout), a runtime, a disk.
PROMPT = {
    Container: """
        artifacts attach batch cleanup config connect disconnect exec exec_detached execs exists give_up health
        id inspect locked memberships mend name pause reload_network rename resize sizes snapshot snapshots stats
        status sync top unpause""",
    Pod: "containers exists id infra inspect name pause snapshot stats status top unpause",
    Session: "cancel close resize connection dropped keys patience",
    ExecSession: "cancel close resize connection dropped keys patience exit_code handle id kill pid poll",
    Exec: "container_id id inspect kill poll record resize running",
    Execs: "get list",
    Snapshots: "list remove",
    seabox.Engine: """
        check close images info networks newest_event pods programs_used reset runtime secrets usage volumes""",
    Containers: "create dependants exec_session exists get list run wait_code",
}
WAITING = {
    Container: """
        checkpoint copy_in copy_out exec_run export exported fork http_attach init kill logs mount remove restart
        restore run_healthcheck start start_and_attach start_dependencies stop unmount update wait""",
    Pod: "kill logs remove restart start stop",
    Session: "close_stdin pump read read_all write",
    ExecSession: "close_stdin communicate http_attach pump read read_all wait write",
    Exec: "remove wait",
    Execs: "remove",
    Snapshots: "create restore",
    seabox.Engine: "events",
    Containers: "checkpoint_image restore restore_image",
}
ITS_OWN = {"close_stdin", "write"}  # Session.cancel, from any thread, ends these


@pytest.mark.parametrize("kind", WAITING, ids=lambda kind: kind.__name__)
def test_the_table_is_whole(kind: type) -> None:
    public = {name for name in dir(kind) if not name.startswith("_")}
    assert public == {*WAITING[kind].split(), *PROMPT[kind].split()}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in WAITING.items() for name in names.split()])
def test_what_waits_has_a_timeout_and_a_cancel(kind: type, name: str) -> None:
    said = Request if (kind, name) == (Container, "http_attach") else getattr(kind, name)
    taken = set(inspect.signature(said).parameters)
    assert taken & {"timeout", "timeout_seconds"} or (kind is Pod and name == "kill")
    assert "cancel" in taken or name in ITS_OWN


Call = Callable[..., object]


class Stage:
    """What the calls of the table work on: containers that do not end, a client that does not read."""

    def __init__(self, engine: seabox.Engine, undo: ExitStack) -> None:
        self.engine, self.undo = engine, undo
        self.ctr = self.sleeper(healthcheck=SLEEPER, health_interval=0, health_timeout=60, stdin=True)
        self.ctr.start()
        self.waiting = self.sleeper(requires=[f"{self.ctr.id}:completed"])
        self.pod = engine.pods.create("p", network="none")
        self.sleeper(pod=self.pod.id, init_ctr="always")

    def sleeper(self, **options: Any) -> Container:
        return self.engine.containers.create("busybox", SLEEPER, **options)

    def session(self) -> Session:
        return self.undo.enter_context(self.ctr.attach())

    def sleeping(self) -> ExecSession:
        return self.undo.enter_context(self.ctr.exec(SLEEPER, stdin=True))

    def served(self) -> ExecSession:
        return self.undo.enter_context(self.ctr.exec(SLEEPER, begin=False))

    def detached(self) -> Exec:
        return self.ctr.exec_detached(SLEEPER)

    def wire(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self.undo.callback(ours.close)
        return theirs


def _all(lines: Iterator[object]) -> list[object]:
    return list(lines)


def _endless() -> Iterator[bytes]:
    while True:
        yield b""


class Hole:
    """Takes everything."""

    def write(self, data: bytes, /) -> object:
        return len(data)


def _removal(ctr: Container) -> Call:
    ctr.start()
    return lambda **how: ctr.remove(force=True, **how)


def _session(name: str, *values: object) -> Callable[[Stage], Call]:
    return lambda stage: lambda **how: getattr(stage.session(), name)(*values, **_seconds(how))


def _seconds(how: dict[str, Any]) -> dict[str, Any]:
    return {"timeout_seconds" if key == "timeout" else key: value for key, value in how.items()}


def _beside_another(call: Callable[[Container], Call]) -> Callable[[Stage], Call]:
    """Such a call while somebody else works on the container, and goes on for ever."""

    def make(stage: Stage) -> Call:
        ctr = stage.sleeper()
        claim = stage.undo.enter_context(making(Intent.EXPORT, 0))
        stage.engine._rooms.store.claim(ctr.id, claim)
        stage.undo.callback(stage.engine._rooms.store.unclaim, ctr.id, claim)
        return call(ctr)

    return make


# a call that would not return, made ready on the stage; what stops the container in its course comes last
CALLS: dict[str, Callable[[Stage], Call]] = {
    "Container.wait": lambda stage: stage.ctr.wait,
    "Container.init": lambda stage: lambda **how: stage.waiting.init(recursive=True, **how),
    "Container.start": lambda stage: lambda **how: stage.waiting.start(recursive=True, **how),
    "Container.start_and_attach": lambda stage: lambda **how: stage.waiting.start_and_attach(recursive=True, **how),
    "Container.start_dependencies": lambda stage: stage.waiting.start_dependencies,
    "Container.logs": lambda stage: lambda **how: _all(stage.ctr.logs(follow=True, **how)),
    "Container.http_attach": lambda stage: lambda **how: stage.ctr.http_attach(stage.wire(), **how),
    "Container.exec_run": lambda stage: lambda **how: stage.ctr.exec_run(SLEEPER, **how),
    "Container.copy_in": lambda stage: lambda **how: stage.ctr.copy_in("/", _endless(), **how),
    "Container.copy_out": lambda stage: lambda **how: _all(iter(stage.ctr.copy_out("/bin", **how))),
    "Container.export": lambda stage: lambda **how: stage.ctr.export(Hole(), **how),
    "Container.exported": lambda stage: lambda **how: _all(stage.ctr.exported(**how)),
    "Container.run_healthcheck": lambda stage: stage.ctr.run_healthcheck,
    "Container.mount": _beside_another(lambda ctr: ctr.mount),
    "Container.unmount": _beside_another(lambda ctr: ctr.unmount),
    "Container.update": _beside_another(lambda ctr: lambda **how: ctr.update(pids_limit=10, **how)),
    "Container.checkpoint": _beside_another(lambda ctr: ctr.checkpoint),
    "Container.restore": _beside_another(lambda ctr: ctr.restore),
    "Container.fork": _beside_another(lambda ctr: ctr.fork),
    "Snapshots.create": _beside_another(lambda ctr: ctr.snapshots.create),
    "Session.read": _session("read"),
    "Session.read_all": _session("read_all"),
    "Session.pump": _session("pump", None, None, None),
    "ExecSession.communicate": lambda stage: lambda **how: stage.sleeping().communicate(**how),
    "ExecSession.http_attach": lambda stage: lambda **how: stage.served().http_attach(stage.wire(), framed=True, **how),
    "ExecSession.wait": lambda stage: lambda **how: stage.sleeping().wait(**how),
    "Exec.wait": lambda stage: lambda **how: stage.detached().wait(**how),
    "Engine.events": lambda stage: lambda **how: _all(stage.engine.events(follow=True, **how)),
    "Pod.start": lambda stage: stage.pod.start,
    "Pod.logs": lambda stage: lambda **how: _all(stage.pod.logs(follow=True, **how)),
    "Pod.restart": lambda stage: stage.pod.restart,
    "Pod.stop": lambda stage: stage.pod.stop,
    "Pod.remove": lambda stage: lambda **how: stage.pod.remove(force=True, **how),
    "Container.stop": lambda stage: stage.ctr.stop,
    "Container.restart": lambda stage: stage.ctr.restart,
    "Container.remove": lambda stage: _removal(stage.sleeper()),
}
QUICK = {"Container.copy_out", "Container.export", "Container.exported"}  # done before a timer could fire
PATIENCE = {"stop", "restart", "remove"}  # whose timeout is how long the container may take before SIGKILL


def test_each_ends_in_time_and_by_a_cancel(engine: seabox.Engine) -> None:
    with ExitStack() as undo:
        stage = Stage(engine, undo)
        for name, make in CALLS.items():
            call, patience = make(stage), name.partition(".")[2] in PATIENCE
            if not patience:
                with pytest.raises(TimedOut):
                    call(timeout=0.0 if name in QUICK else 0.05)
            cancel = Cancel()
            if name in QUICK:
                cancel.fire()
            timer = threading.Timer(0.05, cancel.fire)
            timer.start()
            with pytest.raises(Cancelled):
                call(cancel=cancel, **({"timeout": 600} if patience else {}))
            timer.join()
        for each in stage.ctr.execs:
            each.remove(force=True)
        assert stage.ctr.status == "running"  # whoever gives up a wait leaves the container as it is


def test_a_writer_is_cancelled_by_its_session(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, stdin=True)
    with ctr.attach() as session:
        with pytest.raises(TimedOut):
            session.write(bytes(1 << 22), timeout_seconds=0.05)
        timer = threading.Timer(0.05, session.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            session.write(bytes(1 << 22))
        timer.join()


def test_cancelled_attaches_leave_nothing(engine: seabox.Engine) -> None:
    many = int(os.environ.get("SEABOX_TEST_ATTACHES", "40"))  # 1000 in the issue
    ctr = engine.containers.run("busybox", SLEEPER, stdin=True)

    def attach_and_cancel(number: int) -> None:
        with ctr.attach() as session:
            timer = threading.Timer(0.001, session.cancel)
            timer.start()
            with pytest.raises(Cancelled):
                (session.read_all if number % 2 else lambda: session.pump(None, None, None))()
            timer.join()

    def open_and_at_work() -> tuple[int, int]:
        while watch.closing():
            select.poll().poll(1)
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    attach_and_cancel(0)
    fds, threads = open_and_at_work()
    for number in range(many):
        attach_and_cancel(number)
    deadline = time.monotonic() + 60  # some of the last may be on their way out
    while not (open_and_at_work()[0] < fds + many // 2 and open_and_at_work()[1] < threads + many // 2):
        assert time.monotonic() < deadline
        select.poll().poll(20)

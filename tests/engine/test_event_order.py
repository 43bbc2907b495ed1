"""The events of each operation, in the order in which the contract has them."""

from __future__ import annotations

import io

import seabox
from engine.changes import until
from engine.home import SLEEPER, Home, kinds, last, obedient
from seabox.container.container import Container
from seabox.model.record import Status


def ended(ctr: Container, home: Home) -> None:
    """The container has ended and been cleaned up, by whoever does it."""
    until(ctr, home, lambda state: state.status is Status.EXITED)


def test_a_life_that_nobody_attends(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "exit 3"])
    assert kinds(engine) == ["create"]
    ctr.start()
    ended(ctr, home)
    assert kinds(engine) == ["create", "init", "start", "died", "cleanup"]
    assert [event.exit_code for event in engine.events() if event.kind == "died"] == [3]
    ctr.remove()
    assert kinds(engine)[5:] == ["remove"]


def test_a_run_in_the_foreground(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["true"], auto_remove=True)
    with ctr.start_and_attach() as session:
        session.read_all(60)
    assert ctr.wait("removed") == 0
    assert kinds(engine) == ["create", "init", "start", "attach", "died", "cleanup", "remove"]


def test_how_it_is_ended(engine: seabox.Engine, home: Home) -> None:
    ctr = obedient(engine)
    since = last(engine)
    ctr.stop()
    assert kinds(engine, since) == ["stop", "died", "cleanup"]
    ctr.start()
    since = last(engine)
    ctr.kill()
    ended(ctr, home)
    assert kinds(engine, since) == ["kill", "died", "cleanup"]
    ctr.start()
    since = last(engine)
    ctr.restart(timeout=0)
    assert kinds(engine, since) == ["stop", "died", "init", "start", "restart"]
    since = last(engine)
    ctr.remove(force=True, timeout=0)
    assert kinds(engine, since) == ["stop", "died", "remove"]


def test_a_restart_policy(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", ["false"], restart="on-failure:1")
    until(ctr, home, lambda state: state.restart_count == 1 and state.status is Status.EXITED)
    assert kinds(engine) == [
        "create", "init", "start", "died", "init", "start", "restart", "died", "cleanup",
    ]  # fmt: skip


def test_what_else_is_done_with_it(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER)
    since = last(engine)
    ctr.pause()
    ctr.unpause()
    ctr.mount()
    ctr.unmount()
    ctr.export(io.BytesIO())
    ctr.rename("other")
    ctr.update(pids_limit=50)
    ctr.exec_run(["true"])
    ctr.sync()
    assert kinds(engine, since) == [
        "pause", "unpause", "mount", "unmount", "export", "rename", "update", "exec", "exec_died", "sync",
    ]  # fmt: skip
    names = {event.name for event in engine.events(since) if event.kind in ("update", "exec", "sync")}
    assert names == {"other"}

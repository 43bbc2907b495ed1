"""Every operation on real containers: what it does, what it refuses, and what it says happened, in order."""

from __future__ import annotations

import os
import signal
import time

import pytest

import seabox
from engine.home import OBEDIENT, READY, SLEEPER, Home, conmon_of, gone, init_of, kinds, last, obedient
from seabox.container.remove import StillRunning
from seabox.errors import (
    CommandNotExecutable,
    CommandNotFound,
    InvalidArgument,
    NameInUse,
    NeverStarted,
    NoSuchContainer,
    NoSuchImage,
    Refused,
    StateConflict,
)
from seabox.model.record import Status


def test_create_init_start_wait_remove(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "exit 3"], name="one")
    assert (ctr.status, ctr.name) == ("created", "one")
    assert kinds(engine) == ["create"]
    ctr.init()
    assert ctr.snapshot().state.status is Status.CREATED
    assert kinds(engine) == ["create", "init"]
    conmon = conmon_of(ctr)
    with pytest.raises(StateConflict):
        ctr.init()
    ctr.start()
    assert ctr.wait() == 3
    assert gone(conmon)
    assert ctr.status == "exited"
    assert kinds(engine) == ["create", "init", "start", "died", "cleanup"]
    assert engine.containers.wait_code("one") == 3
    ctr.remove()
    assert not ctr.exists()
    assert kinds(engine) == ["create", "init", "start", "died", "cleanup", "remove"]
    assert ctr.wait() == engine.containers.wait_code(ctr.id) == 3
    with pytest.raises(NoSuchContainer):
        ctr.start()


def test_start_and_attach(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo hello; echo sorry >&2; exit 3"])
    with ctr.start_and_attach() as session:
        output = session.read_all()
        assert (output.stdout, output.stderr) == (b"hello\n", b"sorry\n")
        assert ctr.wait() == 3
    # the session has kept the exit command away, and so has done what that would have
    assert kinds(engine) == ["create", "init", "start", "attach", "died", "cleanup"]
    assert engine._rooms.store.load(ctr.id).state.status is Status.EXITED


def test_a_session_removes_what_is_to_be_removed(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["true"], auto_remove=True)
    with ctr.start_and_attach():
        assert ctr.wait() == 0
    assert engine.containers.list() == []
    assert kinds(engine)[-3:] == ["died", "cleanup", "remove"]


def test_a_stop_removes_what_is_to_be_removed(engine: seabox.Engine) -> None:
    ctr = obedient(engine, auto_remove=True)
    since = last(engine)
    assert ctr.stop() is True
    assert not ctr.exists()
    assert kinds(engine, since) == ["stop", "died", "cleanup", "remove"]
    assert ctr.wait() == 9


def test_a_restart_removes_nothing(engine: seabox.Engine) -> None:
    ctr = obedient(engine, auto_remove=True)
    ctr.restart()
    assert ctr.status == "running"


def test_a_container_runs_again_and_again(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo >> /runs; cat /runs | wc -l; exit $(wc -l < /runs)"])
    for run in (1, 2, 3):
        with ctr.start_and_attach() as session:
            assert session.read_all().stdout == b"%d\n" % run  # what it wrote to its root stays
            assert ctr.wait() == run
        assert ctr.snapshot().state.run == run
    assert [line.payload for line in ctr.logs()] == [b"1\n", b"2\n", b"3\n"]


def test_a_start_of_what_runs_is_refused(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER)
    first = init_of(ctr)
    for operation in (ctr.start, ctr.init, ctr.start_and_attach, ctr.cleanup, ctr.unpause):
        with pytest.raises(StateConflict):
            operation()
    with pytest.raises(StillRunning):
        ctr.remove()
    assert (ctr.status, init_of(ctr)) == ("running", first)


def test_stop_by_the_stop_signal(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    since = last(engine)
    assert ctr.stop() is True
    assert ctr.status == "exited"
    assert ctr.wait() == 9
    assert kinds(engine, since) == ["stop", "died", "cleanup"]
    assert ctr.snapshot().state.stopped_by_user
    assert ctr.stop() is False
    assert kinds(engine, since) == ["stop", "died", "cleanup"]


def test_stop_by_another_signal(engine: seabox.Engine) -> None:
    script = "trap 'exit 5' USR1; echo ready; while :; do sleep 1000 & wait $!; done"
    ctr = engine.containers.create("busybox", ["sh", "-c", script], stop_signal="USR1")
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, READY.encode())
    ctr.stop()
    assert ctr.wait() == 5


def test_stop_kills_what_does_not_obey(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, stop_timeout=1)
    since, begun = last(engine), time.monotonic()
    ctr.stop()
    assert 0.9 < time.monotonic() - begun < 60
    assert (ctr.status, ctr.wait()) == ("exited", 137)
    assert kinds(engine, since) == ["stop", "died", "cleanup"]


def test_stop_without_patience(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    ctr.stop(timeout=0)
    assert ctr.wait() == 137  # it was not asked


def test_stop_of_a_created_container(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", SLEEPER)
    with pytest.raises(StateConflict):
        ctr.stop()
    ctr.init()
    init, conmon = init_of(ctr), conmon_of(ctr)
    ctr.stop()
    assert gone(init, conmon)
    assert ctr.status in ("exited", "created")
    ctr.start()
    assert ctr.status == "running"


def test_kill(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER)
    conmon, since = conmon_of(ctr), last(engine)
    ctr.kill()
    assert ctr.wait() == 137
    assert gone(conmon)
    assert ctr.status == "exited"
    assert kinds(engine, since) == ["kill", "died", "cleanup"]
    with pytest.raises(StateConflict):
        ctr.kill()


def test_kill_with_a_signal_that_is_caught(engine: seabox.Engine) -> None:
    script = "trap 'echo hup' HUP; trap 'exit 4' TERM; echo ready; while :; do sleep 1000 & wait $!; done"
    ctr = engine.containers.create("busybox", ["sh", "-c", script])
    with ctr.start_and_attach() as session:
        output = iter(session)
        assert next(output) == (1, READY.encode())
        since = last(engine)
        ctr.kill(signal.SIGHUP)
        assert next(output) == (1, b"hup\n")
        assert kinds(engine, since) == ["kill"]
        assert (ctr.status, ctr.snapshot().state.stopped_by_user) == ("running", False)
        ctr.kill(signal.SIGTERM)
        assert ctr.wait() == 4
    with pytest.raises(InvalidArgument):
        ctr.kill(65)


def test_a_signal_right_after_the_start_is_for_the_program(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", SLEEPER)
    for _ in range(2):
        ctr.start()
        ctr.kill(signal.SIGTERM)  # which runc, about to execute the program, would die of
        assert ctr.stop(timeout=0)
        assert ctr.wait() == 137


def test_pause_and_unpause(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    since = last(engine)
    ctr.pause()
    assert ctr.status == "paused"
    for operation in (ctr.pause, ctr.start, ctr.attach, ctr.restart):
        with pytest.raises(StateConflict):
            operation()
    with pytest.raises(StillRunning):
        ctr.remove()
    ctr.unpause()
    assert ctr.status == "running"
    assert kinds(engine, since) == ["pause", "unpause"]
    ctr.stop()
    assert ctr.wait() == 9


@pytest.mark.parametrize("end", ["kill", "remove"])
def test_the_end_of_a_paused_container(engine: seabox.Engine, end: str) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, stop_timeout=600)
    ctr.pause()
    begun = time.monotonic()
    if end == "remove":
        ctr.remove(force=True, timeout=0)
    else:
        with pytest.raises(StateConflict) as refused:
            ctr.stop(timeout=0)
        assert (refused.value.status, refused.value.wanted) == ("paused", ("created", "running"))
        ctr.kill()
    assert time.monotonic() - begun < 300
    assert ctr.wait() == 137


def test_restart(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    first, since = init_of(ctr), last(engine)
    ctr.restart()
    assert (ctr.status, ctr.snapshot().state.run) == ("running", 2)
    assert gone(first)
    assert init_of(ctr) != first
    assert kinds(engine, since) == ["stop", "died", "init", "start", "restart"]
    assert engine._rooms.store.exit_record(ctr.id, 1).code == 9  # type: ignore[union-attr]


def test_restart_of_what_does_not_run(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", OBEDIENT)
    since = last(engine)
    ctr.restart()
    assert kinds(engine, since) == ["init", "start", "restart"]
    ctr.stop(timeout=0)
    since = last(engine)
    ctr.restart()
    assert kinds(engine, since) == ["init", "start", "restart"]
    assert ctr.status == "running"


def test_remove_by_force(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    init, conmon, since = init_of(ctr), conmon_of(ctr), last(engine)
    ctr.remove(force=True)
    assert gone(init, conmon)
    assert kinds(engine, since) == ["stop", "died", "remove"]
    assert ctr.wait() == 9
    with pytest.raises(NoSuchContainer):
        ctr.remove(force=True)


def test_remove_of_a_created_container(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", SLEEPER)
    ctr.init()
    init, conmon = init_of(ctr), conmon_of(ctr)
    ctr.remove()
    assert gone(init, conmon)
    assert not ctr.exists()


def test_cleanup(engine: seabox.Engine, home: Home) -> None:
    """What init took is given back; the container is as it was."""
    ctr = engine.containers.create("busybox", OBEDIENT)
    ctr.init()
    conmon, since = conmon_of(ctr), last(engine)
    ctr.cleanup()
    assert gone(conmon)
    assert kinds(engine, since) == ["cleanup"]
    assert os.listdir(f"{home.runroot}/{home.runtime}") == []
    assert ctr.status == "created"
    ctr.start()
    assert ctr.status == "running"


def test_batch(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", OBEDIENT)
    since = last(engine)
    with ctr.batch() as same:
        same.init()
        with same.start_and_attach() as session:
            assert next(iter(session)) == (1, READY.encode())
        same.pause()
        same.unpause()
        same.stop()
        same.start()
    with pytest.raises(RuntimeError):
        same.stop()
    wanted = "init start attach pause unpause stop died cleanup init start"
    assert kinds(engine, since) == wanted.split()
    assert ctr.status == "running"


def test_list_and_look_up(engine: seabox.Engine) -> None:
    first = engine.containers.run("busybox", SLEEPER, name="first")
    second = engine.containers.create("busybox", name="second")
    assert [seen.facts.name for seen in engine.containers.list()] == ["first", "second"]
    assert [seen.facts.name for seen in engine.containers.list(all=False)] == ["first"]
    for name in ("first", first.id, first.id[:12]):
        assert engine.containers[name].id == first.id
    assert engine.containers.exists("second")
    assert not engine.containers.exists("third")
    with pytest.raises(NoSuchContainer):
        engine.containers.get("third")
    with pytest.raises(NameInUse):
        engine.containers.create("busybox", name="second")
    assert [seen.facts.id for seen in engine.containers.list()] == [first.id, second.id]


def test_inspect(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.create("busybox", SLEEPER, name="seen", memory=64 << 20, labels={"a": "b"})
    before = ctr.inspect()
    assert (before["State"]["Status"], before["State"]["Pid"], before["Name"]) == ("created", 0, "seen")
    ctr.start()
    found = ctr.inspect()
    assert found["State"]["Pid"] == init_of(ctr).pid
    assert found["State"]["ConmonPid"] == conmon_of(ctr).pid
    assert (found["State"]["Status"], found["State"]["Running"]) == ("running", True)
    assert (found["OCIRuntime"], found["HostConfig"]["Memory"]) == (home.runtime, 64 << 20)
    assert found["Config"]["Labels"] == {"a": "b"}
    ctr.kill()
    after = ctr.inspect()
    assert (after["State"]["Running"], after["State"]["Pid"], after["State"]["ExitCode"]) == (False, 0, 137)


# --- what cannot be done leaves everything as it was -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "options", "error", "code"),
    [
        (["no-such-program"], {}, CommandNotFound, 127),
        (["/etc"], {}, CommandNotExecutable, 126),
        (["/etc/passwd"], {}, CommandNotExecutable, 126),
        (["true"], {"user": "nobody-of-that-name"}, Refused, 126),
        (["true"], {"workdir": "/etc/passwd"}, Refused, 126),
    ],
)
@pytest.mark.parametrize("attached", [False, True])
def test_a_start_that_fails(
    engine: seabox.Engine, home: Home, command: list[str], options: dict[str, str], error: type[Exception], code: int,
    attached: bool,
) -> None:  # fmt: skip
    ctr = engine.containers.create("busybox", command, **options)  # type: ignore[arg-type]
    with pytest.raises(error) as refused:
        (ctr.start_and_attach if attached else ctr.start)()
    assert refused.value.exit_code == code  # type: ignore[attr-defined]
    assert "\n" not in str(refused.value)
    assert ctr.status == "created"
    assert kinds(engine) == ["create"]
    assert os.listdir(f"{home.runroot}/{home.runtime}") == []
    with pytest.raises(NeverStarted):
        ctr.wait()


@pytest.mark.parametrize("command", [["no-such-program"], ["/etc"]])
def test_a_run_that_fails_leaves_nothing(engine: seabox.Engine, command: list[str]) -> None:
    with pytest.raises(CommandNotFound if command == ["no-such-program"] else CommandNotExecutable):
        engine.containers.run("busybox", command, name="gone")
    assert engine.containers.list() == []
    engine.containers.create("busybox", name="gone")


@pytest.mark.parametrize(
    "options",
    [
        {"memory": -5}, {"pids_limit": -7}, {"cpus": -1.0}, {"volumes": ["relative/path"]}, {"ulimits": ["nofile=x"]},
        {"name": "no/slash"}, {"network": "container:nobody"}, {"cap_add": ["NO_SUCH"]}, {"stop_signal": "SIGNONE"},
        {"tmpfs": ["relative"]}, {"env": {"A=B": "c"}}, {"unknown_option": 1}, {"stop_timeout": "soon"},
        {"restart": "sometimes"}, {"security_opt": ["seccomp=/no/such/file"]}, {"volumes": ["/no/such/place:/data"]},
    ],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_bad_requests_leave_nothing(engine: seabox.Engine, options: dict[str, object]) -> None:
    with pytest.raises(seabox.errors.SeaboxError) as refused:
        engine.containers.run("busybox", ["true"], **options)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)
    assert engine.containers.list() == []


def test_an_image_that_is_not_there(engine: seabox.Engine) -> None:
    with pytest.raises(NoSuchImage):
        engine.containers.create("nothing-of-that-name")
    assert engine.containers.list() == []

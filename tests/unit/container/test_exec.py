"""Exec sessions over doubles: what is refused, what is recorded and by whom, what is left."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from seabox.container import exec_reap, exec_start
from seabox.container.container import Container
from seabox.container.exec_session import ExecTimedOut
from seabox.errors import (
    ExitCodeUnknown,
    InvalidArgument,
    NoSuchContainer,
    OCIRuntimeFailed,
    StateConflict,
    TimedOut,
)
from seabox.kernel.process import myself
from seabox.model import options
from seabox.model.container import ExecRequest
from seabox.model.exec import ExecRecord, ExecStatus
from seabox.model.record import Claim, Intent, ProcessId
from seabox.oci.runtime import ExecLaunch, Executed
from seabox.state.execs import NoSuchExec
from seabox.testing.rooms import FakeRooms

DEAD = ProcessId(2**22 - 1, 1, "no such boot")


def running(rooms: FakeRooms) -> Container:
    ctr = rooms.container()
    ctr.start()
    return ctr


def kinds(rooms: FakeRooms) -> list[tuple[str, int | None]]:
    return [(event.kind, event.exit_code) for event in rooms.store.events() if event.kind.startswith("exec")]


def folders(rooms: FakeRooms, ctr: Container) -> list[str]:
    try:
        return os.listdir(f"{rooms.config.run_dir(ctr.id)}/exec")
    except FileNotFoundError:
        return []


def test_an_attached_session(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    with ctr.exec(["cat", "-v"], stdin=True) as session:
        assert (session.poll(), session.exit_code) == (None, None)
        assert [each.id for each in ctr.execs] == [session.id] == ctr.inspect()["ExecIDs"] == folders(rooms, ctr)
        session.write(b"in")
        assert rooms.fake.hear(session.id) == b"in"
        session.close_stdin()
        assert rooms.fake.hear(session.id) == b""
        rooms.fake.say(session.id, b"out")
        rooms.fake.say(session.id, b"err", 2)
        rooms.fake.finish_exec(session.id, 7)
        output = session.read_all(60)
        assert (output.stdout, output.stderr, session.wait(60), session.exit_code) == (b"out", b"err", 7, 7)
    assert ctr.execs.list() == folders(rooms, ctr) == []
    assert kinds(rooms) == [("exec", None), ("exec_died", 7)]
    assert ctr.execs.get(session.id).poll() == 7


def test_the_exit_code_is_there_before_the_output_is_read(rooms: FakeRooms) -> None:
    with running(rooms).exec(["true"]) as session:
        rooms.fake.say(session.id, b"unread")
        rooms.fake.finish_exec(session.id, 0)
        assert session.wait(60) == 0
        assert session.read_all(60).stdout == b"unread"


def test_a_detached_session_is_recorded_by_whoever_looks(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    session = ctr.exec_detached(["sleep", "9"], user="bob", tty=True)
    about = session.inspect()
    assert (about["Running"], about["ContainerID"], about["ExitCode"], about["CanRemove"]) == (True, ctr.id, 0, False)
    assert about["ProcessConfig"] == {
        "arguments": ["9"], "entrypoint": "sleep", "privileged": False, "tty": True, "user": "bob",
    }  # fmt: skip
    with pytest.raises(TimedOut):
        session.wait(0)
    rooms.fake.finish_exec(session.id, 3)
    ctr.sync()
    assert kinds(rooms) == [("exec", None), ("exec_died", 3)]
    assert folders(rooms, ctr) == []
    assert (session.poll(), session.wait(), session.running) == (3, 3, False)
    assert (ctr.execs.list(), [each.id for each in ctr.execs.list(all=True)]) == ([], [session.id])
    ctr.execs.remove(session.id)
    for use in (session.poll, session.wait, session.inspect, session.kill, session.remove):
        with pytest.raises(NoSuchExec):
            use()


def test_signals(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    with ctr.exec(["sleep", "9"]) as session:
        with pytest.raises(InvalidArgument):
            session.kill(99)
        assert session.kill(signal.SIGTERM)
        rooms.fake.finish_exec(session.id, 143)
        assert session.wait(60) == 143
        assert not session.kill()


@pytest.mark.parametrize("status", ["configured", "created", "paused", "exited", "stopping"])
def test_only_a_running_container_takes_sessions(rooms: FakeRooms, status: str) -> None:
    ctr = rooms.container()
    if status in ("paused", "exited", "stopping"):
        ctr.start()
    if status == "created":
        ctr.init()
    elif status == "paused":
        ctr.pause()
    elif status == "exited":
        rooms.fake.finish(ctr.id, 0)
    elif status == "stopping":
        rooms.store.claim(ctr.id, Claim(Intent.STOP, ProcessId(1, _start_of(1), myself().boot), 1))
    with pytest.raises(exec_start.NotRunning, match="can only create exec sessions on running containers") as refused:
        ctr.exec(["true"])
    assert (refused.value.exit_code, refused.value.wanted) == (255, ("running",))
    assert rooms.store.execs.of(ctr.id) == folders(rooms, ctr) == []
    assert "execute" not in rooms.fake.calls


def _start_of(pid: int) -> int:
    from seabox.kernel.process import start_time

    return start_time(pid)


@pytest.mark.parametrize(
    ("command", "options", "text"),
    [
        ([], {}, "must provide a non-empty command to start an exec session"),
        ([""], {}, "must provide a non-empty command to start an exec session"),
        ("ls", {}, "a sequence of strings"),
        (["a\0b"], {}, "NUL"),
        (["ls"], {"workdir": "tmp"}, "absolute path"),
        (["ls"], {"workdir": "/proc/self/fd/7"}, "outside of the container"),
        (["ls"], {"workdir": "/x/../proc/1/root"}, "outside of the container"),
        (["ls"], {"env": {"A=B": "c"}}, "invalid environment variable name"),
        (["ls"], {"user": "a b"}, "invalid user"),
        (["ls"], {"size": (0, 80)}, "a terminal of 0 rows"),
        (["ls"], {"timeout": -1}, "invalid timeout"),
        (["ls"], {"preserve_fds": [1 << 20]}, "not open"),
        (["ls"], {"cap_add": ["CAP_NONE"]}, "unknown capability"),
        (["ls"], {"tty": "yes"}, "Expected `bool`"),
        (["ls"], {"nonsense": 1}, "unknown option nonsense"),
    ],
)
def test_bad_input(rooms: FakeRooms, command: list[str], options: dict[str, object], text: str) -> None:
    ctr = running(rooms)
    with pytest.raises(InvalidArgument, match=text):
        ctr.exec(command, **options)  # type: ignore[arg-type]
    assert rooms.store.execs.of(ctr.id) == folders(rooms, ctr) == []


def test_options_are_the_fields_of_the_request() -> None:
    source = {field.name for field in msgspec.structs.fields(ExecRequest)} - {"command", "timeout"}
    with open(options.__file__) as file:
        block = file.read().partition("class ExecOptions")[2].partition("    class ")[0]
    assert {line.split(":")[0].strip() for line in block.splitlines() if line.startswith("        ") and ": " in line
            and '"""' not in line} == source  # fmt: skip


def test_a_failed_start_leaves_nothing(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    rooms.fake.refuse = {"execute"}
    with pytest.raises(OCIRuntimeFailed, match="execute was refused"):
        ctr.exec(["true"])
    assert rooms.store.execs.of(ctr.id) == folders(rooms, ctr) == kinds(rooms) == []


def test_a_container_that_ends_meanwhile_is_to_blame(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    ctr = running(rooms)

    def end(*_: object) -> None:
        rooms.fake.finish(ctr.id, 0)
        raise OCIRuntimeFailed("fake", "container is not running")

    monkeypatch.setattr(rooms.fake, "execute", end)
    with pytest.raises(exec_start.NotRunning):
        ctr.exec(["true"])
    assert rooms.store.execs.of(ctr.id) == []


def test_a_container_that_was_paused_for_a_moment_is_to_blame(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctr = running(rooms)
    monkeypatch.setattr(exec_reap, "_STARTING", 0.0)  # the start takes longer than a pause waits for it

    def blink(*_: object) -> None:
        ctr.pause()
        ctr.unpause()
        raise OCIRuntimeFailed("fake", f"the container `{ctr.id}` is paused")

    monkeypatch.setattr(rooms.fake, "execute", blink)
    with pytest.raises(exec_start.NotRunning) as refused:
        ctr.exec(["true"])
    assert refused.value.status == "paused"
    assert rooms.store.execs.of(ctr.id) == []


def test_a_pause_waits_for_a_start_under_way(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen, the start would not come to its end as long as the container is paused (seen by trust R8)."""
    ctr = running(rooms)
    execute, pause, lock = rooms.fake.execute, rooms.fake.pause, exec_reap.lock_file
    order: list[str] = []
    begun, waits = threading.Event(), threading.Event()

    def slow(launch: ExecLaunch) -> Executed:
        begun.set()
        assert waits.wait(60)
        order.append("execute")
        return execute(launch)

    def noted(id: str) -> None:
        order.append("pause")
        pause(id)

    def waited_for(path: str, *, timeout: float | None) -> int | None:
        if timeout:
            waits.set()
        return lock(path, timeout=timeout)

    monkeypatch.setattr(rooms.fake, "execute", slow)
    monkeypatch.setattr(rooms.fake, "pause", noted)
    monkeypatch.setattr(exec_reap, "lock_file", waited_for)
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(ctr.exec, ["true"])
        assert begun.wait(60)
        ctr.pause()
        started.result(60).close()
    assert order == ["execute", "pause"]
    assert ctr.status == "paused"


def test_a_container_that_is_dying_is_to_blame(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its namespaces are gone a moment before anybody sees that it is."""
    ctr = running(rooms)

    def refuse(*_: object) -> None:
        raise OCIRuntimeFailed("fake", "setns(pid=1, CLONE_NEWUSER): No such process")

    def gone(*_: object) -> bool:
        rooms.fake.finish(ctr.id, 137)
        return True

    monkeypatch.setattr(rooms.fake, "execute", refuse)
    monkeypatch.setattr(exec_start, "is_dying", lambda pid: True)
    monkeypatch.setattr(exec_start.process, "wait_gone", gone)
    with pytest.raises(exec_start.NotRunning) as refused:
        ctr.exec(["true"])
    assert refused.value.status == "stopped"


def test_a_container_removed_meanwhile(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The removal takes the session with it; its starter finds out, kills what it made, and makes nothing anew."""
    ctr = running(rooms)
    execute = rooms.fake.execute
    made = []

    def remove(launch: object) -> object:
        made.append(execute(launch))  # type: ignore[arg-type]
        conmon = threading.Thread(target=rooms.fake.settle, args=(ctr.id,))
        conmon.start()
        Container(rooms, ctr.id).remove(force=True, timeout=0)
        conmon.join()
        return made[0]

    monkeypatch.setattr(rooms.fake, "execute", remove)
    with pytest.raises(NoSuchContainer):
        ctr.exec(["true"])
    assert not os.path.exists(rooms.config.run_dir(ctr.id))


def test_no_lock_is_held_while_it_runs(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    with ctr.exec(["sleep", "9"]), ctr.batch() as same:
        same.pause()
        same.unpause()
    assert ctr.status == "running"


def test_leaving_the_session_leaves_the_process(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    with ctr.exec(["sleep", "9"]) as session:
        pass
    assert session.handle.running
    rooms.fake.finish_exec(session.id, 4)
    assert session.handle.wait(60) == 4


@pytest.mark.parametrize("way", ["stop", "kill", "remove", "natural"])
def test_the_end_of_the_container_ends_its_sessions(rooms: FakeRooms, way: str) -> None:
    ctr = running(rooms)
    session = ctr.exec(["sleep", "9"])
    detached = ctr.exec_detached(["sleep", "9"])
    conmon = threading.Thread(target=rooms.fake.settle, args=(ctr.id,))
    if way != "natural":
        conmon.start()
    if way == "stop":
        ctr.stop(timeout=0)
    elif way == "kill":
        ctr.kill()
        ctr.cleanup()
    elif way == "remove":
        ctr.remove(force=True, timeout=0)
    else:
        rooms.fake.finish(ctr.id, 5)
        ctr.cleanup()
    if way != "natural":
        conmon.join()
    assert session.wait(60) == 137
    session.close()
    if way == "remove":
        with pytest.raises(NoSuchExec):
            detached.wait(60)
    else:
        assert detached.wait(60) == 137
    assert rooms.store.execs.of(ctr.id, active=True) == folders(rooms, ctr) == []
    assert [kind for kind, _ in kinds(rooms)] == ["exec", "exec", "exec_died", "exec_died"]


def test_cleanup_is_refused_while_a_session_outlives_the_container(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    session = ctr.exec_detached(["sleep", "9"])
    rooms.fake._execs.pop(session.id)  # in another pid namespace, so to speak
    rooms.fake.finish(ctr.id, 0)
    with pytest.raises(StateConflict, match="has active exec sessions, refusing to clean up"):
        ctr.cleanup()
    session.kill()
    assert session.wait(60) == 137
    ctr.cleanup()
    assert ctr.status == "exited"


def test_a_start_whose_maker_died_is_undone(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    rooms.store.execs.add(ExecRecord("e" * 64, ctr.id, '["true"]', DEAD, 1))
    os.makedirs(exec_reap.folder_of(rooms, ctr.id, "e" * 64))
    assert ctr.inspect()["ExecIDs"] == []
    ctr.pause()
    assert rooms.store.execs.of(ctr.id) == folders(rooms, ctr) == kinds(rooms) == []


def test_a_start_in_progress_is_left_alone(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    record = ExecRecord("e" * 64, ctr.id, '["true"]', myself(), 1)
    rooms.store.execs.add(record)
    with exec_reap.starting(record.id):
        ctr.sync()
        assert rooms.store.execs.of(ctr.id) == [record]
    ctr.sync()  # it failed, and could not be taken back
    assert rooms.store.execs.of(ctr.id) == []


def test_a_directory_without_a_record_goes(rooms: FakeRooms) -> None:
    """Its client was killed after it recorded the end."""
    ctr = running(rooms)
    os.makedirs(exec_reap.folder_of(rooms, ctr.id, "e" * 64))
    ctr.sync()
    assert folders(rooms, ctr) == []


def test_a_code_that_nobody_knows_has_a_reason(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    session = ctr.exec(["sleep", "9"])
    rooms.fake.finish_exec(session.id, None)
    for use in (session.wait, session.poll, session.handle.wait):
        with pytest.raises(ExitCodeUnknown) as unknown:
            use()
        assert unknown.value.reason == "conmon_lost"
    assert session.handle.inspect()["ExitCode"] == -1
    assert kinds(rooms) == [("exec", None), ("exec_died", None)]


def test_after_a_reboot(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    rooms.store.execs.add(ExecRecord("e" * 64, ctr.id, '["true"]', DEAD, 1))
    rooms.store.execs.start("e" * 64, 4242, ProcessId(4242, 1, "before"), None, "before", 2)
    ctr.sync()
    found = rooms.store.execs.get(ctr.id, "e" * 64)
    assert (found.status, found.exit_code, found.exit_reason) == (ExecStatus.STOPPED, None, "reboot")


def test_run_gives_all_or_what_came_in_time(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    with pytest.raises(ExecTimedOut) as late:
        ctr.exec_run(["sleep", "9"], timeout=0)
    assert late.value.stdout == b""
    ctr.sync()
    assert ctr.execs.list() == []
    assert kinds(rooms) == [("exec", None), ("exec_died", 137)]


def test_remove_by_force(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    session = ctr.exec_detached(["sleep", "9"])
    with pytest.raises(StateConflict, match="has not ended"):
        ctr.execs.remove(session.id)
    session.remove(force=True)
    assert ctr.execs.list(all=True) == []
    assert not rooms.fake._execs[session.id].process.alive()

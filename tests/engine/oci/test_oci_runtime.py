"""conmon and the OCI runtimes as they really are."""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from engine.oci.oci_bundle import CONMON, Bundle
from seabox.errors import CommandNotExecutable, CommandNotFound, OCIRuntimeFailed, TimedOut
from seabox.kernel import process
from seabox.kernel.watch import Watch
from seabox.oci import conmon
from seabox.oci.attachsock import MESSAGE, AttachSocket
from seabox.oci.cli import CommandLineRuntime
from seabox.oci.runtime import Launch


def output(socket: AttachSocket, until: bytes | None = None, errors: bytes = b"") -> tuple[bytes, bytes]:
    """Both streams up to the end of the container, or until stdout holds `until` and stderr `errors`."""
    got = {1: b"", 2: b""}
    buffer = memoryview(bytearray(MESSAGE))
    while until is None or until not in got[1] or errors not in got[2]:
        assert process.poll_one(socket.fileno(), select.POLLIN, 120), f"no more output after {got}"
        message = socket.receive(buffer)
        if message is None:
            break
        stream, count = message
        got[stream] += bytes(buffer[:count])
    return got[1], got[2]


def test_a_container_runs_and_its_exit_code_is_kept(bundle: Bundle, tmp_path: Path) -> None:
    launched = bundle.shell(
        "echo hello; echo oops >&2; exit 3", exit_command=("/usr/bin/touch", f"{tmp_path}/exit command ran")
    )
    assert process.alive(launched.process)
    assert process.alive(launched.conmon)
    state = bundle.runtime.state(bundle.id)
    assert state is not None
    assert (state.status, state.pid, state.bundle) == ("created", launched.process.pid, bundle.path)
    before = time.time_ns()
    bundle.start()
    ended = bundle.await_exit()
    assert (ended.code, ended.oom, ended.timed_out) == (3, False, False)
    assert before - 10**8 < ended.at < time.time_ns() + 10**8
    lines = [line.split(" ", 3)[1:] for line in Path(bundle.log).read_text().splitlines()]
    assert sorted(lines) == [["stderr", "F", "oops"], ["stdout", "F", "hello"]]
    assert process.wait_gone(launched.conmon, 60)
    assert (tmp_path / "exit command ran").exists(), "conmon waits for its exit command"
    state = bundle.runtime.state(bundle.id)
    assert state is not None
    assert (state.status, bundle.runtime.processes(bundle.id)) == ("stopped", [])
    bundle.runtime.delete(bundle.id)
    bundle.runtime.delete(bundle.id)
    bundle.runtime.delete(bundle.id, force=True)
    assert bundle.runtime.state(bundle.id) is None
    assert not bundle.runtime.kill(bundle.id, signal.SIGKILL)


def test_streams_and_input_over_a_path_longer_than_a_socket_address(make_bundle: Callable[[str], Bundle]) -> None:
    bundle = make_bundle("b" * 140)
    bundle.shell("echo up; echo err >&2; cat; echo end", stdin=True)
    early = bundle.attach()
    early.send(b"sent before start\n")
    bundle.start()
    said = output(early, until=b"before start\n", errors=b"err\n")
    assert said == (b"up\nsent before start\n", b"err\n")
    late = bundle.attach()
    assert late.send(b"") == 0, "an empty message would have closed the input"
    assert late.send(b"x" * 100_000) == MESSAGE
    late.send(b"\n")
    assert len(output(late, until=b"\n")[0]) == MESSAGE + 1
    late.shutdown()
    assert output(late) == (b"end\n", b"")
    rest, errors = output(early)
    assert errors == b""
    assert rest.endswith(b"x\nend\n")
    assert bundle.await_exit().code == 0
    early.close()
    late.close()
    late.close()
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        bundle.attach()


def test_signals_reach_the_container(bundle: Bundle) -> None:
    bundle.shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done")
    socket = bundle.attach()
    bundle.start()
    output(socket, until=b"ready")
    pids = bundle.runtime.processes(bundle.id)
    assert bundle.launched is not None
    assert bundle.launched.process.pid in pids
    assert bundle.runtime.kill(bundle.id, signal.SIGTERM)
    assert bundle.await_exit().code == 7
    assert not bundle.runtime.kill(bundle.id, signal.SIGTERM)
    socket.close()


def test_a_killed_container_and_one_that_was_never_started(make_bundle: Callable[[str], Bundle]) -> None:
    one, two = make_bundle("one"), make_bundle("two")
    one.shell("exec sleep 100")
    one.start()
    assert one.runtime.kill(one.id, signal.SIGKILL, all=True)
    assert one.await_exit().code == 137
    two.shell("exec sleep 100")
    two.runtime.delete(two.id, force=True)
    assert two.await_exit().code == 137


def test_pause_and_resume(bundle: Bundle) -> None:
    bundle.shell("exec sleep 100")
    bundle.start()
    bundle.runtime.pause(bundle.id)
    state = bundle.runtime.state(bundle.id)
    assert state is not None
    assert state.status == "paused"
    bundle.runtime.resume(bundle.id)
    state = bundle.runtime.state(bundle.id)
    assert state is not None
    assert state.status == "running"
    with pytest.raises(OCIRuntimeFailed):
        bundle.start()


@pytest.mark.parametrize("command", ["/no/such/program", "nosuchprogram"])
def test_a_missing_command(command: str, bundle: Bundle) -> None:
    gc.collect()  # what earlier tests have left to it
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(CommandNotFound, match=f"{command}.*command that was not found") as failed:
        bundle.create(command, exit_command=("/bin/true",))
    assert command in failed.value.words
    assert bundle.conmons() == []
    assert set(os.listdir("/proc/self/fd")) <= before
    bundle.shell("exit 4")  # the same bundle serves again
    bundle.start()
    assert bundle.await_exit().code == 4


@pytest.mark.parametrize("command", ["/etc/hostname", "/tmp"])
def test_a_command_that_is_not_executable(command: str, bundle: Bundle) -> None:
    with pytest.raises(CommandNotExecutable, match="OCI permission denied"):
        bundle.create(command)
    assert bundle.conmons() == []


def test_another_failure_keeps_the_runtimes_words(bundle: Bundle) -> None:
    with pytest.raises(OCIRuntimeFailed) as failed:
        bundle.create("/bin/busybox", "true", mount=f"{bundle.path}/nosuchfile")
    assert type(failed.value) is OCIRuntimeFailed
    assert "nosuchfile" in failed.value.words
    assert failed.value.runtime == bundle.runtime.name
    assert bundle.conmons() == []


def test_conmons_own_refusals(bundle: Bundle) -> None:
    with pytest.raises(OCIRuntimeFailed, match=r"conmon.*log") as failed:
        bundle.shell("true", log_driver="nosuchdriver", log_path="x")
    assert failed.value.runtime == "conmon"
    bundle.runtime.path = f"{bundle.path}/nosuchruntime"
    with pytest.raises(OCIRuntimeFailed, match="nosuchruntime"):
        bundle.shell("true")
    bundle.runtime.path = "/bin/true"
    with pytest.raises(OCIRuntimeFailed, match="without a word"):
        bundle.shell("true")
    assert bundle.conmons() == []


def test_what_an_earlier_run_left_is_not_taken_for_this_one(bundle: Bundle) -> None:
    for name in (bundle.id, "oom", "pid", "conmon.pid"):
        Path(bundle.path, name).write_text("1")
    for name in ("ctl", "winsz"):
        os.mkfifo(f"{bundle.path}/{name}")
    launched = bundle.shell("exit 5")
    assert launched.conmon.pid != 1
    assert not Path(bundle.path, bundle.id).exists()
    bundle.start()
    ended = bundle.await_exit()
    assert (ended.code, ended.oom) == (5, False)


def test_the_container_survives_its_conmon(bundle: Bundle) -> None:
    launched = bundle.shell("exec sleep 100")
    bundle.start()
    process.send_signal(launched.conmon, signal.SIGKILL)
    assert process.wait_gone(launched.conmon, 60)
    assert process.alive(launched.process)
    assert not conmon.resize(bundle.path, 10, 10)
    with pytest.raises(ConnectionRefusedError):
        bundle.attach()
    bundle.runtime.delete(bundle.id, force=True)
    assert process.wait_gone(launched.process, 60)


def test_the_time_limit(bundle: Bundle) -> None:
    bundle.shell("exec sleep 100", timeout=2)
    with suppress(OCIRuntimeFailed):  # the time runs from the creation: it may be over
        bundle.start()
    ended = bundle.await_exit()
    assert (ended.code, ended.timed_out) == (255, True)


def test_a_terminal_has_the_size_it_was_given_before_the_start(bundle: Bundle) -> None:
    bundle.shell("stty size", tty=True, stdin=True)
    for size in range(20, 30):
        assert conmon.resize(bundle.path, size, 132)
    socket = bundle.attach()
    bundle.start()
    assert output(socket) == (b"29 132\r\n", b"")
    socket.close()


def test_passthrough_uses_our_descriptors(bundle: Bundle) -> None:
    ours, theirs = os.pipe()
    bundle.shell("echo straight", log_driver="passthrough", stdio=(None, theirs, theirs))
    os.close(theirs)
    bundle.start()
    with open(ours, "rb") as file:
        assert file.read() == b"straight\n"
    bundle.await_exit()


def test_conmon_gets_its_place_before_it_does_anything(bundle: Bundle) -> None:
    placed: list[int] = []

    def place(pid: int) -> None:
        assert not Path(bundle.path, "pid").exists()
        assert os.getpgid(pid) == pid
        placed.append(pid)

    bundle.shell("true", place=place)
    assert len(placed) == 1
    bundle.runtime.delete(bundle.id, force=True)
    bundle.await_exit()

    def refuse(pid: int) -> None:
        placed.append(pid)
        raise OSError(errno.ENOENT, "no such cgroup")

    with pytest.raises(OSError, match="no such cgroup"):
        bundle.shell("true", place=refuse)
    assert process.start_time(placed[1]) == 0
    assert bundle.conmons() == []


def _seconds(bundle: Bundle) -> str:
    """How long a process sleeps that is nobody else's."""
    return str(int(bundle.id[:8], 16) + 10_000)


def test_a_create_that_takes_too_long_leaves_no_conmon(bundle: Bundle, runtime: CommandLineRuntime) -> None:
    slow = Path(bundle.path, "slow")
    seconds = _seconds(bundle)
    slow.write_text(f"#!/bin/sh\nexec sleep {seconds}\n")
    slow.chmod(0o755)
    launch = Launch(id=bundle.id, name="slow", bundle=bundle.path)
    with pytest.raises(TimedOut):
        conmon.create(CONMON, str(slow), (), launch, timeout_seconds=0.5)
    assert bundle.conmons() == []
    assert process.spawned_for(seconds, ("sleep",)) == []


def test_an_interrupted_create_leaves_no_conmon(bundle: Bundle) -> None:
    slow = Path(bundle.path, "slow")
    seconds = _seconds(bundle)
    slow.write_text(f"#!/bin/sh\ntouch {bundle.path}/begun\nexec sleep {seconds}\n")
    slow.chmod(0o755)
    bundle.runtime.path = str(slow)

    def interrupt() -> None:
        with Watch() as watch:
            watch.add_dir(bundle.path)
            while not Path(bundle.path, "begun").exists():
                assert watch.wait(120), "the runtime was never called"
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    def raise_interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, raise_interrupt)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            bundle.shell("true")
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, before)
        bundle.runtime.path = "/bin/true"
    assert bundle.conmons() == []
    assert process.spawned_for(seconds, ("sleep",)) == []


def test_the_version_of_conmon() -> None:
    assert conmon.version(CONMON) >= (2, 0)
    assert conmon.version("/bin/true") == ()

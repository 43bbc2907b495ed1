"""Checkpoint and restore in place: the processes go on, and the container is like any other afterwards."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import COUNTER, beyond, count, counting, has_gone_on, numbers, read
from engine.home import Home, init_of, kinds, last
from seabox.config import find_program
from seabox.container.dumping import CheckpointFailed
from seabox.container.waking import NoCheckpoint
from seabox.errors import Cancelled, StateConflict, TimedOut, Unsupported
from seabox.kernel import cgroups, process
from seabox.kernel.watch import Cancel

GHOST = """
import os, sys, time
state = {i: str(i) * 7 for i in range(1000)}
ghost = open("/tmp/ghost", "w+")
ghost.write("boo" * 1000000)
ghost.flush()
os.unlink("/tmp/ghost")
n = 0
while True:
    n += 1
    ghost.seek(0)
    assert ghost.read() == "boo" * 1000000 and all(state[i] == str(i) * 7 for i in range(1000))
    print(n, flush=True)
    time.sleep(0.05)
"""

LOCKER = """
import fcntl, time
file = open("/lock", "w")
fcntl.flock(file, fcntl.LOCK_EX)
n = 0
while True:
    n += 1
    print(n, flush=True)
    time.sleep(0.05)
"""


LIMITS = ("memory.max", "memory.limit_in_bytes", "pids.max")
LARGE = "(head -c 100000000 /dev/zero; echo full >&2; exec sleep 1000) | tail -c 100000000"  # what it holds is memory


@BOTH
def test_one_that_is_not_wanted_any_more(engine: seabox.Engine) -> None:
    """At whatever point: it runs as before, unless criu had finished by then; and likewise with restore."""
    ctr = counting(engine, "sleeper", command=("sh", "-c", f"{LARGE} & {COUNTER[2]}"))
    for line in ctr.logs(follow=True):
        if line.stream == 2:
            break
    for after in (0.0, 0.03, 0.1, 0.3):
        try:
            _cancelled(after, ctr.checkpoint)
        except Cancelled:
            assert ctr.status == "running"
        else:
            assert ctr.status == "exited"
            ctr.restore()
        beyond(ctr, count(ctr) + 2)
    ctr.checkpoint()  # nothing stands in the way of another
    with pytest.raises(TimedOut):
        ctr.restore(timeout=0.0)
    assert ctr.status == "exited"
    try:
        _cancelled(0.1, ctr.restore)
    except Cancelled:
        assert ctr.status == "exited"
        ctr.restore()
    beyond(ctr, count(ctr) + 2)


def _cancelled(after: float, call: Callable[..., object]) -> None:
    cancel = Cancel()
    timer = threading.Timer(after, cancel.fire)
    timer.start()
    try:
        call(cancel=cancel)
    finally:
        timer.join()


@BOTH
def test_in_place(engine: seabox.Engine) -> None:
    ctr = counting(engine, "sleeper")
    before, since = init_of(ctr), last(engine)
    ctr.checkpoint()
    at = count(ctr)
    assert kinds(engine, since) == ["checkpoint", "cleanup"]
    assert not process.alive(before)
    state = ctr.inspect()["State"]
    assert (state["Status"], state["Running"], state["Paused"], state["Checkpointed"]) == ("exited", False, False, True)
    assert ctr.wait() == 0
    assert ctr.snapshot().state.finished_at == ctr.snapshot().state.checkpointed_at
    since = last(engine)
    done = ctr.restore()
    assert done.criu["pages_restored"] > 0
    assert done.runtime > 0
    assert kinds(engine, since) == ["restore"]
    assert has_gone_on(ctr, at)
    state = ctr.inspect()["State"]
    assert (state["Status"], state["Checkpointed"], state["Restored"]) == ("running", False, True)
    assert not os.path.exists(f"{engine.config.static_dir(ctr.id)}/checkpoint")
    with pytest.raises(StateConflict):
        ctr.restore()
    ctr.stop(timeout=0)
    with pytest.raises(NoCheckpoint):
        ctr.restore()


def test_a_restored_container_is_like_any_other(engine: seabox.Engine) -> None:
    """exec, attach, logs, pause, kill, wait, and then a start from the beginning."""
    ctr = counting(engine, "sleeper")
    ctr.checkpoint()
    at = count(ctr)
    ctr.restore(keep=True)
    assert ctr.exec_run(["echo", "hello"]).stdout == b"hello\n"
    with ctr.attach() as session:
        assert int(next(iter(session))[1].split()[0]) > at
    ctr.pause()
    ctr.unpause()
    since = last(engine)
    ctr.kill(signal.SIGKILL)
    assert ctr.wait() == 137
    assert kinds(engine, since)[:2] == ["kill", "died"]
    ctr.start()
    assert beyond(ctr, 0) == 1
    assert not ctr.inspect()["State"]["Restored"]
    ctr.stop(timeout=0)
    ctr.restore()  # it was kept
    assert beyond(ctr, at) > at


def test_the_end_of_a_restored_container(engine: seabox.Engine) -> None:
    """Its own exit code arrives, and what its restart policy wants happens."""
    script = "i=0; trap 'exit 7' TERM; while :; do i=$((i+1)); echo $i; sleep 0.05; done"
    ctr = engine.containers.run("busybox", ["sh", "-c", script], network="none", restart="on-failure:1")
    beyond(ctr, 2)
    ctr.checkpoint()
    assert ctr.snapshot().state.next_start_at == 0
    ctr.restore()
    since, run = last(engine), ctr.snapshot().state.run
    process.send_signal(init_of(ctr), signal.SIGTERM)
    assert ctr.wait("next-exit" if ctr.snapshot().state.run > run else "exited", timeout=120) == 7
    assert ctr.wait("running", timeout=60) is None
    assert kinds(engine, since)[:4] == ["died", "init", "start", "restart"]
    assert ctr.snapshot().state.restart_count == 1


def test_it_goes_on_meanwhile(engine: seabox.Engine) -> None:
    ctr = counting(engine, "sleeper")
    before, since = init_of(ctr), last(engine)
    ctr.checkpoint(keep_running=True, keep=True)
    assert kinds(engine, since) == ["checkpoint"]
    assert init_of(ctr) == before
    state = ctr.snapshot().state
    assert (state.finished_at, state.checkpointed, state.checkpointed_at > 0) == (0, False, True)  # D38
    place = f"{engine.config.static_dir(ctr.id)}/checkpoint"
    assert {"dump.log", "stats-dump", "spec.dump", "criu"} <= set(os.listdir(place))
    at = beyond(ctr, count(ctr) + 4)
    ctr.stop(timeout=0)
    ctr.restore()
    assert beyond(ctr, at) > 0
    said = numbers(ctr)
    assert any(one > other for one, other in itertools.pairwise(said))  # it went back in time


@BOTH
def test_a_terminal(engine: seabox.Engine) -> None:
    ctr = counting(engine, "sleeper", tty=True)
    ctr.checkpoint()
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)
    ctr.resize(40, 100)


def test_a_python_with_state_and_an_open_deleted_file(engine: seabox.Engine, python_image: str) -> None:
    """What is in memory, and in a file of 3 MB that has no name any more."""
    engine.images.import_tar(str(python_image), "python")
    ctr = engine.containers.run("localhost/python", ["/usr/bin/python3", "-S", "-E", "-c", GHOST], network="none")
    beyond(ctr, 2)
    ctr.checkpoint()
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)


def test_shared_memory(engine: seabox.Engine) -> None:
    ctr = counting(engine, "sleeper")
    ctr.exec_run(["sh", "-c", "echo kept > /dev/shm/note"])
    ctr.checkpoint()
    ctr.restore()
    assert read(ctr, "/dev/shm/note") == b"kept\n"


def test_what_is_mounted_from_outside(engine: seabox.Engine, tmp_path: Path) -> None:
    """Through a link, as --init's program often is; and without a cgroup namespace its own cgroups, nobody else's."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("behind a link\n")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "init").symlink_to(find_program("catatonit"))
    ctr = counting(
        engine, "one", volumes=[f"{tmp_path}/link:/linked"], init=True, init_path=f"{tmp_path}/init", cgroupns="host"
    )
    ctr.checkpoint()
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)
    assert read(ctr, "/linked/file") == b"behind a link\n"
    if cgroups.mode() != "v2":
        lines = read(ctr, "/proc/self/mountinfo").decode().splitlines()
        roots = {line.split()[3] for line in lines if " - cgroup" in line}
        assert roots == {f"{engine.config.cgroup_parent}/{ctr.id}"}


@BOTH
def test_what_criu_cannot_do_is_said_and_nothing_has_happened(engine: seabox.Engine) -> None:
    """A connection that nobody said what to do with: criu's own words, and the process does not notice."""
    script = "nc -ll -p 7000 -e cat & while ! nc 127.0.0.1 7000 < /dev/zero > /dev/null 2>&1; do :; done &" + COUNTER[2]
    ctr = engine.containers.run("busybox", ["sh", "-c", script], network="none")
    beyond(ctr, 2)
    assert ctr.exec_run(["sh", "-c", "until grep -q ' 01 ' /proc/net/tcp; do :; done"]).code == 0
    before, since = init_of(ctr), last(engine)
    with pytest.raises(CheckpointFailed, match="--tcp-established") as caught:
        ctr.checkpoint()
    assert "Error" in caught.value.log
    assert "\n" not in str(caught.value)
    assert init_of(ctr) == before
    assert kinds(engine, since) == []
    assert has_gone_on(ctr, count(ctr))
    assert [name for name in os.listdir(engine.config.static_dir(ctr.id)) if "checkpoint" in name] == []
    ctr.checkpoint(tcp_established=True)
    ctr.restore()
    assert has_gone_on(ctr, count(ctr))


def test_what_a_checkpoint_is_refused_for(engine: seabox.Engine) -> None:
    ctr = counting(engine, "sleeper")
    session = ctr.exec_detached(["sleep", "1000"])
    with pytest.raises(StateConflict, match="active exec sessions"):
        ctr.checkpoint()
    session.remove(force=True)
    ctr.pause()
    with pytest.raises(StateConflict, match='"paused" is not running, cannot checkpoint'):
        ctr.checkpoint()
    with pytest.raises(StateConflict, match="is paused, cannot restore"):
        ctr.restore()
    ctr.unpause()
    ctr.stop(timeout=0)
    with pytest.raises(StateConflict, match='"exited" is not running, cannot checkpoint'):
        ctr.checkpoint()
    with pytest.raises(StateConflict):
        ctr.fork()
    with pytest.raises(StateConflict):
        ctr.snapshots.create()
    gone = counting(engine, "gone", auto_remove=True)
    with pytest.raises(StateConflict, match="'--rm' unless '--export' is used"):
        gone.checkpoint()
    joined = counting(engine, "joined", ipc="host")
    with pytest.raises(Unsupported, match="ipc namespace host"):
        joined.checkpoint()
    assert [each.snapshot().status for each in (gone, joined)] == ["running", "running"]


def test_file_locks(engine: seabox.Engine, python_image: str) -> None:
    """A lock is held by whoever holds it, whatever became of the process meanwhile."""
    engine.images.import_tar(str(python_image), "python")
    ctr = engine.containers.run("localhost/python", ["/usr/bin/python3", "-S", "-E", "-c", LOCKER], network="none")
    beyond(ctr, 2)
    with pytest.raises(CheckpointFailed, match="lock"):
        ctr.checkpoint()
    ctr.checkpoint(file_locks=True)
    ctr.restore()
    assert has_gone_on(ctr, count(ctr))
    again = "import fcntl; fcntl.flock(open('/lock'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    assert b"BlockingIOError" in ctr.exec_run(["/usr/bin/python3", "-S", "-E", "-c", again]).stderr


@BOTH
def test_its_limits(engine: seabox.Engine) -> None:
    """Wherever they go on, all its processes are in a cgroup of its own, which has its limits."""
    ctr = counting(engine, "one", command=("sh", "-c", f"sleep 1000 & {COUNTER[2]}"), memory=64 << 20, pids_limit=20)
    (child,) = ctr.fork()
    ctr.checkpoint()
    ctr.restore()
    for each in (ctr, child):
        cgroup = each.snapshot().facts.cgroup
        named = {pid: Path(f"/proc/{pid}/comm").read_text() for pid in (init_of(each).pid, _sleeper(init_of(each).pid))}
        assert sorted(named.values()) == ["sh\n", "sleep\n"]
        limited = [path for path in cgroups.paths(cgroup) if any(os.path.exists(f"{path}/{file}") for file in LIMITS)]
        for path in limited:
            assert set(named) <= {int(pid) for pid in Path(path, "cgroup.procs").read_text().split()}
        found = {file: Path(path, file).read_text() for path in limited for file in os.listdir(path) if file in LIMITS}
        assert sorted(found.values()) == ["20\n", f"{64 << 20}\n"]
    ctr.remove(force=True, timeout=0)
    beyond(child, count(child))


def _sleeper(pid: int) -> int:
    """The child of the shell with this pid that stays: criu may restore the counter's own short sleep before it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (stays,) = (int(child) for child in children if _command(child) == b"sleep\x001000\x00")
    return stays


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # one of the short ones, over by now
        return b""


@pytest.mark.parametrize("runtime", ["crun"], indirect=True)
def test_a_runtime_without_criu(engine: seabox.Engine, home: Home) -> None:
    """Debian's crun: one line that says what to do; a crun with criu does it."""
    ctr = counting(engine, "sleeper")
    if _has_criu(ctr.snapshot().facts.runtime):
        pytest.skip("the host's crun was built with criu: see the next test")
    with pytest.raises(Unsupported, match=r"built without criu.*--runtime runc"):
        ctr.checkpoint()
    assert has_gone_on(ctr, count(ctr))


def _has_criu(crun: str) -> bool:
    return b"+CRIU" in subprocess.run([crun, "--version"], capture_output=True, check=True).stdout

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from glob import glob
from pathlib import Path

import pytest

from descriptors import opened
from seabox.errors import InvalidArgument, TimedOut
from seabox.kernel import process, procfs, programs
from seabox.kernel.procfs import has_executed
from seabox.model.record import ProcessId

SH = "/bin/sh"
LOADER = next(iter(sorted(glob("/lib*/ld-linux*.so.*") + glob("/lib*/ld64.so.*"))))
LIST_FDS = (
    sys.executable,
    "-I",
    "-c",
    (
        "import os\n"
        "fds = [int(n) for n in os.listdir('/proc/self/fd')]\n"
        "for fd in sorted(fds):\n"
        "    try: print(fd, os.readlink(f'/proc/self/fd/{fd}'))\n"
        "    except OSError: pass\n"
    ),
)


def output_of(argv: list[str] | tuple[str, ...], **options: object) -> str:
    """What the program wrote to its stdout (spawn is the thing under test, so not `run`)."""
    ours, theirs = os.pipe()
    try:
        pid = process.spawn(argv, env=process.clean_env(), stdout=theirs, **options)  # type: ignore[arg-type]
    finally:
        os.close(theirs)
    with open(ours, "rb") as file:
        text = file.read().decode()
    assert process.reap(pid, 60) == 0
    return text


def fd_table(**options: object) -> dict[int, str]:
    return {
        int(n): target for n, _, target in (line.partition(" ") for line in output_of(LIST_FDS, **options).splitlines())
    }


@pytest.fixture
def files(tmp_path: object) -> Iterator[list[int]]:
    """Six of our descriptors, close-on-exec, each open on a file named after its place in the list."""
    fds = [os.open(f"{tmp_path}/file{n}", os.O_RDWR | os.O_CREAT) for n in range(6)]
    yield fds
    for fd in fds:
        with suppress(OSError):
            os.close(fd)


def sleeper() -> int:
    return process.spawn([SH, "-c", "exec sleep 100"], env=process.clean_env(), new_group=True)


def named(word: str) -> int:
    """A shell that leads a group of its own, and bears the word."""
    up = os.pipe()
    script = "echo; sleep 1000; :"
    pid = process.spawn([SH, "-c", script, "sh", word], env=process.clean_env(), stdout=up[1], new_group=True)
    os.close(up[1])
    os.read(up[0], 1)
    os.close(up[0])
    return pid


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    pid = sleeper()
    child = process.identify(pid)
    assert child is not None
    assert process.alive(child)
    impostor = ProcessId(pid, child.start + 1, child.boot)
    assert not process.alive(impostor)
    assert process.pidfd_open(impostor) is None
    assert not process.send_signal(impostor, signal.SIGKILL)
    assert not process.alive(ProcessId(pid, child.start, "another boot"))
    assert process.send_signal(child, signal.SIGTERM)
    assert process.wait_gone(child, 60)
    assert not process.alive(child), "a zombie is not alive"
    assert process.reap(pid) == 128 + signal.SIGTERM
    assert process.pidfd_open(child) is None
    assert not process.send_signal(child, signal.SIGTERM)
    assert process.start_time(pid) == 0
    assert process.identify(pid) is None


def test_the_number_of_a_thread_or_of_a_group_without_its_leader_is_no_process() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    assert thread.native_id is not None
    assert process.pidfd_of(thread.native_id) is None
    over.set()
    thread.join()
    leader = process.spawn([SH, "-c", "sleep 100 & echo"], env=process.clean_env(), new_group=True)
    assert process.reap(leader, 60) == 0
    try:
        assert process.pidfd_of(leader) is None
    finally:
        process.kill_group(leader)


def test_a_process_that_has_ended_was_dying() -> None:
    pid = sleeper()
    assert not procfs.is_dying(pid)
    child = process.identify(pid)
    assert child is not None
    process.send_signal(child, signal.SIGKILL)
    assert process.wait_gone(child, 60)
    assert procfs.is_dying(pid), "a zombie has the flag"
    process.reap(pid)
    assert procfs.is_dying(pid)


def test_a_name_with_brackets_and_blanks_does_not_confuse_the_start_time(tmp_path: object) -> None:
    program = f"{tmp_path}/a ) S 1 ("
    os.symlink("/bin/sleep", program)
    pid = process.spawn([program, "100"], env={})
    try:
        assert process.start_time(pid) > process.start_time(1)
        assert process.start_time(pid) >= process.myself().start
    finally:
        process.send_signal(process.identify(pid), signal.SIGKILL)  # type: ignore[arg-type]
        process.reap(pid)


def test_processes_are_found_by_program_and_argument(tmp_path: object) -> None:
    word = f"{tmp_path}/word"
    stdin, up = os.pipe(), os.pipe()
    pid = process.spawn([SH, "-c", "echo; read line", "sh", word], env={}, stdin=stdin[0], stdout=up[1])
    os.read(up[0], 1)  # until then the kernel may not show the arguments of the fresh program
    try:
        assert process.arguments(pid) == [SH, "-c", "echo; read line", "sh", word]
        assert process.spawned_for(word, ("conmon", "sh")) == [process.identify(pid)]
        assert process.spawned_for(word, ("conmon",)) == []
        assert process.spawned_for(word[:-1], ("sh",)) == []
    finally:
        for fd in (*stdin, *up):
            os.close(fd)
        process.reap(pid)
    assert process.arguments(pid) == []


@pytest.mark.parametrize("before", [[SH], [LOADER], [LOADER, "--inhibit-cache", "--library-path", "/crun/lib"]])
def test_programs_that_are_scripts_or_have_a_loader_of_their_own(before: list[str], tmp_path: Path) -> None:
    """A crun from elsewhere goes by its loader's name: what a killed caller left of it was not found."""
    word, program = f"{tmp_path}/word", tmp_path / "crun"
    if before == [SH]:
        program.write_text("echo; read line\n")
        argv = [SH, str(program), word]
    else:
        shutil.copy(os.path.realpath(SH), program)
        argv = [*before, str(program), "-c", "echo; read line", "sh", word]
    started = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdout is not None
    try:
        assert started.stdout.read(1)
        assert process.spawned_for(word, ("crun",)) == [process.identify(started.pid)]
        assert process.spawned_for(word, ("runc",)) == []
    finally:
        started.communicate()


def test_whom_one_of_them_started_meanwhile_is_ended_too(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    word = f"{tmp_path}/word"
    pids = []
    for _ in range(2):
        pids.append(named(word))
    looks, listdir = [], os.listdir

    def late(path: str) -> list[str]:
        if path != "/proc":
            return listdir(path)
        looks.append(path)
        return [name for name in listdir(path) if len(looks) > 1 or name != str(pids[1])]

    monkeypatch.setattr(os, "listdir", late)
    process.end_spawned_for(word, ("sh",))
    monkeypatch.undo()
    assert len(looks) == 3
    assert process.spawned_for(word, ("sh",)) == []
    for pid in pids:
        assert process.kill_group(pid) == 128 + signal.SIGKILL


def test_who_works_in_a_directory_is_ended(tmp_path: Path) -> None:
    """Whoever works elsewhere, or is called otherwise, goes on."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    started = [
        subprocess.Popen(["sh", "-c", "read _", "sh", word], stdin=subprocess.PIPE, cwd=place)
        for word, place in (("swrk", here), ("swrk", there), ("other", here))
    ]
    process.end_working_in(str(here), "swrk")
    assert started[0].wait() == -signal.SIGKILL
    for each in started[1:]:
        assert each.poll() is None
    for each in started:
        assert each.stdin is not None
        each.stdin.close()
        each.wait()


def test_one_that_shows_no_arguments_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    word = "seen-late"
    pid = named(word)
    child, asked, real = process.identify(pid), [0], process.arguments

    def executing(number: int) -> list[str]:
        asked[0] += number == pid
        return [] if number == pid and asked[0] < 3 else real(number)

    monkeypatch.setattr(process, "arguments", executing)
    assert child in process.spawned_for(word, ("sh",))
    monkeypatch.undo()
    process.kill_group(pid)


def test_myself_is_right_after_a_fork() -> None:
    before = process.myself()
    assert before.pid == os.getpid()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if process.myself().pid == os.getpid() and process.alive(process.myself()) else 1)
    assert process.reap(pid) == 0
    assert process.myself() == before


def test_a_child_has_only_the_descriptors_it_was_given(files: list[int]) -> None:
    for fd in files:
        os.set_inheritable(fd, True)  # what a C library in our process would leave behind
    table = fd_table()
    assert set(table) == {0, 1, 2}
    assert table[0] == table[2] == "/dev/null"
    table = fd_table(pass_fds={5: files[0], 9: files[3]})
    assert set(table) == {0, 1, 2, 5, 9}
    assert table[5].endswith("file0")
    assert table[9].endswith("file3")


def test_numbers_that_collide_are_moved(files: list[int]) -> None:
    low = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in files[:4]]
    try:
        a, b, c, d = low
        table = fd_table(stdin=files[5], pass_fds={a: b, b: c, c: a, d: d})
        assert {fd: table[fd][-1] for fd in low} == {a: "1", b: "2", c: "0", d: "3"}
        assert table[0].endswith("file5")
        assert set(table) == {0, 1, 2, *low}
    finally:
        for fd in low:
            os.close(fd)


def test_our_own_table_is_as_before(files: list[int]) -> None:
    before = opened()
    fd_table(pass_fds={3: files[1], 4: files[0]})
    with pytest.raises(FileNotFoundError):
        process.spawn(["/no/such/program"], env={}, pass_fds={3: files[1]})
    assert opened() == before


def test_environment_and_directory_are_what_was_said(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the caller")
    assert "SECRET" not in programs.run(["/usr/bin/env"], env=process.clean_env(), timeout_seconds=60).out.decode()
    done = programs.run(["/usr/bin/env"], env={"A": "1=2", "B": "\udcff"}, timeout_seconds=60)
    assert sorted(done.out.splitlines()) == [b"A=1=2", b"B=\xff"]
    assert output_of(["/bin/pwd"], cwd=str(tmp_path)).strip() == str(tmp_path)
    with pytest.raises(FileNotFoundError) as failed:
        process.spawn(["/bin/true"], env={}, cwd=f"{tmp_path}/none")
    assert (failed.value.filename, "chdir" in str(failed.value)) == (f"{tmp_path}/none", True)


def test_errors_name_the_program(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError, match=r"posix_spawn.*no/such"):
        process.spawn(["/no/such"], env={})
    with pytest.raises(PermissionError):
        process.spawn([str(tmp_path)], env={})
    with pytest.raises(InvalidArgument, match="NUL"):
        process.spawn(["/bin/true", "a\0b"], env={})


def test_a_child_starts_with_default_signals() -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        status = output_of(["/bin/cat", "/proc/self/status"])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
        signal.signal(signal.SIGUSR1, before)
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    internal = 0b11 << 31  # signals 32 and 33 belong to the C library: it never touches them here
    assert int(fields["SigIgn"], 16) & ~internal == 0  # Python itself ignores SIGPIPE
    assert int(fields["SigBlk"], 16) == 0


@pytest.mark.parametrize("option", ["new_group", "new_session"])
def test_group_and_session(option: str) -> None:
    pid = process.spawn([SH, "-c", "exec sleep 100"], env=process.clean_env(), **{option: True})  # type: ignore[arg-type]
    assert os.getpgid(pid) == pid
    assert (os.getsid(pid) == pid) == (option == "new_session")
    assert process.kill_group(pid) == 137


def test_run_returns_code_and_both_streams() -> None:
    done = programs.run(
        [SH, "-c", "cat; echo oops >&2; exit 7"], env=process.clean_env(), input=b"in", timeout_seconds=60
    )
    assert (done.code, done.out, done.err) == (7, b"in", b"oops\n")
    done = programs.run([SH, "-c", "kill -TERM $$"], env=process.clean_env(), timeout_seconds=60)
    assert done.code == 143


def test_run_survives_more_output_than_the_pipes_hold() -> None:
    script = "i=0; while [ $i -lt 400 ]; do printf '%01024d' 1; printf '%01024d' 2 >&2; i=$((i+1)); done"
    done = programs.run([SH, "-c", script], env=process.clean_env(), timeout_seconds=120, output_limit=300_000)
    assert (done.code, len(done.out), len(done.err)) == (0, 300_000, 300_000)


def test_run_does_not_wait_for_a_grandchild_that_keeps_the_pipe() -> None:
    started = time.monotonic()
    done = programs.run([SH, "-c", "sleep 300 & echo $!"], env=process.clean_env(), timeout_seconds=200)
    os.kill(int(done.out), signal.SIGKILL)
    assert time.monotonic() - started < 100


def test_run_kills_and_reaps_the_whole_group_when_time_is_up(tmp_path: object) -> None:
    before = opened()
    for seconds in (0.3, 3, 30):  # the first is enough where the machine is not busy
        with pytest.raises(TimedOut, match=f"within {seconds} s"):
            programs.run(
                [SH, "-c", f"sleep 5000 & echo $$ $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pids; wait"],
                env=process.clean_env(),
                timeout_seconds=seconds,
            )
        if os.path.exists(f"{tmp_path}/pids"):
            break
    assert opened() == before
    with open(f"{tmp_path}/pids") as file:
        child, sleeping = map(int, file.read().split())
    grandchild = process.identify(sleeping)
    assert grandchild is None or process.wait_gone(grandchild, 60)
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_run_says_minus_one_when_somebody_else_reaps() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        done = programs.run([SH, "-c", "echo hi"], env=process.clean_env(), timeout_seconds=60)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert (done.code, done.out) == (-1, b"hi\n")


def test_reap_and_wait_gone_give_up_in_time() -> None:
    pid = sleeper()
    child = process.identify(pid)
    assert child is not None
    assert process.reap(pid, 0.05) is None
    assert not process.wait_gone(child, 0.05)
    threading.Timer(0.1, process.send_signal, (child, signal.SIGKILL)).start()
    assert process.wait_gone(child, 60)
    assert process.reap(pid, 60) == 137
    assert process.reap(pid) == -1


def test_whether_a_process_has_executed_its_program() -> None:
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.read(ours, 1)
        os.execv("/bin/sleep", ["sleep", "1000"])
    try:
        assert not has_executed(child)
        os.write(theirs, b"x")
        for _ in range(20_000):
            if has_executed(child):
                break
            select.select([], [], [], 0.001)
        assert has_executed(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ours)
        os.close(theirs)
    assert has_executed(child)  # nobody waits for one that has ended

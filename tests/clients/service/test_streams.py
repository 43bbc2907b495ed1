"""Docker's own CLI on containers' streams, files and events: what a person at a terminal does, and scripts do."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.service.conftest import need
from clients.service.running import SECONDS, Running

Done = subprocess.CompletedProcess[bytes]


class Docker:
    """The CLI, on the service."""

    def __init__(self, service: Running) -> None:
        self.service, self.program = service, need("docker")

    def __call__(self, *words: str, stdin: bytes = b"") -> Done:
        return self.service.call(self.program, *words, stdin=stdin)

    def ok(self, *words: str, stdin: bytes = b"") -> str:
        done = self(*words, stdin=stdin)
        assert done.returncode == 0, done
        return done.stdout.decode()

    @contextmanager
    def begun(self, *words: str, stdin: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            [self.program, *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.service.environment,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def docker(service: Running) -> Docker:
    return Docker(service)


@pytest.fixture
def sleeper(docker: Docker) -> Iterator[str]:
    id = docker.ok("run", "-d", "busybox", "sh", "-c", "echo up; sleep 1000").strip()
    yield id
    docker.ok("rm", "-f", id)


@pytest.mark.parametrize("kept", [[], ["--rm"]], ids=["kept", "removed"])
@pytest.mark.parametrize(("command", "code"), [
    (["sh", "-c", "echo out; echo err >&2"], 0), (["sh", "-c", "echo out; echo err >&2; exit 3"], 3),
    (["/etc"], 126), (["/nothing"], 127),
])  # fmt: skip
def test_run(docker: Docker, command: list[str], code: int, kept: list[str]) -> None:
    done = docker("run", *kept, "busybox", *command)
    assert done.returncode == code, done
    if code < 126:
        assert (done.stdout, done.stderr) == (b"out\n", b"err\n")
    else:
        assert done.stderr


def test_input(docker: Docker) -> None:
    """All of it, and its end, though it comes before the container is started; bytes that could be keys are data."""
    data = os.urandom(3_000_000) + b"\x10\x11"
    assert docker("run", "-i", "--rm", "busybox", "cat", stdin=data).stdout == data
    assert docker("run", "--rm", "busybox", "cat", stdin=b"lost").stdout == b""


def test_exec(docker: Docker, sleeper: str) -> None:
    done = docker("exec", "-e", "A=b", "-w", "/tmp", sleeper, "sh", "-c", "pwd; echo $A >&2; exit 5")
    assert (done.returncode, done.stdout, done.stderr) == (5, b"/tmp\n", b"b\n")
    data = os.urandom(3_000_000) + b"\x10\x11"
    assert docker("exec", "-i", sleeper, "cat", stdin=data).stdout == data
    assert docker("exec", sleeper, "/nothing").returncode == 127
    assert docker("exec", sleeper, "/etc").returncode == 126
    assert docker("exec", "nope", "true").returncode == 1
    docker.ok("exec", "-d", sleeper, "touch", "/there")
    for _ in range(100):
        if docker("exec", sleeper, "test", "-e", "/there").returncode == 0:
            break
    else:
        raise AssertionError("what was detached was not done")


class Terminal:
    """The CLI at a terminal of this size."""

    def __init__(self, docker: Docker, *words: str, rows: int = 20, columns: int = 30) -> None:
        self.ours, theirs = pty.openpty()
        self.size(rows, columns)
        self.process = subprocess.Popen(
            [docker.program, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=docker.service.environment,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self.seen = b""

    def size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: bytes) -> None:
        os.write(self.ours, text)

    def until(self, wanted: bytes) -> None:
        """This was shown. The CLI listens for changes of the size only once the first was taken: it is told again."""
        timer = threading.Timer(SECONDS, self.process.kill)
        timer.start()
        try:
            while wanted not in self.seen:
                if not select.select([self.ours], [], [], 0.5)[0]:
                    self.process.send_signal(signal.SIGWINCH)
                    continue
                self.seen += os.read(self.ours, 1000)
        except OSError:
            raise AssertionError(self.seen) from None
        finally:
            timer.cancel()
        self.seen = self.seen.partition(wanted)[2]

    def code(self) -> int:
        found = self.process.wait(SECONDS)
        os.close(self.ours)
        return found


def test_a_terminal(docker: Docker, sleeper: str) -> None:
    """Its size is the container's, and follows it; the code is passed on; the keys detach."""
    terminal = Terminal(docker, "exec", "-it", sleeper, "sh")
    terminal.type(b"until stty size | grep 20.30; do :; done\n")
    terminal.until(b"\n20 30\r\n")
    terminal.size(40, 50)
    terminal.type(b"until stty size | grep 40.50; do :; done; exit 6\n")
    terminal.until(b"\n40 50\r\n")
    assert terminal.code() == 6
    terminal = Terminal(docker, "run", "-it", "--rm", "busybox", "sh")
    terminal.type(b"until stty size | grep 20.30; do :; done; exit 7\n")
    terminal.until(b"\n20 30\r\n")
    assert terminal.code() == 7
    terminal = Terminal(docker, "run", "-it", "--name", "left", "--detach-keys", "ctrl-x,x", "busybox", "sh")
    terminal.type(b"echo re''ady\n")
    terminal.until(b"ready\r\n")
    terminal.type(b"\x18x")
    assert terminal.code() in (0, 1)  # which one differs between versions of the CLI
    assert docker.ok("inspect", "--format", "{{.State.Running}}", "left") == "true\n"
    docker.ok("rm", "-f", "left")


def test_attach_and_logs(docker: Docker) -> None:
    script = "echo one; while read line; do echo got $line; done; exit 4"
    id = docker.ok("run", "-d", "-i", "busybox", "sh", "-c", script).strip()
    with docker.begun("logs", "-f", id) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == b"one\n"
        done = docker("attach", id, stdin=b"two\n")
        assert (done.returncode, done.stdout) == (4, b"got two\n"), done
        assert follower.stdout.read() == b"got two\n"
        assert follower.wait(SECONDS) == 0
    assert docker.ok("logs", "--tail", "1", id) == "got two\n"
    assert docker.ok("logs", "--since", "1h", "-t", id).endswith("Z got two\n")
    docker.ok("rm", id)
    id = docker.ok("create", "-i", "busybox", "cat").strip()
    assert docker("start", "-a", "-i", id, stdin=b"three").stdout == b"three"
    docker.ok("rm", id)


def test_events(docker: Docker) -> None:
    form = "{{.Action}} {{.Actor.Attributes.name}}"
    with docker.begun("events", "--filter", "type=container", "--format", form) as on:
        assert on.stdout is not None
        seen = []
        for number in range(100):  # the CLI does not say when it listens
            docker.ok("run", "--rm", "--name", f"seen{number}", "busybox", "true")
            seen.append(on.stdout.readline().decode().split())
            if seen[-1]:
                break
        while seen[-1][0] != "destroy":
            seen.append(on.stdout.readline().decode().split())
        last = seen[-1][1]
        assert [action for action, name in seen if name == last][-4:] == ["attach", "start", "die", "destroy"]


def test_stats(docker: Docker, sleeper: str) -> None:
    form = "{{.ID}} {{.Name}} {{.CPUPerc}} {{.PIDs}}"
    words = docker.ok("stats", "--no-stream", "--no-trunc", "--format", form).split()
    assert words[0] == sleeper
    assert words[3] == "1"
    assert words[2].endswith("%")


def test_cp(docker: Docker, sleeper: str, tmp_path: Path) -> None:
    """Both ways, by the rules of docker's manual."""
    source = tmp_path / "from"
    (source / "sub").mkdir(parents=True)
    (source / "one").write_text("1")
    (source / "sub" / "two").write_text("2")
    docker.ok("cp", str(source), f"{sleeper}:/new")
    docker.ok("cp", f"{source}/.", f"{sleeper}:/tmp")
    docker.ok("cp", str(source), f"{sleeper}:/tmp")
    docker.ok("cp", f"{source}/one", f"{sleeper}:/tmp/uno")
    found = docker.ok("exec", sleeper, "sh", "-c", "cd /; find new tmp -type f | sort")
    assert found.split() == ["new/one", "new/sub/two", "tmp/from/one", "tmp/from/sub/two", "tmp/one", "tmp/sub/two",
                             "tmp/uno"]  # fmt: skip
    docker.ok("exec", sleeper, "ln", "-s", "/new/sub", "/link")
    docker.ok("cp", f"{source}/one", f"{sleeper}:/link/")
    assert docker.ok("exec", sleeper, "cat", "/new/sub/one") == "1"
    for path, name in (("new/.", "content"), ("new", "new"), ("tmp/uno", "uno"), ("link", "link")):
        docker.ok("cp", f"{sleeper}:/{path}", f"{tmp_path}/{name}")
    assert (tmp_path / "content" / "sub" / "two").read_text() == "2"
    assert (tmp_path / "new" / "sub" / "two").read_text() == "2"
    assert (tmp_path / "uno").read_text() == "1"
    assert os.readlink(tmp_path / "link") == "/new/sub"
    docker.ok("cp", "-L", f"{sleeper}:/link", str(tmp_path / "followed"))
    assert (tmp_path / "followed" / "one").read_text() == "1"
    assert b"one" in docker("cp", f"{sleeper}:/new", "-").stdout
    assert docker("cp", f"{sleeper}:/nothing", str(tmp_path)).returncode == 1
    assert docker("cp", str(source), f"{sleeper}:/no/where").returncode == 1
    whole = docker("export", sleeper).stdout
    assert b"new/sub/two" in whole
    assert "A /new\n" in docker.ok("diff", sleeper)


def test_sixty_at_once(docker: Docker, sleeper: str) -> None:
    """None hangs."""
    processes = [
        subprocess.Popen(
            [docker.program, "exec", "-i", sleeper, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=docker.service.environment,
        )
        for _ in range(60)
    ]  # fmt: skip
    try:
        assert [process.communicate(b"%d" % number, SECONDS)[0] for number, process in enumerate(processes)] == [
            b"%d" % number for number in range(60)
        ]  # fmt: skip
        assert {process.returncode for process in processes} == {0}
    finally:
        for process in processes:
            process.kill()
            process.wait()

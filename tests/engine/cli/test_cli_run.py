"""`run`: exit codes, streams, terminals, signals."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.cli.command_line import SECONDS, CommandLine, next_line

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sh", "-c", "exit 0"], 0, ""),
        (["sh", "-c", "exit 3"], 3, ""),
        (["no-such-program"], 127, "OCI runtime attempted to invoke a command that was not found"),
        (["/etc"], 126, "OCI permission denied"),
    ],
)
@pytest.mark.parametrize("rm", [True, False], ids=["rm", "keep"])
def test_the_exit_code(cli: CommandLine, words: list[str], code: int, said: str, rm: bool) -> None:
    done = cli("run", "--name", "r", *(["--rm"] if rm else []), "busybox", *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.endswith(f"{said}\n") if said else done.err == ""
    assert done.err.count("\n") == bool(said)
    state = "created" if said else "exited"
    assert [name.split()[1:] for name in cli.names()] == ([] if rm else [["r", state]])


def test_both_streams(cli: CommandLine) -> None:
    done = cli("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 4")
    assert (done.code, done.out, done.err) == (4, "out\n", "err\n")


def test_stdin_is_forwarded_to_its_end(cli: CommandLine) -> None:
    data = os.urandom(3 << 20)
    done = cli("run", "--rm", "-i", "busybox", "cat", stdin=data)
    assert (done.code, done.err) == (0, "")
    assert done.raw == data


def test_stdin_is_left_alone_without_i(cli: CommandLine) -> None:
    done = cli("run", "--rm", "busybox", "cat", stdin=b"unread")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_much_output(cli: CommandLine, tmp_path: Path) -> None:
    """256 MiB arrive whole and in order."""
    block = os.urandom(1 << 20) * 32
    (tmp_path / "block").write_bytes(block)
    wanted = hashlib.sha256()
    for _ in range(8):
        wanted.update(block)
    words = ["run", "--rm", "-v", f"{tmp_path}:/in:ro", "busybox", "cat", *["/in/block"] * 8]
    found = hashlib.sha256()
    with cli.start(*words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(1 << 20):
            found.update(piece)
        assert process.wait(SECONDS) == 0
    assert found.hexdigest() == wanted.hexdigest()


def test_a_reader_that_leaves(cli: CommandLine) -> None:
    """As with any program in a pipeline; --rm does not leave a container that nobody hears."""
    with cli.start(
        "run", "--rm", "busybox", "yes", stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(4) == b"y\ny\n"
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr.read() == b""
    assert cli.names() == []


def test_detached(cli: CommandLine, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("cid", "pid", "conmon")}
    id = cli.ok(
        "run", "-d", "--name", "d", "--cidfile", str(files["cid"]), "--pidfile", str(files["pid"]),
        "--conmon-pidfile", str(files["conmon"]), "busybox", "sleep", "1000",
    )  # fmt: skip
    assert len(id) == 64
    assert files["cid"].read_text() == id
    pids = cli.ok("inspect", "--format", "{{.State.Pid}} {{.State.ConmonPid}}", "d").split()
    assert [files["pid"].read_text(), files["conmon"].read_text()] == pids
    assert os.readlink(f"/proc/{pids[1]}/exe").endswith("/conmon")
    again = cli("run", "--cidfile", str(files["cid"]), "busybox", "true")  # another's id is not written over
    assert (again.code, again.err.startswith("Error: container id file exists. ")) == (125, True)
    assert files["cid"].read_text() == cli.ok("ps", "--all", "--quiet", "--no-trunc") == id
    assert cli.ok("rm", "-f", "-t", "0", "--cidfile", str(files["cid"])) == id
    new = cli.ok("create", "--cidfile", str(files["cid"]), "busybox", "true")  # but one that is gone is no obstacle
    assert files["cid"].read_text() == new != id


def test_replace(cli: CommandLine) -> None:
    first = cli.ok("run", "-d", "--name", "r", "--stop-timeout", "0", "busybox", "sleep", "1000")
    second = cli.ok("run", "-d", "--name", "r", "--replace", "busybox", "sleep", "1000")
    assert first != second
    assert cli.ok("ps", "-aq", "--no-trunc") == second


def test_what_the_process_gets(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# comment\nA=file\nB=two words\n")
    (tmp_path / "data").write_text("mounted\n")
    script = 'echo "$A|$B|$C|$PWD|$(hostname)|$(id -u):$(id -g)"; cat /m/data; umask; echo "$@"'
    done = cli(
        "run", "--rm", "--env-file", str(tmp_path / "env"), "-e", "A=flag", "-e", "C", "-w", "/tmp", "-h", "box",
        "-u", "0:1001", "--umask", "0027", "--mount", f"type=bind,src={tmp_path},dst=/m,ro", "--entrypoint",
        '["sh", "-c"]', "busybox", script, "sh", "an arg", "--flag", env={"C": "ours"},
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["flag|two words|ours|/tmp|box|0:1001", "mounted", "0027", "an arg --flag"]


def test_attach_stdin_alone_prints_the_id(cli: CommandLine) -> None:
    done = cli("run", "-i", "--attach", "stdin", "--name", "a", "busybox", "cat", stdin=b"in\n")
    assert (done.code, len(done.out), done.err) == (0, 65, "")
    assert cli.ok("logs", "a") == "in"


def test_noout(cli: CommandLine) -> None:
    assert cli.ok("--noout", "run", "--rm", "busybox", "echo", "x") == ""


# --- signals ---------------------------------------------------------------------------------------------------------

TRAP = 'trap "exit 7" {signal}; echo ready; while :; do sleep 1000 & wait $!; done'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_forwarded(cli: CommandLine, number: signal.Signals) -> None:
    script = TRAP.format(signal=number.name.removeprefix("SIG"))
    with cli.start(
        "run", "--rm", "busybox", "sh", "-c", script, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert next_line(process) == b"ready\n"
        process.send_signal(number)
        assert process.wait(SECONDS) == 7
    assert cli.names() == []


def test_signals_are_ours_without_the_proxy(cli: CommandLine) -> None:
    """Only the command ends, without a traceback; the container goes on."""
    with cli.start(
        "run", "--name", "s", "--sig-proxy=false", "busybox", "sh", "-c", "echo ready; exec sleep 1000",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert next_line(process) == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert process.stderr.read() == b""
    assert cli.ok("ps", "--format", "{{.Names}} {{.State}}") == "s running"


@pytest.mark.parametrize("words", [["kill", "k"], ["rm", "-f", "-t", "0", "k"]], ids=["kill", "rm"])
def test_ended_from_outside(cli: CommandLine, words: list[str]) -> None:
    with cli.start(
        "run", "--name", "k", "busybox", "sh", "-c", "echo ready; exec sleep 1000", stdout=subprocess.PIPE
    ) as process:
        assert next_line(process) == b"ready\n"
        assert cli.ok(*words) == "k"
        assert process.wait(SECONDS) == 137


# --- terminals -------------------------------------------------------------------------------------------------------


class Terminal:
    """A command on a pseudo-terminal of 33 x 101 characters."""

    def __init__(self, cli: CommandLine, words: list[str], undo: ExitStack) -> None:
        self.ours, theirs = pty.openpty()
        undo.callback(os.close, self.ours)
        undo.callback(os.close, theirs)
        self.resize(33, 101)
        self.theirs = theirs
        self.settings = termios.tcgetattr(theirs)
        self.process = undo.enter_context(cli.start(*words, stdin=theirs, stdout=theirs, stderr=theirs))
        self.seen = b""

    def resize(self, height: int, width: int) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, text: bytes) -> None:
        os.write(self.ours, text)

    def until(self, text: bytes) -> None:
        while text not in self.seen:
            assert select.select([self.ours], [], [], SECONDS)[0], self.seen
            piece = os.read(self.ours, 4096)
            assert piece, self.seen
            self.seen += piece
        self.seen = self.seen.partition(text)[2]

    def end(self) -> int:
        """The exit code; the terminal is as it was before."""
        code = self.process.wait(SECONDS)
        assert termios.tcgetattr(self.theirs) == self.settings
        return code


def test_a_terminal(cli: CommandLine) -> None:
    """It has our size from the start and follows it; keys go through unchanged; ours is as before in the end."""
    with ExitStack() as undo:
        terminal = Terminal(cli, ["run", "--rm", "-it", "busybox", "sh"], undo)
        terminal.type(b"stty size; echo $TERM; tty\n")
        terminal.until(b"33 101\r\nxterm\r\n/dev/pts/0\r\n")
        terminal.resize(44, 99)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.type(b"until [ \"$(stty size)\" = '44 99' ]; do sleep 0.1; done; echo fits\n")
        terminal.until(b"\r\nfits\r\n")
        terminal.type(b"(echo $((1 + 2)); exec sleep 1000)\n")
        terminal.until(b"\r\n3\r\n")
        terminal.type(b"\x03")
        terminal.until(b"^C")
        terminal.type(b"exit 5\n")
        assert terminal.end() == 5
    assert cli.names() == []


def test_detaching_and_coming_back(cli: CommandLine) -> None:
    with ExitStack() as undo:
        terminal = Terminal(cli, ["run", "--rm", "-it", "--name", "t", "busybox", "sh"], undo)
        terminal.type(b"echo $((20 + 3))\n")
        terminal.until(b"\r\n23\r\n")
        terminal.type(b"\x10\x11")
        assert terminal.end() == 0
    assert cli.ok("ps", "--format", "{{.Names}} {{.State}}") == "t running"
    with ExitStack() as undo:
        terminal = Terminal(cli, ["attach", "--detach-keys", "ctrl-x", "t"], undo)
        terminal.type(b"echo $((40 + 2))\n")
        terminal.until(b"\r\n42\r\n")
        terminal.type(b"exit 6\n")
        assert terminal.end() == 6
    assert cli.names() == []


def test_a_pipe_holds_no_detach_keys(cli: CommandLine) -> None:
    done = cli("run", "--rm", "-i", "busybox", "cat", stdin=b"a\x10\x11b")
    assert (done.code, done.raw) == (0, b"a\x10\x11b")

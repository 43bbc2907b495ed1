"""`exec`: exit codes, streams, terminals, signals, what is left."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.cli.command_line import SECONDS, CommandLine
from engine.cli.test_cli_run import Terminal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def web(cli: CommandLine) -> Iterator[CommandLine]:
    """A command line with the running container `web`; whatever its commands did, no session is left."""
    cli.ok("run", "-d", "--name", "web", "--stop-timeout", "0", "busybox", "sleep", "1000")
    yield cli
    assert cli.ok("inspect", "-f", "{{.ExecIDs}}", "web") == "[]"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["web", "sh", "-c", "exit 0"], 0, ""),
        (["web", "sh", "-c", "exit 3"], 3, ""),
        (["web", "sh", "-c", "kill -9 $$"], 137, ""),
        (["web", "no-such-program"], 127, "OCI runtime attempted to invoke a command that was not found"),
        (["web", "/etc"], 126, "OCI permission denied"),
        (["-w", "/no/such", "web", "true"], 126, "does not exist on container"),
        (["-w", "/proc/self/fd/9", "web", "true"], 125, "it could be outside of the container"),
        (["-u", "nobody-known", "web", "true"], 126, "unable to find user nobody-known: no matching entries in passwd"),
        (["web"], 125, "must provide a non-empty command to start an exec session"),
        (["-l"], 125, "must provide a non-empty command to start an exec session"),
        ([], 125, "exec requires the name or ID of a container or the --latest flag"),
        (["nobody", "true"], 125, 'no container with name or ID "nobody" found: no such container'),
        (["-d", "web", "no-such-program"], 125, "that was not found"),
        (["--preserve-fds", "1", "web", "true"], 125, "file descriptor 3 is not available"),
        (["--detach-keys", "nonsense", "web", "true"], 125, "nonsense"),
    ],
)
def test_the_exit_code(web: CommandLine, words: list[str], code: int, said: str) -> None:
    done = web("exec", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert done.err.count("\n") == bool(said)
    assert done.err.startswith("Error: ") == bool(said)


def test_a_container_that_does_not_run(cli: CommandLine) -> None:
    cli.ok("create", "--name", "idle", "busybox", "true")
    done = cli("exec", "idle", "true")
    assert done.code == 255
    assert done.err == "Error: can only create exec sessions on running containers: container state improper\n"


def test_what_the_process_gets(web: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# no variable\nA=file\nB=file\n")
    script = 'echo "$A $B $C"; pwd; id -u; id -g'
    done = web(
        "exec", "--env-file", str(tmp_path / "env"), "-e", "B=flag", "-e", "C", "-w", "/tmp", "-u", "5:6", "web", "sh",
        "-c", script, env={"C": "own"},
    )  # fmt: skip
    assert done.out.splitlines() == ["file flag own", "/tmp", "5", "6"]
    assert web.ok("container", "exec", "-l", "echo", "the latest") == "the latest"
    sets = [web.ok("exec", *flags, "web", "grep", "CapEff", "/proc/self/status") for flags in ([], ["--privileged"])]
    assert sets[0].split()[1] == "00000000800405fb" < sets[1].split()[1]


def test_streams_in_and_out(web: CommandLine) -> None:
    done = web("exec", "web", "sh", "-c", "echo out; echo err >&2; exit 4")
    assert (done.code, done.out, done.err) == (4, "out\n", "err\n")
    data = os.urandom(3 << 20)
    done = web("exec", "-i", "web", "cat", stdin=data)
    assert (done.code, done.err, done.raw == data) == (0, "", True)
    done = web("exec", "web", "cat", stdin=b"unread")
    assert (done.code, done.out) == (0, "")


def test_much_output(web: CommandLine) -> None:
    """64 MiB arrive whole and in order."""
    block = os.urandom(1 << 20)
    web("exec", "-i", "web", "sh", "-c", "cat > /block", stdin=block)
    found = hashlib.sha256()
    with web.start(
        "exec", "web", "sh", "-c", "for i in $(seq 64); do cat /block; done",
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while piece := process.stdout.read(1 << 20):
            found.update(piece)
        assert process.wait(SECONDS) == 0
    assert found.hexdigest() == hashlib.sha256(block * 64).hexdigest()


def test_a_reader_that_leaves(web: CommandLine) -> None:
    with web.start("exec", "web", "yes", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"y\ny\n"
        process.stdout.close()
        assert process.wait(SECONDS) == 141


def test_detached(web: CommandLine) -> None:
    id = web.ok("exec", "-d", "web", "sh", "-c", "echo made > /made; sleep 1000")
    assert len(id) == 64
    assert web.ok("inspect", "-f", "{{.ExecIDs}}", "web") == f"[{id}]"
    web.ok("exec", "web", "sh", "-c", "until [ -s /made ]; do :; done")
    web.ok("restart", "-t", "0", "web")
    assert web.ok("exec", "web", "cat", "/made") == "made"


def test_preserved_descriptors(web: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "passed").write_text("passed on")
    shell = ["sh", "-c", 'exec "$@" 3<"$0"', str(tmp_path / "passed"), *web.argv]
    done = subprocess.run(
        [*shell, "exec", "--preserve-fds", "1", "web", "sh", "-c", "cat <&3"], env=web.env, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"passed on", b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_forwarded(web: CommandLine, number: signal.Signals) -> None:
    script = "trap 'exit 7' TERM INT USR1; echo ready; while :; do sleep 0.05; done"
    with web.start("exec", "web", "sh", "-c", script, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(SECONDS) == 7


def test_a_terminal(web: CommandLine) -> None:
    with ExitStack() as undo:
        terminal = Terminal(web, ["exec", "-it", "web", "sh"], undo)
        terminal.until(b"# ")
        terminal.type(b"stty size; tty; echo $TERM\n")
        terminal.until(b"33 101\r\n/dev/pts/0\r\nxterm\r\n")
        terminal.resize(20, 70)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.type(b"while [ \"$(stty size)\" != '20 70' ]; do :; done; exit 9\n")
        assert terminal.end() == 9


def test_detach_keys(web: CommandLine) -> None:
    with ExitStack() as undo:
        terminal = Terminal(web, ["exec", "-it", "--detach-keys", "ctrl-x,x", "web", "sh", "-c", "echo up; cat"], undo)
        terminal.until(b"up\r\n")
        terminal.type(b"\x18x")
        assert terminal.end() == 0
    assert web.ok("inspect", "-f", "{{len .ExecIDs}}", "web") == "1"
    web.ok("restart", "-t", "0", "web")

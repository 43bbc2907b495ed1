"""`podman --remote`, Debian 12's and the next release's, on containers' streams, files and events."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.service.conftest import need
from clients.service.running import Running

Done = subprocess.CompletedProcess[bytes]
Podman = Callable[..., Done]


@pytest.fixture(params=["podman", "podman-remote"])
def podman(service: Running, request: pytest.FixtureRequest) -> Podman:
    words = [need(request.param), *(["--remote"] if request.param == "podman" else []), "--url", service.url]

    def run(*more: str, stdin: bytes = b"") -> Done:
        return service.call(*words, *more, stdin=stdin)

    return run


def ok(done: Done) -> str:
    assert done.returncode == 0, done
    return done.stdout.decode()


@pytest.fixture
def sleeper(podman: Podman) -> Iterator[str]:
    id = ok(podman("run", "-d", "busybox", "sh", "-c", "echo up; sleep 1000")).strip()
    yield id
    ok(podman("rm", "-f", "-t", "0", id))


@pytest.mark.parametrize(("command", "code"), [
    (["sh", "-c", "echo out; echo err >&2; exit 3"], 3), (["/etc"], 126), (["/nothing"], 127),
])  # fmt: skip
def test_run(podman: Podman, command: list[str], code: int) -> None:
    done = podman("run", "--rm", "busybox", *command)
    assert done.returncode == code, done
    if code < 126:
        assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


def test_input(podman: Podman, sleeper: str) -> None:
    data = os.urandom(300_000) + b"\x10\x11"
    assert podman("run", "-i", "--rm", "busybox", "cat", stdin=data).stdout == data
    assert podman("exec", "-i", sleeper, "cat", stdin=data).stdout == data


def test_exec(podman: Podman, sleeper: str) -> None:
    done = podman("exec", "-e", "A=b", "-w", "/tmp", sleeper, "sh", "-c", "pwd; echo $A >&2; exit 5")
    assert (done.returncode, done.stdout, done.stderr) == (5, b"/tmp\n", b"b\n")
    assert podman("exec", sleeper, "/nothing").returncode == 127
    assert podman("exec", sleeper, "/etc").returncode == 126
    assert len(ok(podman("exec", "-d", sleeper, "true")).strip()) == 64


def test_logs_events_and_stats(podman: Podman, sleeper: str) -> None:
    assert ok(podman("logs", sleeper)) == "up\n"
    assert ok(podman("logs", "-t", sleeper)).endswith(" up\n")
    told = ok(podman("events", "--stream=false", "--since", "1h", "--filter", f"container={sleeper}"))
    assert "container start" in told
    row = ok(podman("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.PIDS}}", sleeper))
    assert row.split() == [sleeper, "1"]


def test_cp(podman: Podman, sleeper: str, tmp_path: Path) -> None:
    source = tmp_path / "from"
    (source / "sub").mkdir(parents=True)
    (source / "one").write_text("1")
    ok(podman("cp", str(source), f"{sleeper}:/new"))
    ok(podman("cp", f"{source}/.", f"{sleeper}:/tmp"))
    ok(podman("cp", f"{source}/one", f"{sleeper}:/tmp/uno"))
    found = ok(podman("exec", sleeper, "sh", "-c", "cd /; find new tmp -type f | sort"))
    assert found.split() == ["new/one", "tmp/one", "tmp/uno"]
    assert podman("cp", f"{sleeper}:/nothing", str(tmp_path)).returncode == 125
    ok(podman("export", "-o", str(tmp_path / "all.tar"), sleeper))
    assert b"new/one" in (tmp_path / "all.tar").read_bytes()
    assert "A /new\n" in ok(podman("diff", sleeper))


@pytest.mark.parametrize("podman", ["podman"], indirect=True)  # the other is run by its linker, and would run itself
def test_cp_out(podman: Podman, sleeper: str, tmp_path: Path) -> None:
    ok(podman("exec", sleeper, "sh", "-c", "mkdir /new; echo 1 > /new/one; echo 2 > /tmp/uno"))
    ok(podman("cp", f"{sleeper}:/new", str(tmp_path)))
    ok(podman("cp", f"{sleeper}:/tmp/uno", str(tmp_path / "eins")))
    ok(podman("cp", f"{sleeper}:/new/.", str(tmp_path / "content")))
    assert (tmp_path / "new" / "one").read_text() == "1\n"
    assert (tmp_path / "eins").read_text() == "2\n"
    assert (tmp_path / "content" / "one").read_text() == "1\n"

"""What people do with the docker command line."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.service.conftest import need
from clients.service.running import Running

Command = Callable[..., str]


@pytest.fixture
def docker(service: Running) -> Iterator[Command]:
    """The program with what it printed, and its code if it is not 0; after the test no container is left."""
    program = need("docker")

    def run(*words: str, stdin: bytes = b"", code: int = 0, both: bool = False) -> str:
        done = service.call(program, *words, stdin=stdin)
        assert done.returncode == code, (words, done)
        return (done.stdout + (done.stderr if both else b"")).decode()

    yield run
    if left := run("ps", "--all", "--quiet").split():
        run("rm", "--force", "--volumes", *left)


def test_run(docker: Command) -> None:
    assert docker("run", "--rm", "busybox", "echo", "hello") == "hello\n"
    assert docker("run", "--rm", "-i", "busybox", "cat", stdin=b"typed") == "typed"
    docker("run", "--rm", "busybox", "sh", "-c", "exit 7", code=7)
    docker("run", "busybox", "sh", "-c", "exit 8", code=8)
    docker("run", "--rm", "busybox", "nosuchprogram", code=127)
    docker("run", "--rm", "busybox", "/etc", code=126)
    docker("run", "--rm", "--pull", "never", "localhost/nosuchimage", code=125)
    assert len(docker("ps", "--all", "--quiet").split()) == 1


def test_a_terminal(service: Running, docker: Command) -> None:
    """`run -it` on a real terminal: what is typed is echoed, the size arrives, the code comes back."""
    ours, theirs = os.openpty()
    words = [need("docker"), "run", "--rm", "-it", "busybox", "sh", "-c", "read word; echo =$word=; exit 3"]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=service.environment) as process:
        os.close(theirs)
        os.write(ours, b"typed\n")
        shown = b""
        try:
            while piece := os.read(ours, 1000):
                shown += piece
        except OSError:  # the other end is closed
            pass
        assert process.wait(30) == 3
    os.close(ours)
    assert b"=typed=\r\n" in shown


def test_the_life_of_a_container(docker: Command) -> None:
    script = "echo begun; exec sleep 1000"
    name = docker("run", "--detach", "--name", "lives", "--label", "a=b", "busybox", "sh", "-c", script).strip()
    assert docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}} {{.State}}") == (
        f"{name} lives busybox running\n"
    )
    assert docker("logs", "lives") == "begun\n"
    assert docker("exec", "lives", "echo", "x") == "x\n"
    assert docker("exec", "-i", "lives", "cat", stdin=b"typed") == "typed"
    docker("exec", "lives", "sh", "-c", "exit 4", code=4)
    docker("exec", "lives", "nosuchprogram", code=127)
    assert "sleep 1000" in docker("top", "lives")
    assert docker("inspect", "--format", "{{.State.Status}} {{.Config.Image}}", "lives") == "running busybox\n"
    assert "lives" in docker("stats", "--no-stream")
    docker("pause", "lives")
    assert "Paused" in docker("ps")
    docker("unpause", "lives")
    docker("update", "--memory", "64m", "--memory-swap", "64m", "lives")
    docker("restart", "--time", "0", "lives")
    docker("stop", "--time", "0", "lives")
    assert docker("wait", "lives") == "137\n"
    assert "Exited (137)" in docker("ps", "--all")
    docker("start", "lives")
    docker("rename", "lives", "renamed")
    docker("rm", "renamed", code=1)
    docker("kill", "renamed")
    docker("rm", "--force", "renamed")


def test_files(docker: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the host\n")
    docker("create", "--name", "files", "busybox", "cat", "/tmp/file")
    docker("cp", f"{tmp_path}/file", "files:/tmp/file")
    assert docker("start", "--attach", "files") == "from the host\n"
    docker("cp", "files:/tmp/file", f"{tmp_path}/back")
    assert (tmp_path / "back").read_text() == "from the host\n"
    assert "A /tmp/file" in docker("diff", "files")
    docker("commit", "--message", "why", "files", "committed")
    assert docker("run", "--rm", "committed", "cat", "/tmp/file") == "from the host\n"
    docker("rmi", "committed")


def test_images(docker: Command, tmp_path: Path) -> None:
    docker("tag", "busybox", "again:2")
    assert "again" in docker("images")
    docker("save", "--output", f"{tmp_path}/image.tar", "again:2")
    docker("rmi", "again:2")
    assert docker("load", "--input", f"{tmp_path}/image.tar") == "Loaded image: again:2\n"
    assert docker("image", "inspect", "again:2", "--format", "{{.Os}}") == "linux\n"
    assert docker("history", "--quiet", "again:2") != ""
    docker("rmi", "again:2")
    docker("rmi", "again:2", code=1)


def test_networks_and_volumes(docker: Command) -> None:
    docker("network", "create", "--subnet", "10.79.0.0/24", "lan")
    docker("volume", "create", "--label", "a=b", "data")
    run = ("run", "--detach", "--network", "lan", "--volume", "data:/data")
    docker(*run, "--name", "one", "busybox", "sleep", "1000")
    docker(*run, "--name", "two", "--network-alias", "second", "busybox", "sleep", "1000")
    assert "Address" in docker("exec", "one", "nslookup", "second")
    assert docker("volume", "ls", "--filter", "label=a=b", "--quiet") == "data\n"
    assert json.loads(docker("network", "inspect", "lan"))[0]["IPAM"]["Config"][0]["Subnet"] == "10.79.0.0/24"
    docker("network", "disconnect", "lan", "two")
    docker("network", "connect", "lan", "two")
    docker("volume", "rm", "data", code=1)
    docker("network", "rm", "lan", code=1)
    docker("rm", "--force", "one", "two")
    docker("volume", "rm", "data")
    docker("network", "rm", "lan")


def test_the_system(docker: Command) -> None:
    assert docker("info", "--format", "{{.OSType}}") == "linux\n"
    assert docker("version", "--format", "{{.Server.APIVersion}}").startswith("1.")
    assert "Images" in docker("system", "df")
    docker("create", "--name", "eventful", "busybox")
    docker("rm", "eventful")
    until = str(int(time.time()) + 1)  # it takes whole seconds only
    told = docker("events", "--since", "1m", "--until", until, "--format", "{{.Actor.Attributes.name}} {{.Action}}")
    assert "eventful create" in told
    assert "eventful destroy" in told

"""What people do with `podman --remote`: Debian 12's podman and the next release's, on the same service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.service.conftest import need
from clients.service.running import Running

Remote = Callable[..., str]


@pytest.fixture(params=["podman", "podman-remote"])
def program(request: pytest.FixtureRequest) -> str:
    """Its name."""
    name: str = request.param
    return name


@pytest.fixture
def remote(service: Running, program: str) -> Iterator[Remote]:
    """The program with what it printed, and its code if it is not 0; after the test nothing is left."""
    words = [need(program), *(["--remote"] if program == "podman" else []), "--url", service.url]

    def run(*said: str, stdin: bytes = b"", code: int = 0, both: bool = False) -> str:
        done = service.call(*words, *said, stdin=stdin)
        assert done.returncode == code, (said, done)
        return (done.stdout + (done.stderr if both else b"")).decode()

    yield run
    run("pod", "rm", "--all", "--force", "--time", "0")
    run("rm", "--all", "--force", "--time", "0", "--volumes")
    run("volume", "prune", "--force")
    assert run("ps", "--all", "--quiet") == ""


def test_run(remote: Remote) -> None:
    assert remote("run", "--rm", "busybox", "echo", "hello") == "hello\n"
    assert remote("run", "--rm", "-i", "busybox", "cat", stdin=b"typed") == "typed"
    remote("run", "--rm", "busybox", "sh", "-c", "exit 7", code=7)
    remote("run", "--rm", "busybox", "nosuchprogram", code=127)
    remote("run", "--rm", "busybox", "/etc", code=126)
    assert remote("ps", "--all", "--quiet") == ""


def test_the_life_of_a_container(remote: Remote) -> None:
    name = remote("run", "--detach", "--name", "lives", "busybox", "sh", "-c", "echo begun; exec sleep 1000").strip()
    assert remote("ps", "--format", "{{.Names}} {{.Image}}").split()[0] == "lives"
    assert remote("ps", "--quiet", "--no-trunc").strip() == name
    assert remote("logs", "lives") == "begun\n"
    assert remote("exec", "lives", "echo", "x") == "x\n"
    assert remote("exec", "-i", "lives", "cat", stdin=b"typed") == "typed"
    remote("exec", "lives", "sh", "-c", "exit 4", code=4)
    assert "sleep 1000" in remote("top", "lives")
    assert remote("inspect", "lives", "--format", "{{.State.Status}}") == "running\n"
    assert "lives" in remote("stats", "--no-stream", "lives")
    remote("pause", "lives")
    remote("unpause", "lives")
    remote("stop", "--time", "0", "lives")
    assert remote("wait", "lives") == "137\n"
    assert "Exited (137)" in remote("ps", "--all")
    remote("start", "lives")
    remote("rename", "lives", "renamed")
    remote("kill", "renamed")
    assert remote("wait", "renamed") == "137\n"
    remote("rm", "renamed")
    remote("container", "exists", "renamed", code=1)


def test_files(remote: Remote, program: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the host\n")
    remote("create", "--name", "files", "busybox", "cat", "/tmp/file")
    remote("cp", f"{tmp_path}/file", "files:/tmp/file")
    assert remote("start", "--attach", "files") == "from the host\n"
    if program == "podman":  # the other starts itself again, which it cannot with the C library of another release
        remote("cp", "files:/tmp/file", f"{tmp_path}/back")
        assert (tmp_path / "back").read_text() == "from the host\n"
    assert "/tmp/file" in remote("diff", "files")
    remote("commit", "--quiet", "files", "localhost/committed")
    remote("export", "--output", f"{tmp_path}/all.tar", "files")
    assert (tmp_path / "all.tar").stat().st_size > 1 << 20
    assert remote("run", "--rm", "localhost/committed", "cat", "/tmp/file") == "from the host\n"
    remote("rmi", "localhost/committed")


def test_images(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text("FROM busybox\nCOPY file /file\nCMD cat /file\n")
    (tmp_path / "file").write_text("from the context\n")
    remote("build", "--tag", "localhost/built:1", str(tmp_path))
    assert remote("run", "--rm", "localhost/built:1") == "from the context\n"
    assert "localhost/built" in remote("images")
    remote("tag", "localhost/built:1", "localhost/again:2")
    remote("save", "--quiet", "--output", f"{tmp_path}/image.tar", "localhost/again:2")
    remote("rmi", "localhost/built:1", "localhost/again:2")
    remote("image", "exists", "localhost/again:2", code=1)
    remote("load", "--quiet", "--input", f"{tmp_path}/image.tar")
    remote("image", "exists", "localhost/again:2")
    assert remote("image", "inspect", "localhost/again:2", "--format", "{{.Os}}") == "linux\n"
    assert "CMD" in remote("history", "localhost/again:2")
    remote("rmi", "localhost/again:2")


def test_pods(remote: Remote) -> None:
    remote("pod", "create", "--name", "group")
    remote("run", "--detach", "--pod", "group", "--name", "member", "busybox", "sleep", "1000")
    assert remote("pod", "ps", "--format", "{{.Name}} {{.Status}}") == "group Running\n"
    assert "sleep 1000" in remote("pod", "top", "group")
    assert '"member"' in remote("pod", "inspect", "group")
    remote("pod", "stop", "--time", "0", "group")
    remote("pod", "start", "group")
    remote("pod", "rm", "--force", "--time", "0", "group")
    remote("pod", "exists", "group", code=1)


def test_networks_and_volumes(remote: Remote) -> None:
    remote("network", "create", "--subnet", "10.78.0.0/24", "lan")
    remote("volume", "create", "--label", "a=b", "data")
    run = ("run", "--detach", "--network", "lan", "--volume", "data:/data")
    remote(*run, "--name", "one", "busybox", "sleep", "1000")
    remote(*run, "--name", "two", "busybox", "sleep", "1000")
    assert "Address" in remote("exec", "one", "nslookup", "two")
    assert remote("volume", "ls", "--filter", "label=a=b", "--quiet") == "data\n"
    assert "10.78.0.0/24" in remote("network", "inspect", "lan")
    remote("network", "disconnect", "lan", "two")
    remote("network", "connect", "--alias", "second", "lan", "two")
    remote("volume", "rm", "data", code=2)
    remote("rm", "--force", "--time", "0", "one", "two")
    remote("volume", "rm", "data")
    remote("network", "rm", "lan")


def test_the_system(remote: Remote) -> None:
    assert "linux" in remote("info", "--format", "{{.Host.OS}}")
    assert "Images" in remote("system", "df")
    remote("create", "--name", "eventful", "busybox")
    remote("rm", "eventful")
    told = remote("events", "--since", "1m", "--until", str(int(time.time()) + 1), "--format", "{{.Name}} {{.Status}}")
    assert "eventful create" in told
    assert "eventful remove" in told


def test_secrets(remote: Remote) -> None:
    id = remote("secret", "create", "--label", "a=b", "token", "-", stdin=b"bytes").strip()
    try:
        assert remote("secret", "ls", "--format", "{{.ID}} {{.Name}} {{.Driver}}") == f"{id} token file\n"
        assert remote("secret", "inspect", "--format", "{{.ID}} {{.Spec.Labels}}", "token") == f"{id} map[a:b]\n"
        given = ("--secret", "token", "--secret", "token,type=env,target=T")
        assert remote("run", "--rm", *given, "busybox", "sh", "-c", "cat /run/secrets/*; echo $T") == "bytesbytes\n"
        assert "secret name in use" in remote("secret", "create", "token", "-", stdin=b"x", code=125, both=True)
    finally:
        assert remote("secret", "rm", "token") == f"{id}\n"
    assert "no such secret" in remote("secret", "rm", "token", code=125, both=True)

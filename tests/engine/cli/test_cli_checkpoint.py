"""`container checkpoint`, `restore`, `fork` and `snapshot`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine
from seabox.config import find_criu

COUNT = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done"]


def criu_works() -> bool:
    criu = find_criu()
    return bool(criu) and subprocess.run([criu, "check"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not criu_works(), reason="needs root, and a criu that works")
STATE = "{{.State.Status}}:{{.State.Running}}:{{.State.Paused}}:{{.State.Checkpointed}}"


def state(cli: CommandLine, name: str) -> str:
    return cli.ok("inspect", "--format", STATE, name)


def test_checkpoint_and_restore(cli: CommandLine) -> None:
    """podman's flags and podman's output: what was named is echoed, --all prints ids."""
    id = cli.ok("run", "-d", "--name", "one", "busybox", *COUNT)
    other = cli.ok("run", "-d", "--name", "two", "busybox", *COUNT)
    assert cli.ok("container", "checkpoint", "one") == "one"
    assert state(cli, "one") == "exited:false:false:true"
    assert cli.ok("container", "checkpoint", "--all") == other
    assert set(cli.ok("container", "restore", "-a").splitlines()) == {id, other}
    assert state(cli, "one") == "running:true:false:false"
    assert cli.ok("container", "checkpoint", "-R", "-k", id[:12]) == id[:12]
    assert state(cli, "one") == "running:true:false:false"
    told = json.loads(cli.ok("container", "checkpoint", "--print-stats", "-l"))
    assert told["podman_checkpoint_duration"] > 0
    (about,) = told["container_statistics"]
    assert (about["Id"], about["runtime_checkpoint_duration"] > 0) == (other, True)
    assert about["criu_statistics"]["pages_written"] > 0
    told = json.loads(cli.ok("container", "restore", "--print-stats", "two"))
    assert told["container_statistics"][0]["criu_statistics"]["pages_restored"] > 0
    assert "checkpoint" in cli.ok("events", "--stream=false", "--filter", "event=checkpoint")


def test_export_and_import(cli: CommandLine, tmp_path: Path) -> None:
    archive = str(tmp_path / "one.tar.gz")
    id = cli.ok("run", "-d", "--rm", "--name", "one", "busybox", *COUNT)
    done = cli("container", "checkpoint", "one")
    assert (done.code, "'--rm' unless '--export' is used" in done.err) == (125, True)
    assert cli.ok("container", "checkpoint", "--export", archive, "--compress", "gzip", "one") == "one"
    assert cli.names() == []
    assert cli.ok("container", "restore", "--import", archive) == id
    other = cli.ok("container", "restore", "-i", archive, "-n", "two")
    assert sorted(name.split()[1] for name in cli.names()) == ["one", "two"]
    assert len(other) == 64
    done = cli("container", "restore", "-i", archive)
    assert (done.code, "already in use" in done.err) == (125, True)


def test_an_image(cli: CommandLine, tmp_path: Path) -> None:
    """A checkpoint travels as an image does: saved, loaded, restored under the name it had and another."""
    cli.ok("run", "-d", "--name", "one", "busybox", *COUNT)
    cli.ok("exec", "one", "touch", "/mine")
    assert cli.ok("container", "checkpoint", "--create-image", "moment:first", "--compress", "gzip", "one") == "one"
    cli.ok("rm", "one")
    cli.ok("save", "-o", str(tmp_path / "saved"), "--format", "oci-archive", "moment:first")
    cli.ok("rmi", "moment:first")
    assert cli("container", "restore", "moment:first").code == 125
    cli.ok("load", "-q", "-i", str(tmp_path / "saved"))
    cli.ok("container", "restore", "moment:first")
    cli.ok("container", "restore", "-n", "two", "moment:first")
    for name in ("one", "two"):
        assert state(cli, name) == "running:true:false:false"
        assert cli.ok("exec", name, "ls", "/mine") == "/mine"
    cli.ok("run", "-d", "--name", "more", "--cap-add", "SYS_TIME", "busybox", *COUNT)
    cli.ok("container", "checkpoint", "--create-image", "moment:second", "more")
    done = cli("container", "restore", "-n", "three", "moment:second")
    assert done.err.startswith("Error: image moment:second: the container in it asks for "), done.err
    done = cli("container", "restore", "one", "moment:first")
    assert (done.code, "cannot be restored at once" in done.err) == (125, True)


def test_fork(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "one", "busybox", *COUNT)
    made = cli.ok("container", "fork", "--count", "2", "--name", "child", "one").splitlines()
    assert [cli.ok("inspect", "--format", "{{.Name}} {{.State.Status}}", id) for id in made] == [
        "child-1 running", "child-2 running",
    ]  # fmt: skip
    for count in ("0", "-3"):
        done = cli("container", "fork", f"--count={count}", "one")
        assert (done.code, done.out, done.err.count("\n")) == (125, "", 1)


def test_snapshot(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "one", "busybox", *COUNT)
    assert cli.ok("container", "snapshot", "create", "one", "clean") == "clean"
    assert cli.ok("container", "snapshot", "create", "one") == "snapshot-1"
    cli.ok("exec", "one", "rm", "/etc/passwd")
    listed = cli.ok("container", "snapshot", "ls", "one").splitlines()
    assert listed[0].split() == ["NAME", "CREATED", "SIZE"]
    assert [line.split()[0] for line in listed[1:]] == ["clean", "snapshot-1"]
    assert cli.ok("container", "snapshot", "ls", "-q", "one").splitlines() == ["clean", "snapshot-1"]
    assert cli.ok("container", "snapshot", "restore", "one", "clean") == "one"
    assert cli.ok("exec", "one", "ls", "/etc/passwd") == "/etc/passwd"
    assert cli.ok("container", "snapshot", "rm", "one", "clean", "snapshot-1") == "clean\nsnapshot-1"
    assert cli.ok("container", "snapshot", "ls", "-q", "one") == ""


def test_bad_input(cli: CommandLine, tmp_path: Path) -> None:
    """One line each, and nothing has changed."""
    (tmp_path / "empty").touch()
    cli.ok("create", "--name", "one", "busybox", *COUNT)
    before = cli.names()
    for words, said in (
        (["checkpoint"], "you must provide at least one name or id"),
        (["checkpoint", "nobody"], 'no container with name or ID "nobody" found'),
        (["checkpoint", "one"], '"configured" is not running, cannot checkpoint: container state improper'),
        (["restore", "one"], "a complete checkpoint for container"),
        (["checkpoint", "--ignore-rootfs", "one"], "--ignore-rootfs can only be used with --export"),
        (["checkpoint", "--compress", "gzip", "one"], "--compress can only be used with --export"),
        (["checkpoint", "-e", "/x", "--compress", "best", "one"], "unknown compression 'best'"),
        (["checkpoint", "--create-image", "x", "-e", "/x", "one"], "--create-image takes the name of an image"),
        (["checkpoint", "--create-image", "a b", "one"], "a b"),
        (["checkpoint", "--export", "", "one"], "--export needs the name of a file"),
        (["restore", "busybox"], "holds no checkpoint"),
        (["checkpoint", "--with-previous", "-P", "one"], "--with-previous can not be used with --pre-checkpoint"),
        (["restore", "--name", "x", "one"], "--name can only be used with --import"),
        (["restore", "--import", "/nowhere", "one"], "--import takes no other choice"),
        (["restore", "--import", "/nowhere"], "cannot read the checkpoint /nowhere: no such file or directory"),
        (["restore", "--import", str(tmp_path / "empty")], "an empty file, not a checkpoint"),
        (["restore", "--import", "/x", "--pod", "p"], "no pod with name or ID p found"),
        (["restore", "--import", "/x", "-n", "y", "--tcp-established"], "cannot be used with --name"),
        (["fork", "one"], "is not running, cannot checkpoint"),
        (["snapshot", "create", "one"], "is not running, cannot checkpoint"),
        (["snapshot", "restore", "one", "x"], "has no snapshot 'x'"),
        (["snapshot", "sort", "one"], 'unknown verb "sort"'),
    ):
        done = cli("container", *words)
        assert (done.code, done.out, done.err.count("\n")) == (125, "", 1), done
        assert said in done.err
    assert cli.names() == before

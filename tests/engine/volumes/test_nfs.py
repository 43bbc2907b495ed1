"""Volumes of type nfs, mounted from a server of this host's own: the machine of tests/vm has one.

SEABOX_TEST_NFS names a directory that a server at 127.0.0.1 exports: by this name for NFS 3, as the root for NFS 4.
"""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

import seabox
from engine.cli.command_line import CommandLine, cli, machine
from engine.home import init_of
from engine.volumes.test_volumes import said
from seabox.config import find_program
from seabox.kernel import mount_words, mounts, process
from seabox.volumes.errors import CannotMount, VolumeInUse

__all__ = ["cli", "machine"]


@pytest.fixture
def exported() -> Path:
    """The directory that the server exports, empty."""
    if modprobe := find_program("modprobe"):
        subprocess.run([modprobe, "nfs"], check=False, capture_output=True)
    if "\tnfs\n" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no NFS client (make vm TESTS=tests/engine/volumes/test_nfs.py has one)")
    folder = os.environ.get("SEABOX_TEST_NFS")
    if not folder:
        pytest.skip("SEABOX_TEST_NFS names no directory that is exported here")
    for entry in Path(folder).iterdir():
        entry.unlink()
    return Path(folder)


@pytest.mark.parametrize("version", [3, 4])
def test_from_its_creation_to_its_end(engine: seabox.Engine, exported: Path, version: int) -> None:
    """As docker's users write it. Two containers share it; it is unmounted when the last of them has ended."""
    (exported / "there").write_text("served")
    options = {"type": "nfs", "o": f"addr=127.0.0.1,rw,vers={version}", "device": _path(exported, version)}
    volume = engine.volumes.create("far", options=options)
    assert not mounts.is_mounted(volume.mountpoint)
    first, second = (
        engine.containers.run("busybox", ["sleep", "1000"], volumes=["far:/v"], stop_timeout=0) for _ in range(2)
    )
    assert _mounted(volume.mountpoint) == f"nfs{'' if version == 3 else version}"
    assert engine.volumes.get("far").mount_count == 2
    assert first.exec_run(["sh", "-c", "cat /v/there; echo new > /v/made; chown 7:8 /v/made"]).stdout == b"served"
    assert second.exec_run(["cat", "/v/made"]).stdout == b"new\n"
    first.stop()
    assert (exported / "made").read_text() == "new\n"
    assert (exported / "made").stat().st_uid == 7
    with pytest.raises(VolumeInUse):
        engine.volumes.remove("far")
    process.send_signal(init_of(second), 9)
    second.wait()
    second.cleanup()
    assert not mounts.is_mounted(volume.mountpoint)
    assert said(engine, "cat /v/made; touch /v/x 2>&1", volumes=["far:/v:ro"]).startswith("new\n")
    engine.volumes.remove("far", force=True, timeout=0)
    assert not os.path.exists(volume.place)
    assert sorted(os.listdir(exported)) == ["made", "there"]  # what is served is nobody's but the server's


def _path(exported: Path, version: int) -> str:
    return f":{exported}" if version == 3 else ":/"


def _mounted(place: str) -> str:
    """The type of what is mounted there."""
    (kind,) = (line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines() if f" {place} " in line)
    return kind


def test_the_server_before_the_colon(engine: seabox.Engine, exported: Path) -> None:
    """As fstab has it: what mount.nfs, the helper, is for."""
    if not find_program("mount.nfs"):
        pytest.skip("mount.nfs is not installed")
    (exported / "there").write_text("served")
    options = {"type": "nfs", "device": f"127.0.0.1:{exported}", "o": "vers=3,ro"}
    engine.volumes.create("far", options=options)
    seen = said(engine, "cat /v/there; touch /v/x 2>&1", volumes=["far:/v"])
    assert seen.startswith("served")
    assert "Read-only file system" in seen
    assert os.listdir(exported) == ["there"]


def test_what_an_image_has_is_copied_into_it(engine: seabox.Engine, exported: Path) -> None:
    engine.volumes.create("far", options={"type": "nfs", "o": "addr=localhost,vers=4", "device": ":/"})
    assert "/v/passwd" in said(engine, "ls /v/passwd", volumes=["far:/etc", "far:/v"])
    assert (exported / "passwd").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"o": "addr=127.0.0.1,vers=4", "device": ":/nothing"}, "does not exist"),
        ({"o": "addr=127.0.0.1,vers=3", "device": ":/nothing"}, "."),
        ({"o": "addr=127.0.0.1,vers=4,port=1", "device": ":/"}, "."),
        ({"o": "addr=no.such.invalid,vers=4", "device": ":/"}, "server no.such.invalid: "),
        ({"o": "addr=127.0.0.1,vers=4,nosuchoption", "device": ":/"}, "bad option"),
    ],
)  # fmt: skip
def test_what_cannot_be_mounted(
    engine: seabox.Engine, exported: Path, options: dict[str, str], words: str
) -> None:
    """One line, and the container may be started again when the server is there."""
    engine.volumes.create("far", options={"type": "nfs", **options})
    ctr = engine.containers.create("busybox", ["true"], volumes=["far:/v"])
    with pytest.raises(CannotMount, match=f"^mounting volume far: .*{words}") as refused:
        ctr.start()
    assert "\n" not in str(refused.value)
    print(refused.value)
    _nothing_is_left(engine)
    assert ctr.status == "created"
    ctr.remove()
    engine.volumes.remove("far")


def test_a_server_that_does_not_answer(
    engine: seabox.Engine, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for no longer than a minute (here: a moment)."""
    monkeypatch.setattr(mount_words, "_TIMEOUT", 0.0)
    engine.volumes.create("far", options={"type": "nfs", "o": "addr=127.0.0.1,vers=4", "device": ":/"})
    with pytest.raises(CannotMount, match="the server of :/ did not answer within 0 s") as refused:
        engine.volumes.mount("far")
    assert refused.value.__cause__ is not None
    assert getattr(refused.value.__cause__, "errno", 0) == errno.ETIMEDOUT
    _nothing_is_left(engine)


def _nothing_is_left(engine: seabox.Engine) -> None:
    volume = engine.volumes.get("far")
    assert not mounts.is_mounted(volume.mountpoint)
    assert volume.mount_count == 0


def test_dockers_words(cli: CommandLine, exported: Path) -> None:
    (exported / "there").write_text("served")
    words = ("--opt", "type=nfs", "--opt", "o=addr=127.0.0.1,vers=4", "--opt", "device=:/")
    cli.ok("volume", "create", *words, "far")
    assert cli.ok("run", "--rm", "-v", "far:/v", "busybox", "cat", "/v/there") == "served"
    assert cli.ok("volume", "inspect", "-f", "{{.MountCount}}", "far") == "0"
    by_mount = 'type=volume,dst=/v,volume-opt=type=nfs,volume-opt=device=:/,"volume-opt=o=addr=127.0.0.1,vers=4"'
    assert cli.ok("run", "--rm", "--mount", by_mount, "busybox", "ls", "/v") == "there"

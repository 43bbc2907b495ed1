"""Files in and out: running or not, through volumes, and never past the container's own root."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, Home
from seabox.container.container import Container
from seabox.container.copy import NoSuchPath
from seabox.container.extract import AlreadyThere
from seabox.errors import SeaboxError
from seabox.images.tarstream import BadArchive
from seabox.kernel.mounts import mounts_under


def archive(**content: bytes | tuple[str, str] | None) -> bytes:
    """Files by name; None is a directory, (kind, text) a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.mode, member.uid, member.gid, member.mtime = 0o640, 7, 8, 1234
            if data is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o750
            elif isinstance(data, tuple):
                member.type, member.linkname = (tarfile.SYMTYPE if data[0] == "symlink" else tarfile.LNKTYPE), data[1]
            else:
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data) if isinstance(data, bytes) else None)
    return out.getvalue()


def content(pieces: bytes) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    with tarfile.open(fileobj=io.BytesIO(pieces)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            found[member.name] = file.read() if file else None
    return found


def out(ctr: Container, path: str, **options: str) -> dict[str, bytes | None]:
    with ctr.copy_out(path, **options) as pieces:
        return content(b"".join(pieces))


@pytest.fixture(params=["running", "created", "stopped"])
def ctr(request: pytest.FixtureRequest, engine: seabox.Engine, tmp_path: Path, home: Home) -> Container:
    """A container with a volume and a memory file system, in one of its states."""
    (tmp_path / "volume").mkdir()
    ctr = engine.containers.create(
        "busybox", SLEEPER, network="none", volumes=[f"{tmp_path}/volume:/volume"], tmpfs=["/memory"], workdir="/etc"
    )
    if request.param != "created":
        ctr.start()
    if request.param == "stopped":
        ctr.stop(0)
    return ctr


def test_in_and_out(ctr: Container, home: Home) -> None:
    ctr.copy_in("/tmp", archive(**{"one": None, "one/file": b"text", "one/link": ("symlink", "/etc")}))
    assert out(ctr, "/tmp/one") == {"one": None, "one/file": b"text", "one/link": None}
    assert out(ctr, "/tmp/one/file", name="other") == {"other": b"text"}
    assert out(ctr, "/tmp/one/.") == {"file": b"text", "link": None}
    with ctr.copy_out("/tmp/one/file") as pieces:
        assert (pieces.name, pieces.size, pieces.modified, pieces.is_dir) == ("file", 4, 1234 * 10**9, False)
        assert pieces.mode & 0o7777 == 0o640
    with tarfile.open(fileobj=io.BytesIO(b"".join(ctr.copy_out("/tmp/one")))) as tar:
        assert {(member.uid, member.gid) for member in tar} == {(7, 8)}
    status = ctr.status
    if status != "running":
        assert mounts_under(home.root) == []


def test_volumes_are_seen(ctr: Container, tmp_path: Path) -> None:
    if ctr.status == "created":
        ctr.start()  # makes the mount point
        ctr.stop(0)
    ctr.copy_in("/volume", archive(file=b"text"))
    assert (tmp_path / "volume/file").read_bytes() == b"text"
    assert out(ctr, "/volume/file") == {"file": b"text"}


def test_memory_of_a_running_one_is_seen(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", tmpfs=["/memory"])
    ctr.copy_in("/memory", archive(file=b"text"))
    assert ctr.exec_run(["cat", "/memory/file"]).stdout == b"text"
    ctr.pause()
    assert out(ctr, "/memory/file") == {"file": b"text"}


def test_the_containers_user_gets_the_files(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", user="12:34")
    ctr.copy_in("/tmp", archive(file=b"text"), own=True)
    assert ctr.exec_run(["stat", "-c", "%u:%g", "/tmp/file"]).stdout == b"12:34\n"


def test_a_file_that_is_a_mount_point_is_written_in_place(engine: seabox.Engine, tmp_path: Path) -> None:
    (tmp_path / "bound").write_text("old, and longer than the new one")
    ctr = engine.containers.create("busybox", SLEEPER, network="none", volumes=[f"{tmp_path}/bound:/tmp/file"])
    ctr.start()
    ctr.copy_in("/tmp", archive(file=b"new"))
    assert (tmp_path / "bound").read_text() == "new"
    ctr.copy_in("/etc", archive(hosts=b"127.0.0.1 me"))
    assert out(ctr, "/etc/hosts") == {"hosts": b"127.0.0.1 me"}


def test_compressed(ctr: Container) -> None:
    ctr.copy_in("/tmp", io.BytesIO(gzip.compress(archive(file=b"text"))))
    assert out(ctr, "/tmp/file") == {"file": b"text"}


def test_what_is_not_there(ctr: Container) -> None:
    for path in ("/tmp/none", "/etc/passwd/none", "none"):
        with pytest.raises(NoSuchPath, match="could not be found on container"):
            ctr.copy_out(path)
    with pytest.raises(NoSuchPath):
        ctr.copy_in("/none", archive(file=b""))
    with pytest.raises(NotADirectoryError):
        ctr.copy_in("/etc/passwd", archive(file=b""))


def test_replacing(ctr: Container) -> None:
    ctr.copy_in("/tmp", archive(**{"file": b"old", "dir": None, "dir/inner": b""}))
    ctr.copy_in("/tmp", archive(file=b"new"))
    assert out(ctr, "/tmp/file") == {"file": b"new"}
    with pytest.raises(AlreadyThere, match="file exists"):
        ctr.copy_in("/tmp", archive(dir=b"now a file"))
    with pytest.raises(AlreadyThere):
        ctr.copy_in("/tmp", archive(file=None))
    ctr.copy_in("/tmp", archive(dir=b"now a file"), overwrite=True)
    assert out(ctr, "/tmp/dir") == {"dir": b"now a file"}


def test_links_in_the_container_are_followed_as_inside(ctr: Container) -> None:
    ctr.copy_in("/tmp", archive(real=None, link=("symlink", "/tmp/real"), up=("symlink", "/../../../tmp")))
    ctr.copy_in("/tmp/link", archive(file=b"text"))
    ctr.copy_in("/tmp/up/real", archive(second=b"text"))
    assert out(ctr, "/tmp/real") == {"real": None, "real/file": b"text", "real/second": b"text"}


@pytest.mark.parametrize(
    "members",
    [
        {"../file": b"x"},
        {"dir/../../file": b"x"},
        {"link": ("hardlink", "../../../../etc/passwd")},
        {"link": ("hardlink", "..")},
    ],
)
def test_hostile_archives_are_refused(engine: seabox.Engine, members: dict[str, bytes | tuple[str, str]]) -> None:
    ctr = engine.containers.create("busybox", network="none")
    with pytest.raises((BadArchive, OSError)):
        ctr.copy_in("/tmp", archive(**members))
    assert ctr.snapshot().state.status == "configured"
    assert out(ctr, "/tmp/.") == {}


def test_archives_that_only_look_hostile_stay_inside(engine: seabox.Engine, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("untouched")
    ctr = engine.containers.create("busybox", network="none")
    ctr.copy_in("/tmp", archive(**{"/absolute": b"x", "out": ("symlink", str(tmp_path))}))
    with suppress(SeaboxError, OSError):
        ctr.copy_in("/tmp", archive(**{"out/canary": b"overwritten"}))
    assert canary.read_text() == "untouched"
    assert out(ctr, "/tmp/absolute") == {"absolute": b"x"}


def test_not_an_archive(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", network="none")
    with pytest.raises(BadArchive):
        ctr.copy_in("/tmp", [b"x" * 2000])


def test_links_swapped_while_files_are_copied(engine: seabox.Engine, tmp_path: Path) -> None:
    """A process in the container exchanges a directory and a link to the host's; the host's stays as it was."""
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "secret").write_bytes(b"CANARY-OF-THE-HOST")
    script = (
        f"mkdir -p /t/a; echo inside > /t/a/secret; ln -s {canary} /t/b; echo ready; "
        "while :; do mv -T /t/a /t/c; mv -T /t/b /t/a; mv -T /t/a /t/b; mv -T /t/c /t/a; done"
    )
    ctr = engine.containers.create("busybox", ["sh", "-c", script], network="none", stop_timeout=0)
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    for number in range(60):
        with suppress(SeaboxError, OSError):
            ctr.copy_in("/t/a", archive(made=b"from the host", secret=b"overwritten"))
        with suppress(SeaboxError, OSError):
            path = ("/t/a", "/t/a/secret", "/t")[number % 3]
            assert b"CANARY-OF-THE-HOST" not in b"".join(ctr.copy_out(path))
    ctr.stop()
    assert os.listdir(canary) == ["secret"]
    assert (canary / "secret").read_bytes() == b"CANARY-OF-THE-HOST"


def test_the_lock_is_free_meanwhile(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    begun, go_on = threading.Event(), threading.Event()
    whole = archive(file=b"text")

    def slowly() -> object:
        begun.set()
        assert go_on.wait(60)
        yield whole

    work = threading.Thread(target=ctr.copy_in, args=("/tmp", slowly()))
    work.start()
    try:
        assert begun.wait(60)
        ctr.pause()
        ctr.unpause()
    finally:
        go_on.set()
        work.join(60)
    assert out(ctr, "/tmp/file") == {"file": b"text"}


def test_what_the_kernel_only_shows(engine: seabox.Engine) -> None:
    """What cannot be read is left out, and no archive breaks off; a small file of a memory file system is whole."""
    script = "echo small > /dev/shm/f; ln -s f /dev/shm/l; echo ready; exec sleep 1000"
    ctr = engine.containers.create("busybox", ["sh", "-c", script])
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    assert out(ctr, "/dev/shm") == {"shm": None, "shm/f": b"small\n", "shm/l": None}
    for path, some in (("/proc/sys/kernel", "kernel/hostname"), ("/sys/class", "class/net"), ("/proc/1", "1/status")):
        assert some in out(ctr, path)
    with pytest.raises(NoSuchPath):
        ctr.copy_out("/proc/self", follow=False)  # nobody but a process of the container has one

"""Archives: a container goes on where the image is known and the container is not, with every file it had."""

from __future__ import annotations

import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import beyond, count, counting, has_gone_on, numbers, read
from engine.home import Home, kinds, last
from seabox.checkpoint.document import BadCheckpoint
from seabox.container.container import Container
from seabox.container.imported import WiderPrivileges
from seabox.container.waking import RestoreFailed
from seabox.errors import Cancelled, InvalidArgument, NameInUse, NoSuchImage, NoSuchPod, TimedOut
from seabox.kernel.watch import Cancel

# Of the image busybox: /etc/passwd is changed, /etc/group deleted, /root replaced by an empty directory.
CHANGES = """
echo added > /added
ln /added /linked
ln -s /added /pointing
mkfifo /pipe
mkdir -p /srv/deep && echo deep > /srv/deep/file
chmod 4750 /srv/deep/file
touch -d '2001-02-03 04:05:06' /added
echo changed >> /etc/passwd
rm /etc/group
echo fine > /dev/shm/note
chmod 700 /
"""
LOOK = """
cat /added /linked /pointing /srv/deep/file /dev/shm/note
tail -n 1 /etc/passwd
[ -e /etc/group ] || echo no group
[ -p /pipe ] && echo a pipe
stat -c '%a %h %Y %n' / /added /linked /srv/deep/file
"""
SEEN = (
    b"added\nadded\nadded\ndeep\nfine\nchanged\nno group\na pipe\n"
    b"700 1 %d /\n644 2 981173106 /added\n644 2 981173106 /linked\n4750 1 %d /srv/deep/file\n"
)


def look(ctr: Container) -> list[bytes]:
    """What CHANGES did, as it is seen now; times and link counts only where they were set."""
    done = ctr.exec_run(["sh", "-c", LOOK])
    assert done.stderr == b""
    lines = done.stdout.splitlines()
    return lines[:8] + [line for line in lines[8:] if b"ed" in line] + [line.split()[0] for line in lines[8:]]


def changed(ctr: Container) -> list[bytes]:
    """All of CHANGES were made, and an attribute that no shell can set."""
    done = ctr.exec_run(["sh", "-c", CHANGES])
    assert (done.code, done.stderr) == (0, b"")
    os.setxattr(f"{ctr.snapshot().state.mountpoint}/added", "user.colour", b"blue")
    seen = look(ctr)
    assert seen[:8] == SEEN.splitlines()[:8]
    return seen


@BOTH
@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_every_file_arrives(
    engine: seabox.Engine, home: Home, elsewhere: seabox.Engine, tmp_path: Path, driver: str
) -> None:
    """Added, changed, deleted, linked, with attributes: the test that podman fails (tests/parity)."""
    source = engine
    if driver == "vfs":
        source = home.engine(root=f"{home.folder}/vfs", storage_driver="vfs")
        source.images.embed("busybox")
    with source:
        ctr = counting(source, "traveller", labels={"a": "b"})
        seen = changed(ctr)
        ctr.artifacts["note"] = b"kept"
        ctr.checkpoint(export=tmp_path / "c.tar")
        at, id = count(ctr), ctr.id
        if driver == "vfs":
            ctr.remove()
    since = last(elsewhere)
    (fresh,) = elsewhere.containers.restore(tmp_path / "c.tar")
    try:
        assert kinds(elsewhere, since) == ["create", "restore"]
        assert (fresh.name, fresh.id) == ("traveller", id)
        assert has_gone_on(fresh, at)
        assert look(fresh) == seen
        assert os.getxattr(f"{fresh.snapshot().state.mountpoint}/added", "user.colour") == b"blue"
        assert fresh.artifacts["note"] == b"kept"
        assert fresh.inspect()["Config"]["Labels"] == {"a": "b"}
        assert fresh.inspect()["HostConfig"]["CgroupParent"] == elsewhere.config.cgroup_parent
        fresh.stop(timeout=0)
        fresh.start()  # from the beginning, with the files
        assert fresh.exec_run(["cat", "/added"]).stdout == b"added\n"
    finally:
        fresh.remove(force=True, timeout=0)


def test_into_vfs(engine: seabox.Engine, home: Home, tmp_path: Path) -> None:
    ctr = counting(engine, "traveller")
    seen = changed(ctr)
    ctr.checkpoint(export=tmp_path / "c.tar", compression="none")
    at = count(ctr)
    with home.engine(root=f"{home.folder}/vfs", storage_driver="vfs") as other:
        other.images.embed("busybox")
        (fresh,) = other.containers.restore(tmp_path / "c.tar")
        assert has_gone_on(fresh, at)
        assert look(fresh) == seen
        fresh.remove(force=True, timeout=0)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_side_by_side(engine: seabox.Engine, tmp_path: Path, compression: str) -> None:
    """Of one archive, under new names, while the original goes on; each with a log and files of its own."""
    ctr = counting(engine, "original")
    ctr.checkpoint(export=tmp_path / "c.tar", keep_running=True, compression=compression)
    magic = {"none": b"PaxHeade", "gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}[compression]
    assert (tmp_path / "c.tar").read_bytes().startswith(magic)
    assert (tmp_path / "c.tar").stat().st_mode & 0o777 == 0o600
    made = [engine.containers.restore(tmp_path / "c.tar", name=name)[0] for name in ("one", "two")]
    for each in (ctr, *made):
        assert has_gone_on(each, count(each))
    made[0].exec_run(["touch", "/mine"])
    assert made[1].exec_run(["ls", "/mine"]).code == 1
    assert len({each.id for each in (ctr, *made)}) == 3
    with pytest.raises(NameInUse):
        engine.containers.restore(tmp_path / "c.tar", name="one")
    with pytest.raises(NameInUse):
        engine.containers.restore(tmp_path / "c.tar")
    with pytest.raises(InvalidArgument, match="cannot be used with --name"):
        engine.containers.restore(tmp_path / "c.tar", name="three", tcp_established=True)
    assert len(engine.containers.list()) == 3


def test_several_archives(engine: seabox.Engine, tmp_path: Path) -> None:
    """All of them, or none."""
    archives = []
    for name in ("one", "two"):
        ctr = counting(engine, name, auto_remove=True)
        ctr.checkpoint(export=tmp_path / name)
        assert not ctr.exists()
        archives.append(tmp_path / name)
    with pytest.raises(BadCheckpoint):
        engine.containers.restore(*archives, __file__)
    assert engine.containers.list() == []
    made = engine.containers.restore(*archives)
    assert [each.name for each in made] == ["one", "two"]
    for each in made:
        assert has_gone_on(each, count(each))
        each.stop(timeout=0)
        assert not each.exists()  # --rm goes on as well


@pytest.mark.parametrize("after", [0.0, 0.05, 0.15, 0.4])
def test_one_that_is_not_wanted_any_more(
    engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path, after: float
) -> None:
    """At whatever point: nothing is there then, of several archives neither; unless all was done by then."""
    ctr = counting(engine, "traveller")
    ctr.exec_run(["sh", "-c", "head -c 30000000 /dev/urandom > /large"])
    ctr.checkpoint(export=tmp_path / "c.tar", compression="none")
    ctr.remove()
    with pytest.raises(TimedOut):
        elsewhere.containers.restore(tmp_path / "c.tar", timeout=0.0)
    cancel = Cancel()
    timer = threading.Timer(after, cancel.fire)
    timer.start()
    try:
        made = elsewhere.containers.restore(tmp_path / "c.tar", tmp_path / "c.tar", cancel=cancel)
    except Cancelled:
        assert elsewhere.containers.list() == []
    except NameInUse:  # the first had been restored
        assert elsewhere.containers.list() == []
        assert after
    else:
        raise AssertionError(made)
    timer.join()
    (again,) = elsewhere.containers.restore(tmp_path / "c.tar", timeout=60)
    beyond(again, count(again) + 1)


def test_without_the_files(engine: seabox.Engine, tmp_path: Path) -> None:
    ctr = counting(engine, "one")
    ctr.exec_run(["touch", "/new"])
    ctr.checkpoint(export=tmp_path / "all", keep_running=True)
    ctr.checkpoint(export=tmp_path / "memory", ignore_rootfs=True)
    ctr.remove()
    for archive, options in (("all", {"ignore_rootfs": True}), ("memory", {})):
        (made,) = engine.containers.restore(tmp_path / archive, **options)  # type: ignore[arg-type]
        assert made.exec_run(["ls", "/new"]).code == 1
        made.remove(force=True, timeout=0)


def test_what_cannot_be_imported_leaves_nothing(
    engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path
) -> None:
    """Missing, empty, truncated, foreign, too privileged, without its image: one line, and nothing is there after."""
    ctr = counting(engine, "one")
    whole = tmp_path / "whole"
    ctr.checkpoint(export=whole, compression="none")
    ctr.remove()
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "garbage").write_bytes(os.urandom(100_000))
    with tarfile.open(tmp_path / "foreign", "w") as tar:
        tar.add(__file__, "some/file")
    with tarfile.open(tmp_path / "podmans", "w") as tar:
        for name in ("spec.dump", "config.dump", "checkpoint/inventory.img"):
            tar.add(__file__, name)
    expected = {
        "missing": (InvalidArgument, "no such file"), "empty": (BadCheckpoint, "empty file"),
        "cut": (BadCheckpoint, "unexpected end"), "garbage": (BadCheckpoint, "tar:"),
        "foreign": (BadCheckpoint, "not a checkpoint of seabox"),
        "podmans": (BadCheckpoint, "config.dump of podman cannot be read"),
        "": (InvalidArgument, "not a file"),
    }  # fmt: skip
    for name, (error, text) in expected.items():
        with pytest.raises(error, match=text) as caught:
            engine.containers.restore(tmp_path / name)
        assert "\n" not in str(caught.value)
    image = elsewhere.images.get("busybox").id
    elsewhere.images.remove(image, force=True)
    with pytest.raises(NoSuchImage, match="busybox"):
        elsewhere.containers.restore(whole)
    with pytest.raises(InvalidArgument, match="--publish cannot be used: its container has no network of its own"):
        engine.containers.restore(whole, publish=["8080:80"])
    with pytest.raises(NoSuchPod, match="some"):
        engine.containers.restore(whole, pod="some")
    for each in (engine, elsewhere):
        assert each.containers.list() == []
        folder = Path(each.config.root, "containers")
        assert not folder.exists() or list(folder.iterdir()) == []


def test_an_export_that_fails(engine: seabox.Engine, tmp_path: Path) -> None:
    """No directory: nothing has happened. No room: the container is stopped, and can be restored where it is."""
    ctr = counting(engine, "one")
    for target in (tmp_path / "no" / "dir", tmp_path):
        with pytest.raises(InvalidArgument, match="directory"):
            ctr.checkpoint(export=target)
    with pytest.raises(InvalidArgument, match="unknown compression"):
        ctr.checkpoint(export=tmp_path / "c.tar", compression="best")
    assert has_gone_on(ctr, count(ctr))
    room = tmp_path / "room"
    room.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(room)], check=True)
    try:
        for compression in ("none", "zstd"):
            with pytest.raises(OSError, match=r"[Nn]o space left"):
                ctr.checkpoint(export=room / "c.tar", compression=compression, keep_running=compression == "none")
            assert list(room.iterdir()) == []
            if compression == "none":
                assert has_gone_on(ctr, count(ctr))
    finally:
        subprocess.run(["umount", str(room)], check=True)
    at = count(ctr)
    assert (ctr.status, ctr.snapshot().state.checkpointed) == ("exited", True)
    ctr.restore()
    assert has_gone_on(ctr, at)


def test_privileges_are_not_taken_from_an_archive(engine: seabox.Engine, tmp_path: Path) -> None:
    """Unless whoever imports it says so."""
    ctr = counting(engine, "strong", cap_add=["SYS_TIME"], volumes=[f"{tmp_path}:/host"])
    ctr.checkpoint(export=tmp_path / "c.tar")
    ctr.remove()
    with pytest.raises(WiderPrivileges, match="--cap-add CAP_SYS_TIME, --volume") as caught:
        engine.containers.restore(tmp_path / "c.tar")
    assert caught.value.asked == ("--cap-add CAP_SYS_TIME", f"--volume {tmp_path}:/host")
    assert engine.containers.list() == []
    (made,) = engine.containers.restore(tmp_path / "c.tar", allow_privileges=True)
    assert has_gone_on(made, count(made))


def test_images_that_criu_refuses(engine: seabox.Engine, tmp_path: Path) -> None:
    """A damaged image in an archive: criu's words, and no container; beside a container: it is kept, stopped."""
    ctr = counting(engine, "one")
    ctr.checkpoint()
    place = f"{engine.config.static_dir(ctr.id)}/checkpoint/criu/core-1.img"
    with open(place, "rb") as file:
        good = file.read()
    with open(place, "r+b") as file:
        file.truncate(10)
    with pytest.raises(RestoreFailed, match="criu failed: ") as caught:
        ctr.restore()
    assert caught.value.log
    assert (ctr.status, ctr.snapshot().state.checkpointed) == ("exited", True)
    with open(place, "wb") as file:
        file.write(good)
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)
    assert numbers(ctr)[0] == 1
    assert read(ctr, "/proc/1/comm") == b"sh\n"
    assert beyond(ctr, at) > at

"""Volumes in containers: what is in them, who owns it, how long they stay, what of them is mounted when."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

import seabox
from engine.home import Home, init_of, kinds, last, said
from seabox.container.container import Container
from seabox.container.remove import remove
from seabox.errors import ImageInUse, InvalidArgument, Unsupported
from seabox.kernel import mounts, process
from seabox.model.container import Mount
from seabox.volumes.errors import CannotMount, NoSuchVolume, VolumeExists, VolumeInUse, VolumeMounted
from seabox.volumes.shelf import Shelf

TMPFS = {"type": "tmpfs", "o": "size=1m"}


def test_what_is_written_to_a_volume_is_there_for_the_next(engine: seabox.Engine) -> None:
    before = last(engine)
    said(engine, "echo data > /v/file", volumes=["data:/v"])
    assert said(engine, "cat /w/file", volumes=["data:/w:ro"]) == "data"
    volume = engine.volumes.get("dat")
    assert Path(volume.mountpoint, "file").read_text() == "data\n"
    assert (volume.users, volume.anonymous) == ((), False)
    assert [event.kind for event in engine.events(before) if event.type == "volume"] == ["create"]
    engine.volumes.remove("data")
    assert not os.path.exists(volume.place)
    assert kinds(engine, before)[-1] == "remove"


def test_read_only_and_other_options(engine: seabox.Engine) -> None:
    script = "touch /ro/x 2>&1; touch /v/x && mount | grep -E ' /(v|ro) '"
    seen = said(engine, script, volumes=["a:/v:noexec,z", "b:/ro:ro"])
    assert "/ro/x: Read-only file system" in seen
    writable, read_only = sorted(line for line in seen.splitlines() if " on /" in line)[::-1]
    assert "noexec" in writable
    assert {"nosuid", "nodev", "ro"} <= set(read_only.rpartition("(")[2].rstrip(")").split(","))


def test_the_first_use_copies_what_the_image_has(engine: seabox.Engine) -> None:
    assert said(engine, "ls /data", volumes=["keep:/data"]) == ""
    assert engine.volumes.get("keep").needs_copy_up  # there was nothing to copy
    assert said(engine, "ls /etc/passwd; ls -ld /etc | cut -c1-10", volumes=["keep:/etc"]) == "/etc/passwd\ndrwxr-xr-x"
    assert not engine.volumes.get("keep").needs_copy_up
    assert os.listdir(engine.volumes.get("keep").place) == ["_data"]
    said(engine, "rm -r /v/*", volumes=["keep:/v"])
    assert said(engine, "ls /v", volumes=["keep:/v", "other:/etc"]) == ""
    assert "passwd" not in said(engine, "ls /etc", volumes=["keep:/etc"])  # once and never again
    assert "passwd" not in said(engine, "ls /etc", volumes=["third:/etc:nocopy"])
    Path(engine.volumes.create("full").mountpoint, "mine").touch()
    assert "passwd" not in said(engine, "ls /etc", volumes=["full:/etc"])


def test_a_new_volume_belongs_to_who_uses_it_first(engine: seabox.Engine) -> None:
    seen = "stat -c '%u:%g %a' /v"
    assert said(engine, seen, volumes=["a:/v"], user="7:8") == "7:8 755"
    assert said(engine, "stat -c '%u:%g %a' /tmp", volumes=["b:/tmp"], user="7:8") == "0:0 1777"
    engine.volumes.create("c", options={"o": "uid=11,gid=12"})
    assert said(engine, seen, volumes=["c:/v"], user="7:8") == "11:12 755"
    said(engine, "touch /v/file", volumes=["c:/v"], user="11:12")
    assert said(engine, "stat -c %u:%g /v /v/file", volumes=["c:/v:U"], user="7:8") == "7:8\n7:8"


def test_anonymous_volumes_go_with_their_container(engine: seabox.Engine) -> None:
    said(engine, "touch /v/x", volumes=["/v"])
    assert engine.volumes.list() == []
    kept = engine.containers.run("busybox", ["true"], volumes=["/v"])
    kept.wait()
    (volume,) = engine.volumes.list()
    assert (volume.anonymous, volume.users) == (True, (kept.id,))
    other = engine.containers.create("busybox", ["true"], volumes_from=[kept.id])
    kept.remove(volumes=True)
    assert [each.name for each in engine.volumes.list()] == [volume.name]  # somebody else uses it
    other.remove()
    assert [each.name for each in engine.volumes.list()] == [volume.name]
    engine.containers.create("busybox", ["true"], volumes=["/v", "named:/w"]).remove(volumes=True)
    assert {each.name for each in engine.volumes.list()} == {volume.name, "named"}


def test_a_removal_that_was_killed_is_finished_with_its_volumes(
    engine: seabox.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctr = engine.containers.create("busybox", ["true"], volumes=["/v"])

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seabox.container.teardown.erase", stop)
    with pytest.raises(KeyboardInterrupt), ctr.locked() as locked:
        remove(locked, volumes=True)
    monkeypatch.undo()
    assert not engine.containers.exists(ctr.id)
    assert engine.volumes.list() == []


def test_a_volume_in_use_stays(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sleep", "1000"], volumes=["data:/v"])
    with pytest.raises(VolumeInUse) as refused:
        engine.volumes.remove("data")
    assert refused.value.users == (ctr.id,)
    assert refused.value.exit_code == 2
    assert engine.volumes.prune() == []
    engine.volumes.remove("data", force=True, timeout=0)
    assert not ctr.exists()
    assert engine.volumes.list() == []


def test_a_file_system_of_its_own_is_mounted_while_somebody_uses_it(engine: seabox.Engine) -> None:
    volume = engine.volumes.create("fast", options=TMPFS)
    first, second = (
        engine.containers.run("busybox", ["sleep", "1000"], volumes=["fast:/v"], stop_timeout=0) for _ in range(2)
    )
    assert engine.volumes.get("fast").mount_count == 2
    first.exec_run(["touch", "/v/shared"])
    assert second.exec_run(["ls", "/v"]).stdout == b"shared\n"
    first.stop()
    assert engine.volumes.get("fast").mount_count == 1
    assert mounts.is_mounted(volume.mountpoint)
    process.send_signal(init_of(second), 9)
    second.wait()
    second.cleanup()
    assert not mounts.is_mounted(volume.mountpoint)
    assert engine.volumes.get("fast").mount_count == 0


def test_mounted_by_hand(engine: seabox.Engine) -> None:
    engine.volumes.create("fast", options=TMPFS)
    path = engine.volumes.mount("fast")
    assert engine.volumes.mount("fast") == path
    Path(path, "file").write_text("x")
    assert said(engine, "cat /v/file", volumes=["fast:/v"]) == "x"
    with pytest.raises(VolumeMounted):
        engine.volumes.remove("fast")
    engine.volumes.unmount("fast")
    assert mounts.is_mounted(path)
    engine.volumes.unmount("fast")
    assert not mounts.is_mounted(path)


def test_a_bind_volume_shows_a_directory_and_is_read_only_if_it_says_so(engine: seabox.Engine, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "file").write_text("mine")
    engine.volumes.create("bound", options={"type": "none", "device": str(place), "o": "bind,ro"})
    assert said(engine, "cat /v/file; touch /v/x 2>&1", volumes=["bound:/v"]).endswith("Read-only file system")
    engine.volumes.remove("bound")
    assert (place / "file").read_text() == "mine"


def test_a_file_system_that_cannot_be_mounted(engine: seabox.Engine) -> None:
    engine.volumes.create("far", options={"type": "nosuchfs", "device": "/dev/null"})
    ctr = engine.containers.create("busybox", ["true"], volumes=["far:/v"])
    with pytest.raises(CannotMount, match="mounting volume far: ") as refused:
        ctr.start()
    assert refused.value.exit_code == 126
    assert ctr.status == "created"
    assert engine.volumes.get("far").mount_count == 0


def test_after_a_reboot_nothing_is_mounted(
    engine: seabox.Engine, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = engine.volumes.create("fast", options=TMPFS)
    engine.volumes.mount("fast")
    mounts.umount(volume.mountpoint)
    monkeypatch.setattr(process, "boot_id", lambda: "another boot")
    with home.engine() as later:
        assert later.volumes.get("fast").mount_count == 0
        later.volumes.mount("fast")
        assert later.volumes.get("fast").mount_count == 1
        later.volumes.unmount("fast")
    assert not mounts.is_mounted(volume.mountpoint)


def test_volumes_of_another_container(engine: seabox.Engine, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    source = engine.containers.create(
        "busybox", ["true"], volumes=["data:/a", "/b", f"{place}:/c"], tmpfs=["/d"], name="source"
    )
    said(engine, "touch /a/1 /b/2 /c/3", volumes_from=["source"])
    assert said(engine, "ls /a /b /c; touch /a/x 2>&1", volumes_from=["source:ro"]).split() == [
        "/a:", "1", "/b:", "2", "/c:", "3", "touch:", "/a/x:", "Read-only", "file", "system"
    ]  # fmt: skip
    assert said(engine, "ls /a", volumes_from=["source"], volumes=["other:/a"]) == ""  # one's own goes first
    assert source.exists()


@pytest.mark.parametrize("writable", [False, True])
def test_an_image_among_the_mounts(engine: seabox.Engine, writable: bool) -> None:
    mount = Mount(type="image", source="busybox", destination="/image", options=("rw",) if writable else ())
    engine.images.tag("busybox", "other")
    ctr = engine.containers.create("busybox", ["sh", "-c", "ls /image; touch /image/x"], mounts=[mount])
    with ctr.start_and_attach() as session:
        done = session.read_all()
    assert b"bin\n" in done.stdout
    assert (b"Read-only file system" in done.stderr) is not writable
    assert "x" not in os.listdir(engine._rooms.layer_dir(engine.images.find("busybox").layers[-1]))
    with pytest.raises(ImageInUse):
        engine._rooms.images._index.remove(engine.images.find("busybox").id)


def test_an_overlay_keeps_the_directory_as_it_was(engine: seabox.Engine, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "one").write_text("1")
    ctr = engine.containers.create("busybox", ["sh", "-c", "touch /v/two; rm /v/one; ls /v"], volumes=[f"{place}:/v:O"])
    for _ in range(2):  # each run begins anew
        with ctr.start_and_attach() as session:
            assert session.read_all() .stdout == b"two\n"
        ctr.wait()
    assert os.listdir(place) == ["one"]


def test_files_are_copied_to_and_from_volumes_of_a_container_at_rest(engine: seabox.Engine) -> None:
    engine.volumes.create("fast", options=TMPFS)
    engine.volumes.mount("fast")
    ctr = engine.containers.create("busybox", ["cat", "/v/file"], volumes=["fast:/v", "data:/w"])
    Path(engine.volumes.get("data").mountpoint, "there").write_text("x")
    archive = b"".join(ctr.copy_out("/w/there"))
    ctr.copy_in("/v", [archive])
    assert Path(engine.volumes.get("fast").mountpoint, "there").read_text() == "x"
    engine.volumes.unmount("fast")
    assert engine.volumes.get("fast").mount_count == 0


def test_mounts_as_they_are_inspected(engine: seabox.Engine) -> None:
    ctr: Container = engine.containers.create("busybox", ["true"], volumes=["data:/v:ro", "/etc:/w"], tmpfs=["/t"])
    volume, bind = ctr.inspect()["Mounts"]
    assert {key: volume[key] for key in ("Type", "Name", "Source", "Destination", "Driver", "RW", "Propagation")} == {
        "Type": "volume", "Name": "data", "Source": engine.volumes.get("data").mountpoint, "Destination": "/v",
        "Driver": "local", "RW": False, "Propagation": "rprivate",
    }  # fmt: skip
    assert sorted(volume["Options"]) == ["nodev", "nosuid", "rbind"]
    assert (bind["Type"], bind["Source"], bind["RW"]) == ("bind", "/etc", True)


def test_bad_requests_leave_nothing(engine: seabox.Engine) -> None:
    for options, text in (
        ({"driver": "gcp"}, "no volume plugin with name gcp available: required plugin missing"),
        ({"options": {"size": "1"}}, "invalid mount option 'size' for driver 'local': invalid argument"),
        ({"options": {"o": "nodev"}}, 'the volume option "nodev" needs a type or a device: invalid argument'),
        ({"options": {"type": "bind", "device": "/no/such"}}, "stat /no/such: no such file or directory"),
        ({"options": {"o": "uid=me"}}, "cannot convert uid 'me' to integer: invalid argument"),
        ({"labels": {"": "x"}}, "invalid label '': invalid argument"),
        ({"name": "../x"}, "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"),
    ):  # fmt: skip
        with pytest.raises((InvalidArgument, Unsupported)) as refused:
            engine.volumes.create(**options)  # type: ignore[arg-type]
        assert str(refused.value).endswith(text)
    engine.volumes.create("taken")
    with pytest.raises(VolumeExists):
        engine.volumes.create("taken")
    with pytest.raises(NoSuchVolume):
        engine.volumes.remove("nobody")
    with pytest.raises(InvalidArgument):  # what was made before the mistake was seen goes again
        engine.containers.create("busybox", ["true"], volumes=["fresh:/v", "/anonymous"], mounts=[
            Mount(type="volume", source="bad", destination="/w", driver_options={"o": "nodev"})
        ])  # fmt: skip
    assert [each.name for each in engine.volumes.list()] == ["taken"]
    assert engine.containers.list() == []


def test_a_mount_that_fails_half_way_is_undone(engine: seabox.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was mounted, and then something else about it failed: found by trust R2."""
    volume = engine.volumes.create("fast", options=TMPFS)
    mount = Shelf._mount

    def fail(shelf: Shelf, found: Any) -> None:
        mount(shelf, found)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Shelf, "_mount", fail)
    with pytest.raises(CannotMount, match="Too many open files"):
        engine.volumes.import_tar("fast", io.BytesIO())
    assert not mounts.is_mounted(volume.mountpoint)
    monkeypatch.undo()
    engine.volumes.remove("fast")


@pytest.mark.parametrize("runtime", ["crun"], indirect=True)
def test_ids_are_mapped(engine: seabox.Engine, tmp_path: Path) -> None:
    """A file of the host's user 1000 is root's in the container, and what root makes there is that user's."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").touch()
    for each in (shared, shared / "file"):
        os.chown(each, 1000, 1000)
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "stat -c %u:%g /v/file; touch /v/new"],
        volumes=[f"{shared}:/v:idmap=uids=1000-0-1;gids=1000-0-1"],
    )  # fmt: skip
    with ctr.start_and_attach() as session:
        told = session.read_all(60)
    assert (told.stdout, told.stderr) == (b"0:0\n", b"")
    assert (shared / "new").stat().st_uid == 1000

"""mount and unmount: counted, whatever the container does meanwhile, and put right after a failure."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from seabox.container.container import Container
from seabox.container.mounts import NotMounted
from seabox.container.remove import StillMounted
from seabox.errors import StateConflict
from seabox.testing.rooms import FakeRooms


def kinds(rooms: FakeRooms, skip: int = 1) -> list[str]:
    return [event.kind for event in rooms.store.events()][skip:]


def mounted(rooms: FakeRooms, ctr: Container) -> bool:
    return ctr.id in rooms.storage.mounted


def test_mount_and_unmount(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    path = ctr.mount()
    assert mounted(rooms, ctr)
    assert ctr.snapshot().state.mountpoint == path
    ctr.unmount()
    assert not mounted(rooms, ctr)
    assert (ctr.snapshot().state.mountpoint, ctr.snapshot().state.mount_count) == ("", 0)
    assert kinds(rooms) == ["mount", "unmount"]


def test_mounts_are_counted(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.mount()
    ctr.mount()
    ctr.unmount()
    assert mounted(rooms, ctr)
    ctr.unmount()
    assert not mounted(rooms, ctr)
    with pytest.raises(NotMounted, match="layer is not mounted"):
        ctr.unmount()
    assert kinds(rooms) == ["mount", "mount", "unmount", "unmount"]


def test_force_takes_all_mounts_back(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.mount()
    ctr.mount()
    ctr.unmount(force=True)
    assert not mounted(rooms, ctr)
    ctr.unmount(force=True)
    assert kinds(rooms) == ["mount", "mount", "unmount"]


def test_a_mount_outlives_the_run(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    path = ctr.mount()
    ctr.start()
    rooms.fake.finish(ctr.id, 0)
    ctr.cleanup()
    assert (ctr.status, mounted(rooms, ctr), ctr.snapshot().state.mountpoint) == ("exited", True, path)
    ctr.unmount()
    assert not mounted(rooms, ctr)


@pytest.mark.parametrize("force", [False, True])
def test_the_mount_of_a_run_cannot_be_taken_away(rooms: FakeRooms, force: bool) -> None:
    ctr = rooms.container()
    ctr.init()
    for enter in (lambda: None, ctr.start, ctr.pause):
        enter()
        ctr.mount()
        ctr.unmount(force=force)
        assert mounted(rooms, ctr)
        with pytest.raises(StateConflict, match="running or paused"):
            ctr.unmount(force=force)
        assert mounted(rooms, ctr)


def test_the_mount_of_a_run_that_ended_goes_by_force(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    rooms.fake.finish(ctr.id, 0)
    with pytest.raises(StateConflict, match="last mount"):
        ctr.unmount()
    ctr.unmount(force=True)
    assert not mounted(rooms, ctr)


@pytest.mark.parametrize("again", [False, True])
def test_a_failed_mount_says_nothing_and_leaves_nothing(rooms: FakeRooms, again: bool) -> None:
    ctr = rooms.container()
    if again:
        ctr.mount()
    rooms.storage.refuse = {"mount"}
    with pytest.raises(OSError, match="No space"):
        ctr.mount()
    rooms.storage.refuse = set()
    ctr.mend()
    assert ctr.snapshot().state.mount_count == int(again)
    assert mounted(rooms, ctr) == again
    assert kinds(rooms) == ["mount"] * again
    assert rooms.store.load(ctr.id).claim is None


def test_a_failed_unmount_leaves_it_mounted(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.mount()
    rooms.storage.refuse = {"unmount"}
    with pytest.raises(OSError, match="No space"):
        ctr.unmount()
    assert (ctr.snapshot().state.mount_count, mounted(rooms, ctr)) == (1, True)
    assert kinds(rooms) == ["mount"]


def test_a_mounted_container_is_removed_by_force_only(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.mount()
    with pytest.raises(StillMounted) as refused:
        ctr.remove()
    assert refused.value.exit_code == 2
    ctr.remove(force=True)
    assert rooms.storage.mounted == set()


def test_a_directory_in_place_of_an_image(rooms: FakeRooms, tmp_path: Path) -> None:
    """It needs no mount, may be given by a link, and is exported and copied like any other root."""
    (tmp_path / "real/etc").mkdir(parents=True)
    (tmp_path / "real/etc/file").write_text("text")
    (tmp_path / "link").symlink_to("real")
    ctr = rooms.container(rootfs=str(tmp_path / "link"))
    assert ctr.mount() == str(tmp_path / "link")
    out = io.BytesIO()
    ctr.export(out)
    assert b"etc/file" in out.getvalue()
    assert b"text" in b"".join(ctr.copy_out("/etc/file"))
    ctr.copy_in("/etc", b"".join(ctr.copy_out("/etc/file", name="second")))
    assert (tmp_path / "real/etc/second").read_text() == "text"
    ctr.unmount()
    assert (ctr.snapshot().state.mountpoint, rooms.store.load(ctr.id).claim) == ("", None)

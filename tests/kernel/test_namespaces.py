from __future__ import annotations

import os
from pathlib import Path

import pytest

from seabox.kernel import mounts, namespaces


def own(kind: str) -> str:
    return os.readlink(f"/proc/thread-self/ns/{kind}")


def test_a_network_namespace_outlives_the_thread_that_made_it_and_nobody_else_is_in_it(tmp_path: Path) -> None:
    path = str(tmp_path / "net")
    before = own("net")
    namespaces.make_network_namespace(path)
    try:
        inside: list[str] = []

        def look() -> None:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                namespaces.setns(fd, namespaces.CLONE_NEWNET)
            finally:
                os.close(fd)
            inside.extend((own("net"), Path("/proc/thread-self/net/dev").read_text()))

        namespaces.in_own_thread(look)
        assert own("net") == before
        assert inside[0] != before
        assert [line.split(":")[0].strip() for line in inside[1].splitlines()[2:]] == ["lo"]
    finally:
        assert mounts.umount(path) is True
        os.unlink(path)


def test_a_name_that_is_taken_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("mine")
    with pytest.raises(FileExistsError):
        namespaces.make_network_namespace(str(tmp_path / "net"))
    assert (tmp_path / "net").read_text() == "mine"


def test_a_failure_in_the_thread_reaches_the_caller_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(flags: int) -> None:
        raise PermissionError(1, "unshare: Operation not permitted")

    monkeypatch.setattr(namespaces, "unshare", refuse)
    with pytest.raises(PermissionError, match="unshare"):
        namespaces.make_network_namespace(str(tmp_path / "net"))
    assert os.listdir(tmp_path) == []


def test_what_a_thread_of_its_own_unshares_does_not_touch_the_others(tmp_path: Path) -> None:
    before = os.getcwd()

    def move() -> None:
        namespaces.unshare(namespaces.CLONE_FS)
        os.chdir(tmp_path)

    namespaces.in_own_thread(move)
    assert os.getcwd() == before


def test_a_pinned_namespace_that_a_mount_over_its_directory_hides_is_removed_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "net")
    namespaces.make_network_namespace(path)
    mounts.bind(str(tmp_path), str(tmp_path))  # as `ip netns add` does
    try:
        while mounts.umount(path, detach=True):
            pass
        with pytest.raises(OSError, match="busy"):
            os.unlink(path)  # it is pinned still, where no path leads
        namespaces.remove_mount_point(path)
        assert os.listdir(tmp_path) == []
    finally:
        mounts.umount(str(tmp_path), detach=True)
    assert os.listdir(tmp_path) == []
    assert mounts.mounts_under(str(tmp_path)) == []
    namespaces.remove_mount_point(path)  # again: nothing is there

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seabox.kernel import mounts
from seabox.kernel.libc import libc

OPTIONS = (("index", "off"), ("redirect_dir", "nofollow"), ("metacopy", "off"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for target in reversed(mounts.mounts_under(str(tmp_path))):
        mounts.umount(target, detach=True)


def layers(place: Path, count: int, folder: str = "layers") -> list[str]:
    """Directories, each with a file of its own and one that every layer has; the last is the top."""
    made = []
    for number in range(count):
        path = place / folder / f"{number:064x}" / "diff"
        path.mkdir(parents=True)
        (path / f"only{number}").touch()
        (path / "common").write_text(str(number))
        made.append(str(path))
    return made


def dirs(place: Path) -> tuple[str, str, str]:
    for name in ("upper", "work", "merged"):
        (place / name).mkdir(exist_ok=True)
    return f"{place}/upper", f"{place}/work", f"{place}/merged"


@pytest.fixture(params=["lowerdir+", "legacy", "mount(2)"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """This one; one that takes any key and refuses them all at the end (as 6.1 does); one that knows no fsopen."""
    if request.param != "lowerdir+":

        class OldKernel:
            kept = 0

            def __getattr__(self, name: str) -> object:
                return getattr(libc, name)

            def syscall(self, number: int, *args: object) -> int:
                if request.param == "legacy" and number == mounts._FSCONFIG:
                    self.kept += sum(len(each) for each in args if isinstance(each, bytes))
                    ctypes.set_errno(errno.EINVAL)
                    return -1 if self.kept > 4096 or getattr(args[1], "value", None) == mounts._CREATE else 0
                if request.param == "mount(2)" and number == mounts._FSOPEN:
                    ctypes.set_errno(errno.ENOSYS)
                    return -1
                return int(libc.syscall(number, *args))

        monkeypatch.setattr(mounts, "libc", OldKernel())
    return str(request.param)


@pytest.mark.parametrize("count", [1, 60, 300])
def test_an_overlay_of_any_number_of_layers_shows_them_all_the_top_one_first(
    place: Path, kernel: str, count: int
) -> None:
    lowers = layers(place, count)
    upper, work, merged = dirs(place)
    mounts.mount_overlay(lowers[::-1], upper, work, merged, OPTIONS)
    assert len(os.listdir(merged)) == count + 1
    assert Path(merged, "common").read_text() == str(count - 1)
    Path(merged, "written").touch()
    assert os.listdir(upper) == ["written"]
    assert mounts.is_mounted(merged)
    assert mounts.umount(merged) is True
    assert os.listdir(merged) == []


@pytest.mark.parametrize("name", ["with:colon", "with,comma", "with\\backslash", "w" * 200, "with space"])
def test_no_directory_name_confuses_overlay(place: Path, kernel: str, name: str) -> None:
    inner = place / name
    inner.mkdir()
    upper, work, merged = dirs(inner)
    mounts.mount_overlay(layers(inner, 2)[::-1], upper, work, merged, OPTIONS)
    assert sorted(os.listdir(merged)) == ["common", "only0", "only1"]
    assert mounts.mounts_under(str(place)) == [merged]
    assert mounts.umount(merged) is True


def test_an_overlay_without_upper_is_read_only(place: Path, kernel: str) -> None:
    merged = dirs(place)[2]
    mounts.mount_overlay(layers(place, 2), "", "", merged)
    with pytest.raises(OSError, match="Read-only"):
        Path(merged, "x").touch()


def test_the_error_of_an_overlay_says_what_the_kernel_said(place: Path) -> None:
    upper, work, merged = dirs(place)
    with pytest.raises(OSError, match=r"Unknown parameter 'nonsense'|Invalid argument"):  # it says more since 6.5
        mounts.mount_overlay(layers(place, 1), upper, work, merged, [("nonsense", "1")])
    with pytest.raises(FileNotFoundError) as caught:
        mounts.mount_overlay([f"{place}/absent"], upper, work, merged)
    assert caught.value.filename == f"{place}/absent"
    assert mounts.mounts_under(str(place)) == []


def propagation(target: str) -> str:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        if fields[4] == target:
            return " ".join(fields[6 : fields.index("-")])
    raise AssertionError(f"{target} is not mounted")


def test_mounts_come_out_private_even_below_a_shared_one(place: Path) -> None:
    shared = place / "shared"
    shared.mkdir()
    mounts.mount_tmpfs(str(shared), 1 << 20)
    mounts.set_propagation(str(shared), mounts.MS_SHARED)
    assert propagation(str(shared)).startswith("shared:")
    for name in ("tmpfs", "bind"):
        (shared / name).mkdir()
    upper, work, merged = dirs(shared)
    mounts.mount_overlay(layers(place, 1), upper, work, merged)
    mounts.mount_tmpfs(f"{shared}/tmpfs", 1 << 20)
    mounts.bind(upper, f"{shared}/bind")
    assert [propagation(path) for path in (merged, f"{shared}/tmpfs", f"{shared}/bind")] == ["", "", ""]


def test_unmounting_tells_whether_there_was_anything(place: Path) -> None:
    assert mounts.umount(str(place)) is False
    assert mounts.umount(f"{place}/absent") is False
    (place / "link").symlink_to("/proc")
    assert mounts.umount(f"{place}/link") is False
    assert os.path.ismount("/proc")


def test_a_busy_mount_is_refused_or_detached(place: Path) -> None:
    target = place / "t"
    target.mkdir()
    mounts.mount_tmpfs(str(target), 1 << 20)
    with open(target / "held", "w"):
        with pytest.raises(OSError, match="busy") as caught:
            mounts.umount(str(target))
        assert (caught.value.errno, caught.value.filename) == (errno.EBUSY, str(target))
        assert mounts.umount(str(target), detach=True) is True
    assert not mounts.is_mounted(str(target))


def test_a_tmpfs_has_the_size_and_mode_asked_for(place: Path) -> None:
    target = place / "shm"
    target.mkdir()
    mounts.mount_tmpfs(str(target), 1 << 20, 0o1777)
    size = os.statvfs(target)
    assert size.f_blocks * size.f_frsize == 1 << 20
    assert target.stat().st_mode & 0o7777 == 0o1777
    assert size.f_flag & os.ST_NOEXEC


def test_a_bind_of_fds_is_read_only_to_the_bottom_if_asked(place: Path) -> None:
    for name in ("source", "target"):
        (place / name).mkdir()
    (place / "source/below").mkdir()
    mounts.mount_tmpfs(f"{place}/source/below", 1 << 20)
    with ExitStack() as opened:
        fds = []
        for name in ("source", "target"):
            fds.append(os.open(place / name, os.O_PATH))
            opened.callback(os.close, fds[-1])
        mounts.bind(fds[0], fds[1], read_only=True)
    for path in ("target/x", "target/below/x"):
        with pytest.raises(OSError, match="Read-only"):
            (place / path).touch()
    (place / "source/below/x").touch()
    mounts.umount(f"{place}/target", detach=True)
    mounts.bind(f"{place}/source", f"{place}/target", recursive=False)
    assert os.listdir(f"{place}/target/below") == []


def test_a_bound_file_and_a_bound_directory_of_the_same_device_count_as_mounted(place: Path) -> None:
    for name in ("one", "two"):
        (place / name).touch()
        (place / f"{name}dir").mkdir()
    mounts.bind(f"{place}/one", f"{place}/two")
    mounts.bind(f"{place}/onedir", f"{place}/twodir")
    assert [mounts.is_mounted(f"{place}/{name}") for name in ("one", "two", "onedir", "twodir", "absent", "one/x")] == [
        False, True, False, True, False, False,
    ]  # fmt: skip
    (place / "link").symlink_to("twodir")
    assert not mounts.is_mounted(f"{place}/link")


def test_the_list_of_mounts_keeps_order_and_knows_neighbours_apart(place: Path) -> None:
    (place / "a b").mkdir()
    (place / "a bc").mkdir()
    mounts.mount_tmpfs(f"{place}/a b", 1 << 20)
    os.mkdir(f"{place}/a b/\t\n\\")
    mounts.mount_tmpfs(f"{place}/a b/\t\n\\", 1 << 20)
    mounts.mount_tmpfs(f"{place}/a bc", 1 << 20)
    assert mounts.mounts_under(f"{place}/a b") == [f"{place}/a b", f"{place}/a b/\t\n\\"]
    assert len(mounts.mounts_under(str(place))) == 3

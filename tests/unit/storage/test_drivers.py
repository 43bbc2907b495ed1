"""Both drivers keep the same promises; they need root and a real kernel."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from seabox.errors import Conflict, InvalidArgument, Unsupported
from seabox.kernel import effects, mounts
from seabox.storage import overlay
from seabox.storage.choose import choose
from seabox.storage.driver import TYPE_CHECKING

if TYPE_CHECKING:
    from seabox.storage.driver import Driver

ID = "a" * 64
OTHER = "b" * 64

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert mounts.mounts_under(str(tmp_path)) == []


@pytest.fixture(params=["overlay", "vfs"])
def driver(request: pytest.FixtureRequest, place: Path) -> Iterator[Driver]:
    made = choose(f"{place}/root", request.param)
    yield made
    for container_id in (ID, OTHER):
        made.remove(container_id)


@pytest.fixture
def lowers(place: Path) -> list[str]:
    return layers(place, 3)


def layers(place: Path, count: int) -> list[str]:
    """Lowest first; each has a file of its own, hides the one below's, and all have `common`."""
    made = []
    for number in range(count):
        path = place / "layers" / f"{number:064x}" / "diff"
        path.mkdir(parents=True)
        (path / "common").write_text(str(number))
        (path / f"only{number}").touch()
        if number:
            os.mknod(path / f"only{number - 1}", stat.S_IFCHR, 0)
        made.append(str(path))
    path.chmod(0o751)
    os.chown(path, 3, 4)
    return made


def tree(path: str) -> list[str]:
    return sorted(os.listdir(path))


def test_a_container_sees_its_layers_and_keeps_what_it_wrote(driver: Driver, lowers: list[str]) -> None:
    assert not driver.exists(ID)
    driver.create(ID)
    driver.create(ID)
    assert driver.exists(ID)
    assert not driver.is_mounted(ID)
    merged = driver.mount(ID, lowers)
    assert merged == driver.merged_dir(ID)
    assert tree(merged) == ["common", "only2"]
    assert Path(merged, "common").read_text() == "2"
    Path(merged, "common").write_text("mine")
    Path(merged, "only2").unlink()
    assert Path(driver.upper_dir(ID), "common").read_text() == "mine"
    assert driver.mount(ID, lowers) == merged
    assert mounts.mounts_under(merged) == [merged]
    driver.unmount(ID)
    driver.unmount(ID)
    assert not driver.is_mounted(ID)
    assert tree(merged) == []
    driver.mount(ID, lowers)
    assert tree(merged) == ["common"]
    assert Path(merged, "common").read_text() == "mine"
    assert Path(lowers[-1], "common").read_text() == "2"


@pytest.mark.parametrize("count", [1, 60, 300])
def test_any_number_of_layers_will_do(driver: Driver, place: Path, count: int) -> None:
    driver.create(ID)
    merged = driver.mount(ID, layers(place, count))
    assert tree(merged) == ["common", f"only{count - 1}"]
    assert Path(merged, "common").read_text() == str(count - 1)


def test_an_image_without_layers_gives_an_empty_root(driver: Driver) -> None:
    driver.create(ID)
    merged = driver.mount(ID, [])
    assert tree(merged) == []
    Path(merged, "x").touch()
    assert stat.S_IMODE(os.stat(merged).st_mode) == 0o755


def test_the_root_directory_looks_as_in_the_top_layer_until_the_container_changes_it(
    driver: Driver, lowers: list[str]
) -> None:
    driver.create(ID)
    merged = driver.mount(ID, lowers)
    found = os.stat(merged)
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o751, 3, 4)
    os.chmod(merged, 0o700)
    driver.unmount(ID)
    assert stat.S_IMODE(os.stat(driver.mount(ID, lowers)).st_mode) == 0o700


def test_nobody_else_on_the_host_can_enter(driver: Driver, place: Path) -> None:
    driver.create(ID)
    for path in (place / "root", place / "root" / driver.name, Path(driver.merged_dir(ID)).parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_busy_container_is_unmounted_all_the_same(driver: Driver, lowers: list[str]) -> None:
    driver.create(ID)
    merged = driver.mount(ID, lowers)
    with open(f"{merged}/common") as held:
        driver.unmount(ID)
        assert not driver.is_mounted(ID)
        driver.mount(ID, lowers)
        driver.remove(ID)
        assert held.read() == "2"
    assert not driver.exists(ID)


def test_removal_takes_everything_even_mounts_of_others_and_does_so_twice(
    driver: Driver, lowers: list[str], place: Path
) -> None:
    driver.create(OTHER)
    driver.create(ID)
    merged = driver.mount(ID, lowers)
    os.mkdir(f"{merged}/volume")
    (place / "volume").mkdir()
    (place / "volume" / "kept").touch()
    mounts.bind(f"{place}/volume", f"{merged}/volume")
    os.mkdir(f"{Path(merged).parent}/odd")
    mounts.bind(f"{place}/volume", f"{Path(merged).parent}/odd")
    driver.remove(ID)
    driver.remove(ID)
    assert tree(f"{place}/volume") == ["kept"]
    assert mounts.mounts_under(str(place)) == []
    assert (driver.exists(ID), driver.exists(OTHER)) == (False, True)
    assert tree(f"{place}/root/trash") == []
    assert tree(f"{place}/root/{driver.name}") == [OTHER]


class Dies(Exception):
    pass


def test_a_removal_that_dies_at_any_point_is_finished_by_the_next(driver: Driver, lowers: list[str]) -> None:
    root = Path(driver.merged_dir(ID)).parents[2]
    for point in range(50):
        driver.create(ID)
        Path(driver.mount(ID, lowers), "mine").touch()
        count = 0

        def die(name: str, when: str) -> None:
            nonlocal count
            if count == point:  # noqa: B023
                effects.observe(None)
                raise Dies
            count += 1

        effects.observe(die)
        try:
            driver.remove(ID)
        except Dies:
            driver.create(OTHER)
            driver.remove(OTHER if not driver.exists(ID) else ID)
        else:
            break
        finally:
            effects.observe(None)
        assert tree(f"{root}/trash") == []
        assert tree(f"{root}/{driver.name}") == ([OTHER] if driver.exists(OTHER) else [])
        assert mounts.mounts_under(str(root)) == []
    assert 6 < point < 50


def test_a_first_mount_that_dies_at_any_point_is_repeated(driver: Driver, lowers: list[str]) -> None:
    for point in range(50):
        count = 0

        def die(name: str, when: str) -> None:
            nonlocal count
            if count == point:  # noqa: B023
                effects.observe(None)
                raise Dies
            count += 1

        driver.create(ID)
        effects.observe(die)
        try:
            driver.mount(ID, lowers)
        except Dies:
            pass
        else:
            break
        finally:
            effects.observe(None)
        merged = driver.mount(ID, lowers)
        assert tree(merged) == ["common", "only2"]
        assert os.stat(merged).st_uid == 3
        driver.remove(ID)
    assert 4 < point < 50


def test_a_full_disk_does_not_stop_a_removal(place: Path, lowers: list[str]) -> None:
    (place / "disk").mkdir()
    mounts.mount_tmpfs(f"{place}/disk", 1 << 20)
    try:
        driver = choose(f"{place}/disk", "vfs")
        driver.create(ID)
        merged = driver.mount(ID, lowers)
        with pytest.raises(OSError, match="No space left"):
            Path(merged, "big").write_bytes(b"x" * (2 << 20))
        driver.remove(ID)
        assert tree(f"{place}/disk/vfs") == tree(f"{place}/disk/trash") == []
    finally:
        mounts.umount(f"{place}/disk", detach=True)


def test_a_missing_layer_is_named_and_nothing_is_mounted(driver: Driver, place: Path) -> None:
    driver.create(ID)
    with pytest.raises(FileNotFoundError, match="absent"):
        driver.mount(ID, [f"{place}/absent/diff"])
    assert not driver.is_mounted(ID)


@pytest.mark.parametrize("bad", ["", "..", "a/b", ".hidden", "/"])
def test_an_id_that_would_lead_elsewhere_is_a_programming_error(driver: Driver, bad: str) -> None:
    with pytest.raises(ValueError, match="not a container id"):
        driver.remove(bad)


# the choice


def test_overlay_is_chosen_where_it_works_and_the_store_remembers(place: Path) -> None:
    root = f"{place}/new/root"
    assert choose(root).name == "overlay"
    assert tree(root) == ["storage-driver"]
    assert choose(root).name == "overlay"
    with pytest.raises(Conflict, match="uses the storage driver overlay, not vfs") as caught:
        choose(root, "vfs")
    assert "\n" not in str(caught.value)


def test_vfs_is_chosen_where_overlay_fails_and_a_wish_is_refused_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower, upper, work, merged = (f"{place}/{name}" for name in ("l", "u", "w", "m"))
    for path in (lower, upper, work, merged):
        os.mkdir(path)
    mounts.mount_overlay([lower], upper, work, merged)  # overlay takes no upper that is on overlay itself
    try:
        with pytest.raises(Unsupported, match=r"overlay cannot be used in .*; use vfs instead") as caught:
            choose(f"{merged}/root", "overlay")
        assert "\n" not in str(caught.value)
        assert choose(f"{merged}/root").name == "vfs"
        assert tree(f"{merged}/root") == ["storage-driver"]
    finally:
        mounts.umount(merged)
    with pytest.raises(InvalidArgument, match='unknown storage driver "btrfs"'):
        choose(f"{place}/root", "btrfs")
    Path(f"{place}/root2").mkdir()
    Path(f"{place}/root2/storage-driver").write_text("zfs\n")
    with pytest.raises(Unsupported, match="zfs"):
        choose(f"{place}/root2")


def test_the_probe_cleans_up_when_the_kernel_refuses(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(22, "fsconfig: Invalid argument")

    monkeypatch.setattr(overlay, "mount_overlay", refuse)
    assert "Invalid argument" in overlay.obstacle(str(place))
    assert tree(str(place)) == []


def test_a_replacement_after_one_that_was_cut_short(driver: Driver, place: Path) -> None:
    driver.create(ID)
    for name in ("first", "second"):
        (place / name / name).mkdir(parents=True)
    os.rename(place / "first", f"{os.path.dirname(driver.upper_dir(ID))}/diff.next")  # so far it came
    driver.replace(ID, f"{place}/second")
    assert os.listdir(driver.upper_dir(ID)) == ["second"]

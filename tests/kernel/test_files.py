from __future__ import annotations

import ctypes
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from descriptors import opened
from seabox.kernel import effects, files, mounts
from seabox.kernel.libc import check, libc


@pytest.fixture(params=[0o022, 0o777, 0])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir()}


def test_a_directory_that_is_removed_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the run directory of a container that is removed while somebody waits for its lock."""
    make = os.mkdir

    def make_and_lose(path: str, mode: int = 0o777) -> None:
        make(path)
        os.rmdir(path)

    def find_and_lose(path: str, mode: int = 0o777) -> None:
        raise FileExistsError(errno.EEXIST, "File exists", path)

    for each in (make_and_lose, find_and_lose):
        monkeypatch.setattr(os, "mkdir", each)
        files.make_dirs(str(tmp_path / "gone"), 0o711)
    assert names(tmp_path) == set()


# writing


@pytest.mark.parametrize("write", [files.write_file, files.write_atomic])
def test_a_written_file_has_exactly_the_content_and_the_mode(tmp_path: Path, umask: int, write: object) -> None:
    path = tmp_path / "file"
    assert callable(write)
    write(str(path), b"first and long", 0o666)
    assert (path.read_bytes(), mode_of(path)) == (b"first and long", 0o666)
    write(str(path), b"second", 0o640)
    assert (path.read_bytes(), mode_of(path)) == (b"second", 0o640)
    assert names(tmp_path) == {"file"}


def test_an_atomic_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts.mount_tmpfs(str(disk), 64 << 10)
    try:
        files.write_atomic(str(disk / "file"), b"old")
        with pytest.raises(OSError, match="No space left"):
            files.write_atomic(str(disk / "file"), b"n" * (128 << 10))
        assert (disk / "file").read_bytes() == b"old"
        assert names(disk) == {"file"}
    finally:
        mounts.umount(str(disk))


def test_a_reader_never_sees_half_of_an_atomic_write(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    files.write_atomic(str(path), contents[0], durable=False)

    def write() -> None:
        for number in range(60):
            files.write_atomic(str(path), contents[number % 2], durable=False)

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        seen.add(path.read_bytes())
    writer.join()
    assert seen <= set(contents)


def test_append_and_touch_change_no_byte_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    files.append(str(path), b"one\n")
    files.append(str(path), b"two\n")
    files.touch(str(path))
    files.touch(str(tmp_path / "new"))
    assert path.read_bytes() == b"one\ntwo\n"
    assert names(tmp_path) == {"log", "new"}


def test_touch_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        files.touch(str(tmp_path / "link"))
    assert names(tmp_path) == {"link"}


# directories and small changes


def test_a_directory_has_exactly_the_mode_and_an_old_one_keeps_its_own(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "folder"
    files.make_dir(str(path), 0o711)
    files.make_dir(str(path), 0o700)
    assert mode_of(path) == 0o711
    files.make_dirs(str(tmp_path / "a/b/c/"), 0o750)
    assert [mode_of(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o750] * 3
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        files.make_dir(str(tmp_path / "file"))


def test_removing_tells_whether_there_was_anything(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert files.remove_file(str(tmp_path / "file")) is True
    assert files.remove_file(str(tmp_path / "file")) is False
    assert files.remove_dir(str(tmp_path / "folder")) is True
    assert files.remove_dir(str(tmp_path / "folder")) is False


def test_modes_and_owners_are_changed_on_the_file_itself_never_through_a_link(tmp_path: Path) -> None:
    secret, link = tmp_path / "secret", tmp_path / "link"
    files.write_file(str(secret), b"", 0o600)
    files.symlink("secret", str(link))
    files.chown(str(link), 7, 8)
    with pytest.raises(OSError, match="not supported"):
        files.chmod(str(link), 0o777)
    assert (mode_of(secret), secret.stat().st_uid, link.lstat().st_uid) == (0o600, 0, 7)
    fd = os.open(secret, os.O_PATH)
    try:
        files.chmod(fd, 0o4755)
        files.chown(fd, -1, 9)
        files.chmod(fd, 0o4755)
    finally:
        os.close(fd)
    assert (mode_of(secret), secret.stat().st_uid, secret.stat().st_gid) == (0o4755, 0, 9)


def test_every_change_is_an_effect_that_a_test_can_refuse(tmp_path: Path) -> None:
    seen: list[str] = []

    def refuse(name: str, when: str) -> None:
        seen.append(name)
        raise OSError(errno.ENOSPC, "refused", name)

    path = str(tmp_path / "x")
    effects.observe(refuse)
    try:
        changes: list[Callable[[], object]] = [
            lambda: files.write_file(path, b""),
            lambda: files.write_atomic(path, b""),
            lambda: files.make_dir(path),
            lambda: files.symlink("x", path),
            lambda: files.remove_tree(str(tmp_path)),
        ]
        for change in changes:
            with pytest.raises(OSError, match="refused"):
                change()
    finally:
        effects.observe(None)
    assert seen == ["write", "write_atomic", "mkdir", "symlink", "remove_tree"]
    assert names(tmp_path) == set()


# remove_tree


def test_a_tree_goes_with_links_devices_and_fifos_and_what_links_point_to_stays(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    (outside / "kept").touch()
    for number in range(30):
        (tree / f"d{number}" / "below").mkdir(parents=True)
        (tree / f"d{number}" / "file").touch()
    (tree / "d1" / "out").symlink_to(outside)
    os.mkfifo(tree / "fifo")
    os.mknod(tree / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (tree / "d2").chmod(0)
    files.remove_tree(str(tree))
    files.remove_tree(str(tree))
    assert names(tmp_path) == {"outside"}
    assert names(outside) == {"kept"}
    (tmp_path / "link").symlink_to(outside)
    files.remove_tree(f"{tmp_path}/link")
    assert names(outside) == {"kept"}
    files.remove_tree(str(outside / "kept"))
    files.remove_tree(f"{tmp_path}/absent/tree")
    assert names(outside) == set()


def test_a_tree_deeper_than_any_path_or_fd_limit_goes(tmp_path: Path) -> None:
    start = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(4000):
            os.mkdir("deep")
            os.chdir("deep")
        with open("file", "w"):
            pass
    finally:
        os.chdir(start)
        os.close(start)
    before = opened()
    files.remove_tree(f"{tmp_path}/deep")
    assert names(tmp_path) == set()
    assert opened() == before


@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_a_tree_with_something_mounted_in_it_is_refused_and_the_mount_is_untouched(tmp_path: Path, kind: str) -> None:
    inner, kept = tmp_path / "tree/a/b", tmp_path / "kept"
    inner.mkdir(parents=True)
    kept.mkdir()
    if kind == "tmpfs":
        mounts.mount_tmpfs(str(inner), 1 << 20)
    else:  # the same device, so st_dev would not tell
        mounts.bind(str(kept), str(inner))
    try:
        (inner / "precious").touch()
        for path in ("tree", "tree/a/b"):
            with pytest.raises(OSError, match="mounted") as caught:
                files.remove_tree(f"{tmp_path}/{path}")
            assert (caught.value.errno, caught.value.filename) == (errno.EBUSY, str(inner))
        assert names(inner) == {"precious"}
    finally:
        mounts.umount(str(inner))


def test_two_removers_of_one_tree_are_both_content(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / "tree" / f"{number % 10}" / f"{number}").mkdir(parents=True)
    problems: list[BaseException] = []

    def remove() -> None:
        try:
            files.remove_tree(f"{tmp_path}/tree")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=remove) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert names(tmp_path) == set()


# below a root that is not ours


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "rootfs"
    (path / "etc").mkdir(parents=True)
    (path / "etc/passwd").write_bytes(b"root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "secret").write_bytes(b"host")
    return path


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("", "/etc/passwd"),
        ("/etc/passwd", "x"),
        ("../../../../etc/passwd", "/etc/x"),
        ("/etc", "../../x/../etc/passwd"),
    ],
)
def test_links_and_dots_lead_where_a_chroot_would_lead(root: Path, link: str, path: str) -> None:
    if link:
        (root / ("etc/x" if "etc/x" in path else "x")).symlink_to(link)
    assert files.read_in_root(str(root), path, 100) == b"root:x:0:0::/root:/bin/sh\n"


def test_nothing_but_a_regular_file_of_decent_size_is_read(root: Path) -> None:
    os.mkfifo(root / "fifo")
    os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    (root / "etc/link").symlink_to("/zero")
    for path in ("fifo", "zero", "etc/link", "etc"):
        with pytest.raises(OSError, match="not a regular file"):
            files.read_in_root(str(root), path, 100)
    assert len(files.read_in_root(str(root), "etc/passwd", 26)) == 26
    with pytest.raises(OSError, match="more than 25 bytes") as caught:
        files.read_in_root(str(root), "etc/passwd", 25)
    assert caught.value.errno == errno.EFBIG


def test_proc_links_are_not_followed(root: Path) -> None:
    mounts_proc = root / "proc"
    mounts_proc.mkdir()
    mounts.bind("/proc", str(mounts_proc))
    try:
        (root / "out").symlink_to("/proc/self/root")
        with pytest.raises(OSError, match="symbolic links"):
            files.open_in_root(str(root), "out/etc/passwd", os.O_PATH)
    finally:
        mounts.umount(str(mounts_proc), detach=True)


def test_a_file_can_be_made_below_a_root_given_as_fd(root: Path) -> None:
    (root / "var").symlink_to("/etc")
    top = os.open(root, os.O_PATH)
    try:
        fd = files.open_in_root(top, "/var/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        files.write_all(fd, b"x")
        assert os.get_inheritable(fd) is False
        os.close(fd)
    finally:
        os.close(top)
    assert (root / "etc/new").read_bytes() == b"x"


def test_directories_are_made_where_a_chroot_would_make_them(root: Path, umask: int) -> None:
    (root / "var").symlink_to("/etc")
    assert files.make_dirs_in_root(str(root), "/var/a/b", 0o2755, 5, 6) is True
    assert files.make_dirs_in_root(str(root), "var//a/./b/", 0o700) is False
    made = (root / "etc/a/b").stat()
    assert (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) == (0o2755, 5, 6)
    assert (root / "etc/a").stat().st_uid == 5
    with pytest.raises(NotADirectoryError):
        files.make_dirs_in_root(str(root), "/etc/passwd/x")
    (root / "nowhere").symlink_to("/absent")
    with pytest.raises(FileExistsError):
        files.make_dirs_in_root(str(root), "/nowhere/x")


def exchange(first: bytes, second: bytes) -> None:
    check(libc.syscall(316, -100, first, -100, second, ctypes.c_uint(2)), "renameat2", first.decode())


def test_swapping_a_directory_with_a_link_never_lets_a_look_up_escape(root: Path, tmp_path: Path) -> None:
    (root / "dir").mkdir()
    (root / "dir/secret").write_bytes(b"guest")
    (root / "link").symlink_to(str(tmp_path))  # a chroot finds nothing there; the host finds "host"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            exchange(os.fsencode(root / "dir"), os.fsencode(root / "link"))

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = []
    made = 0
    try:
        for number in range(1500):
            with suppress(FileNotFoundError, NotADirectoryError):
                seen.append(files.read_in_root(str(root), "dir/../dir/secret", 100))
            with suppress(FileNotFoundError, NotADirectoryError, FileExistsError):
                made += files.make_dirs_in_root(str(root), f"dir/made{number}")
    finally:
        stop.set()
        swapper.join()
    assert set(seen) == {b"guest"}
    assert made > 0
    assert names(tmp_path) == {"rootfs", "secret"}


def test_swapping_a_directory_with_a_link_never_lets_a_removal_escape(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    (outside / "kept/file").touch()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            with suppress(OSError):
                exchange(os.fsencode(tmp_path / "tree/dir"), os.fsencode(tmp_path / "tree/link"))

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(150):
            (tmp_path / "tree/dir/below").mkdir(parents=True)
            (tmp_path / "tree/dir/file").touch()
            (tmp_path / "tree/link").symlink_to(outside)
            with suppress(OSError):  # it may be told that somebody moves directories about
                files.remove_tree(f"{tmp_path}/tree")
            files.remove_tree(f"{tmp_path}/tree")
    finally:
        stop.set()
        swapper.join()
    assert names(outside) == {"kept"}
    assert names(outside / "kept") == {"file"}
    assert names(tmp_path) == {"outside"}

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from descriptors import opened
from seabox.kernel import files, mounts, trees

CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")  # cap_net_raw=ep


@pytest.fixture
def source(tmp_path: Path) -> Path:
    top = tmp_path / "source"
    (top / "dir/below").mkdir(parents=True)
    (top / "dir/file").write_bytes(b"content")
    os.link(top / "dir/file", top / "zlink")
    (top / "suid").write_bytes(b"#!")
    os.chown(top / "suid", 12, 34)
    (top / "suid").chmod(0o6755)
    (top / "ping").write_bytes(b"p" * 100_000)
    os.setxattr(top / "ping", "security.capability", CAPABILITY)
    os.setxattr(top / "dir", "user.note", b"hello")
    (top / "link").symlink_to("dir/file")
    os.chown(top / "link", 56, 78, follow_symlinks=False)
    os.mkfifo(top / "fifo", 0o640)
    os.mknod(top / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    with open(top / "sparse", "wb") as file:
        file.seek(5 << 20)
        file.write(b"x" * 4096)
        file.truncate(64 << 20)
    os.chmod(top, 0o751)
    for path in (top / "dir/below", top / "dir", top / "link", top):
        os.utime(path, ns=(10**18, 10**18 + 7), follow_symlinks=False)
    return top


def description(top: Path) -> dict[str, tuple[object, ...]]:
    """Everything about a tree that a copy must keep."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, others in os.walk(top):
        for name in [*folders, *others, "."]:
            path = Path(folder, name)
            info = path.lstat()
            attributes = {
                key: os.getxattr(path, key, follow_symlinks=False)
                for key in os.listxattr(path, follow_symlinks=False)
            }  # fmt: skip
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[os.path.relpath(path, top)] = (
                info.st_mode, info.st_uid, info.st_gid, info.st_rdev, info.st_mtime_ns, attributes, content,
            )  # fmt: skip
    return found


def test_a_copy_is_the_same_in_every_respect(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "new/target"
    before = opened()
    trees.copy_tree(str(source), str(target))
    assert description(target) == description(source)
    assert (target / "dir/file").stat().st_ino == (target / "zlink").stat().st_ino
    assert (target / "dir/file").stat().st_ino != (source / "zlink").stat().st_ino
    assert (target / "sparse").stat().st_blocks * 512 < 1 << 20
    assert opened() == before


def test_a_copy_goes_from_one_file_system_to_another(source: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts.mount_tmpfs(str(disk), 8 << 20)
    try:
        trees.copy_tree(str(source), str(disk / "target"))
        assert description(disk / "target") == description(source)
        assert (disk / "target/sparse").stat().st_blocks * 512 < 1 << 20
    finally:
        mounts.umount(str(disk))


def test_a_name_that_is_taken_is_refused(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (target / "dir").mkdir(parents=True)
    with pytest.raises(FileExistsError, match=f"{source}"):
        trees.copy_tree(str(source), str(target))


def test_a_layer_deletes_replaces_and_merges(source: Path, tmp_path: Path) -> None:
    layer, target = tmp_path / "layer", tmp_path / "target"
    (layer / "dir").mkdir(parents=True)
    (layer / "fifo").mkdir()
    (layer / "suid").symlink_to("ping")
    (layer / "ping").write_bytes(b"new")
    (layer / "opaque").mkdir()
    (layer / "opaque/new").touch()
    os.setxattr(layer / "opaque", "trusted.overlay.opaque", b"y")
    os.mknod(layer / "null", stat.S_IFCHR, 0)
    os.mknod(layer / "dir/file", stat.S_IFCHR, 0)
    os.mknod(layer / "was-never-there", stat.S_IFCHR, 0)
    (source / "opaque").mkdir()
    (source / "opaque/old").touch()
    trees.copy_tree(str(source), str(target))
    trees.copy_tree(str(layer), str(target), layer=True)
    assert sorted(os.listdir(target)) == ["dir", "fifo", "link", "opaque", "ping", "sparse", "suid", "zlink"]
    assert os.listdir(target / "opaque") == ["new"]
    assert os.listxattr(target / "opaque") == []
    assert os.listdir(target / "dir") == ["below"]
    assert (target / "fifo").is_dir()
    assert os.readlink(target / "suid") == "ping"
    assert (target / "ping").read_bytes() == b"new"
    assert (source / "ping").read_bytes() == b"p" * 100_000
    assert (target / "zlink").read_bytes() == b"content"


def test_overlay_and_copied_layers_agree(source: Path, tmp_path: Path) -> None:
    layer, target = tmp_path / "layer", tmp_path / "target"
    for name in ("layer", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    (source / "sparse").unlink()
    merged = tmp_path / "merged"
    mounts.mount_overlay([f"{source}"], f"{layer}", f"{tmp_path}/work", f"{merged}")
    try:  # changes made through overlay leave a layer of the kernel's own making
        (merged / "ping").unlink()
        (merged / "dir/file").write_bytes(b"changed")
        (merged / "dir/below").rmdir()
        (merged / "dir/below").mkdir()
        (merged / "suid").rename(merged / "moved")
        (merged / "dir/new").symlink_to("x")
        shown = description(merged)
    finally:
        mounts.umount(f"{merged}")
    trees.copy_tree(str(source), str(target))
    trees.copy_tree(str(layer), str(target), layer=True)
    assert description(target) == shown


def test_a_tree_deeper_than_any_path_is_copied(tmp_path: Path) -> None:
    start = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(2500):
            os.mkdir("deep")
            os.chdir("deep")
        Path("bottom").touch()
        os.chdir(start)
        trees.copy_tree(f"{tmp_path}/deep", f"{tmp_path}/copy")
        os.chdir(f"{tmp_path}/copy")
        for _ in range(2499):
            os.chdir("deep")
        assert os.listdir(".") == ["bottom"]
    finally:
        os.chdir(start)
        os.close(start)
        files.remove_tree(f"{tmp_path}/deep")
        files.remove_tree(f"{tmp_path}/copy")

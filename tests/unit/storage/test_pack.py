"""A directory as a tar archive: what is kept, what is left out, and what no swap can change."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descriptors import opened
from seabox.storage.pack import header, pack_content, pack_one


def packed(folder: Path) -> bytes:
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        return b"".join(pack_content(fd))
    finally:
        os.close(fd)


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def test_files_links_and_their_facts(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir(mode=0o750)
    (tmp_path / "etc/file").write_bytes(b"text" * 1000)
    (tmp_path / "etc/file").chmod(0o4755)
    os.utime(tmp_path / "etc/file", (7, 1234))
    os.link(tmp_path / "etc/file", tmp_path / "etc/second")
    (tmp_path / "to-nowhere").symlink_to("/does/not/exist")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        data = packed(tmp_path)
    found = members(data)
    assert set(found) == {"etc", "etc/file", "etc/second", "to-nowhere", "pipe"}
    assert (found["etc"].mode, found["etc"].isdir()) == (0o750, True)
    assert (found["etc/file"].mode, found["etc/file"].size, found["etc/file"].mtime) == (0o4755, 4000, 1234)
    assert (found["etc/second"].islnk(), found["etc/second"].linkname) == (True, "etc/file")
    assert (found["to-nowhere"].issym(), found["to-nowhere"].linkname) == (True, "/does/not/exist")
    assert found["pipe"].isfifo()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        content = archive.extractfile("etc/file")
        assert content is not None
        assert content.read() == b"text" * 1000


def test_extended_attributes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    try:
        os.setxattr(tmp_path / "file", "user.colour", b"r\0d\n")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    assert members(packed(tmp_path))["file"].pax_headers["SCHILY.xattr.user.colour"] == "r\0d\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_devices_and_owners(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 3_000_000, 5)
    found = members(packed(tmp_path))
    assert (found["null"].ischr(), found["null"].devmajor, found["null"].devminor) == (True, 1, 3)
    assert (found["file"].uid, found["file"].gid) == (3_000_000, 5)


def test_long_names(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["x" * 60] * 6)
    deep.mkdir(parents=True)
    (deep / ("f" * 200)).write_text("deep")
    (tmp_path / "link").symlink_to("t" * 300)
    found = members(packed(tmp_path))
    assert found["/".join([*["x" * 60] * 6, "f" * 200])].size == 4
    assert found["link"].linkname == "t" * 300


def test_depth_costs_no_descriptors(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        before = len(opened())
        fd = os.open(tmp_path, os.O_PATH)
        most = max(len(os.listdir("/proc/self/fd")) for _ in pack_content(fd))
        os.close(fd)
        assert most <= before + 6
        assert len(opened()) == before
    finally:
        from seabox.kernel.files import remove_tree

        remove_tree(str(tmp_path / "d"))


def test_one_file_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    fd = os.open(tmp_path / "file", os.O_PATH)
    data = b"".join(pack_one(fd, "other"))
    os.close(fd)
    assert {name: member.size for name, member in members(data).items()} == {"other": 3}
    assert len(data) == 512 * 2 + 1024


@settings(max_examples=200)
@given(
    name=st.binary(min_size=1, max_size=400).filter(lambda b: not {0, 10} & set(b) and not b.endswith(b"/")),
    size=st.integers(0, 1 << 40), mtime=st.integers(-(1 << 40), 1 << 40), uid=st.integers(0, (1 << 32) - 2),
)  # fmt: skip
def test_any_header_is_read_as_it_was_meant(name: bytes, size: int, mtime: int, uid: int) -> None:
    facts = os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, uid, uid, size, 0, 0, 0), {"st_mtime_ns": mtime * 10**9})
    data = header(name, facts, size=size)
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024)), errors="surrogateescape") as archive:
        found = archive.next()
    assert found is not None
    assert os.fsencode(found.name) == name
    assert (found.size, found.mtime, found.uid, found.gid) == (size, mtime, uid, uid)


def test_a_link_swapped_in_is_never_followed(tmp_path: Path) -> None:
    """A directory and a link to a secret change places while the tree is read: no byte of the secret gets out."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "canary").write_bytes(b"CANARY")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a/canary").write_bytes(b"inside")
    (tree / "b").symlink_to(secret)
    (tree / "file").write_bytes(b"inside")
    (tree / "file-link").symlink_to(secret / "canary")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for one, other in (("a", "b"), ("file", "file-link")):
                os.rename(tree / one, tree / "between")
                os.rename(tree / other, tree / one)
                os.rename(tree / "between", tree / other)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(300):
            assert b"CANARY" not in packed(tree)
    finally:
        over.set()
        swapping.join()

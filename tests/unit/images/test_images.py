from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from seabox.errors import InUse, InvalidArgument, NoSuchImage, Unsupported
from seabox.images import embedded
from seabox.images.images import Images
from seabox.images.index import TYPE_CHECKING
from seabox.kernel import effects, mounts, process, programs
from seabox.state.image_index import SQLiteImageIndex
from seabox.state.sqlite import SQLiteStore
from seabox.testing.images import MemoryImageIndex

if TYPE_CHECKING:
    from seabox.images.index import ImageIndex

NAME = "localhost/busybox:latest"


@pytest.fixture(params=["memory", "sqlite"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ImageIndex]:
    if request.param == "memory":
        yield MemoryImageIndex()
        return
    store = SQLiteStore(f"{tmp_path}/seabox.db")
    yield SQLiteImageIndex(store)
    store.close()


@pytest.fixture
def images(tmp_path: Path, index: ImageIndex) -> Images:
    return Images(f"{tmp_path}/root", index)


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time and content of everything in the store but the lock."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns if "/diff/" in str(path) else 0,
            os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b"",
        )
        for path in root.rglob("*")
        if path.name not in (".lock", "made")
    }


# the index


def test_names_belong_to_one_image_and_ids_may_be_shortened(index: ImageIndex) -> None:
    first, second = "a" * 63 + "1", "a" * 63 + "2"
    index.add_image(first, ["x:1", "y:1"], ["l1", "l2"], b"{}", 10)
    index.add_image(second, ["y:1"], ["l1"], b"{}", 20)
    index.add_image(second, ["z:1"], ["l1"], b"{}", 20)
    assert [(row.id, row.names, row.layers, row.created_at) for row in index.list()] == [
        (second, ("y:1", "z:1"), ("l1",), 20),
        (first, ("x:1",), ("l1", "l2"), 10),
    ]
    for reference, id in ((first, first), ("x:1", first), ("y:1", second), (second, second)):
        found = index.find(reference)
        assert found is not None
        assert found.id == id
    assert [index.find(absent) for absent in ("a" * 63, "", "b", "w:1", "a" * 64)] == [None] * 5
    index.change_names(first, added=["z:1"], gone=["x:1", "y:1", "none:1"])
    assert [row.names for row in index.list()] == [("y:1",), ("z:1",)]
    with pytest.raises(NoSuchImage):
        index.change_names("c" * 64, added=["z:1"])


def test_names_that_others_give_at_the_same_time_stay(images: Images, index: ImageIndex) -> None:
    id = "a" * 64
    index.add_image(id, ["localhost/x:1"], [], b"{}", 10)
    find = index.find

    def slow(reference: str) -> object:
        seen = find(reference)
        index.change_names(id, added=["localhost/other:1"])
        return seen

    with patch.object(index, "find", slow):
        images.tag(id, "y:1")
        images.untag(id, "x:1")
    (row,) = index.list()
    assert row.names == ("localhost/other:1", "localhost/y:1")


def test_only_layers_that_nothing_stands_on_come_back_from_a_removal(index: ImageIndex) -> None:
    index.add_image("a" * 64, [], ["l1", "l2", "l3"], b"{}", 1)
    index.add_image("b" * 64, [], ["l1", "m2"], b"{}", 2)
    assert index.remove("a" * 64) == ["l3", "l2"]
    with pytest.raises(NoSuchImage):
        index.remove("a" * 64)
    assert index.remove("b" * 64) == ["m2", "l1"]


# the embedded image


def test_the_embedded_image_is_a_real_one(images: Images, tmp_path: Path) -> None:
    id = images.embed("busybox")
    root = tmp_path / "root"
    config = (root / "blobs/sha256" / id).read_bytes()
    found = images.find("busybox")
    assert (found.id, found.names, found.config) == (id, (NAME,), config)
    assert hashlib.sha256(config).hexdigest() == id
    document = json.loads(config)
    assert document["config"]["Cmd"] == ["sh"]
    assert document["os"] == "linux"
    assert document["created"].endswith("Z")
    (diff_id,) = document["rootfs"]["diff_ids"]
    archive = (root / "blobs/sha256" / diff_id.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(archive).hexdigest()}" == diff_id
    assert found.layers == (diff_id.removeprefix("sha256:"),)
    inherited = images.get(NAME)
    assert (inherited.command, inherited.id) == (("sh",), id)
    assert "PATH" in inherited.env


def test_the_unpacked_layer_holds_exactly_what_the_archive_holds(images: Images) -> None:
    images.embed()
    row = images.find("busybox")
    directory = Path(images.layer_dir(row.layers[0]))
    archive = (directory.parents[2] / "blobs/sha256" / row.layers[0]).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {member.name: member for member in tar}
        assert {str(path.relative_to(directory)) for path in directory.rglob("*")} == set(members)
        for name, member in members.items():
            found = (directory / name).lstat()
            assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_mtime) == (member.mode, 0, member.mtime)
            assert stat.S_ISDIR(found.st_mode) == member.isdir()
            if member.issym():
                assert os.readlink(directory / name) == member.linkname
            elif member.isfile():
                content = tar.extractfile(member)
                assert content is not None
                assert (directory / name).read_bytes() == content.read()
    assert members["tmp"].mode == 0o1777
    assert members["bin/sh"].linkname == "/bin/busybox"
    assert b"root:x:0:0:" in (directory / "etc/passwd").read_bytes()


def test_its_programs_run_in_a_chroot(images: Images) -> None:
    images.embed()
    directory = images.layer_dir(images.find("busybox").layers[0])
    answer = programs.run(
        ["/usr/sbin/chroot", directory, "/bin/sh", "-c", "id -un; ls -d /proc /dev /sys; awk 'BEGIN {print 6 * 7}'"],
        env=process.clean_env(),
        timeout_seconds=60,
    )
    assert (answer.code, answer.out, answer.err) == (0, b"root\n/dev\n/proc\n/sys\n42\n", b"")


def test_embedding_again_and_elsewhere_gives_the_same_image(images: Images, tmp_path: Path) -> None:
    id = images.embed()
    before = snapshot(tmp_path / "root")
    assert images.embed() == id
    assert snapshot(tmp_path / "root") == before
    assert Images(f"{tmp_path}/other", MemoryImageIndex()).embed() == id
    assert snapshot(tmp_path / "other") == before


def test_many_may_embed_at_once(images: Images) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(images.embed())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == len(images.list()) == 1


class Dies(Exception):
    pass


def test_embedding_that_dies_at_any_point_is_finished_by_the_next_call(tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    id = Images(str(reference), MemoryImageIndex()).embed()
    expected = snapshot(reference)
    total = 0

    def count(name: str, when: str) -> None:
        nonlocal total
        total += 1

    effects.observe(count)
    try:
        Images(f"{tmp_path}/counted", MemoryImageIndex()).embed()
    finally:
        effects.observe(None)
    last = total - 2  # then comes unlock
    for point in [*range(8), *range(8, last, 301), *range(last - 10, last)]:
        root = tmp_path / f"root{point}"
        one = Images(str(root), MemoryImageIndex())
        left = point

        def die(name: str, when: str) -> None:
            nonlocal left
            left -= 1
            if left < 0 and name not in ("lock", "unlock"):  # the kernel would free the lock of a dead process
                raise Dies

        effects.observe(die)
        try:
            with pytest.raises(Dies):
                one.embed()
        finally:
            effects.observe(None)
        assert one.embed() == id
        assert snapshot(root) == expected


def test_a_host_without_a_static_busybox_is_told_which_package_to_install(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="busybox-static"):
        embedded.busybox((f"{tmp_path}/absent",))
    script = tmp_path / "busybox"
    for content in (b"", b"#!/bin/sh\n", b"\x7fELF" + b"\2\1\1" + b"\xff" * 100, Path("/bin/ls").read_bytes()):
        script.write_bytes(content)
        with pytest.raises(Unsupported, match=r"not a statically linked .*busybox-static"):
            embedded.busybox((str(script),))


def test_there_is_no_other_embedded_image(images: Images) -> None:
    with pytest.raises(InvalidArgument, match="'alpine' is not embedded"):
        images.embed("alpine")
    assert images.list() == []


# looking up, naming, removing


@pytest.mark.parametrize("name", ["busybox", "busybox:latest", "localhost/busybox", NAME])
def test_an_image_is_found_under_all_that_its_name_may_be_typed_as(images: Images, name: str) -> None:
    assert images.exists(name) is False
    id = images.embed()
    assert images.find(name).id == id
    assert images.find(id[:6]).id == images.find(id).id == images.find(f"sha256:{id}").id == id


@pytest.mark.parametrize("name", ["alpine", "busybox:2", "docker.io/library/busybox", "ffffffff", "quay.io/busybox"])
def test_an_image_that_is_not_there_is_not_known(images: Images, name: str) -> None:
    images.embed()
    with pytest.raises(NoSuchImage, match=f"{name}: image not known"):
        images.find(name)
    with pytest.raises(InvalidArgument):
        images.find("Not A Name")


def test_a_name_without_a_registry_is_found_in_any(images: Images) -> None:
    images.embed()
    images.tag("busybox", "quay.io/team/tool:1", "reg.example/other/box")
    for name in ("team/tool:1", "tool:1", "box", "other/box:latest"):
        assert images.find(name).id == images.find("busybox").id
    for name in ("tool", "ool:1", "example.org/team/tool:1", "quay.io/tool:1"):
        assert not images.exists(name)
    assert images.remove("tool:1").untagged == ("quay.io/team/tool:1",)


def test_removing_takes_names_one_by_one_and_everything_with_the_last(images: Images, tmp_path: Path) -> None:
    id = images.embed()
    images.tag("busybox", "tool:1", "quay.io/x/y")
    assert images.find("tool:1").names == (NAME, "localhost/tool:1", "quay.io/x/y:latest")
    removed = images.remove("tool:1")
    assert (removed.id, removed.untagged, removed.deleted) == (id, ("localhost/tool:1",), "")
    with pytest.raises(NoSuchImage):
        images.remove("tool:1")
    with pytest.raises(InUse, match="more than one tag"):
        images.remove(id[:12])
    assert images.exists("busybox")
    assert images.remove(id[:12], force=True).deleted == id
    assert images.list() == []
    assert [path.name for path in (tmp_path / "root").rglob("*") if not path.is_dir()] == [".lock"]
    assert os.listdir(tmp_path / "root/layers") == [".lock"]


def test_an_image_in_use_stays_whole(tmp_path: Path) -> None:
    index = MemoryImageIndex()
    images = Images(f"{tmp_path}/root", index)
    index.in_use.add(images.embed())
    before = snapshot(tmp_path / "root")
    with pytest.raises(InUse):
        images.remove("busybox")
    assert snapshot(tmp_path / "root") == before


def test_a_removal_that_dies_half_way_is_made_good_by_the_next_one(images: Images, tmp_path: Path) -> None:
    images.embed()

    def die(name: str, when: str) -> None:
        if (name, when) == ("remove_tree", "before"):
            raise Dies

    effects.observe(die)
    try:
        with pytest.raises(Dies):
            images.remove("busybox")
    finally:
        effects.observe(None)
    images.embed()
    images.remove("busybox")
    assert os.listdir(tmp_path / "root/layers") == [".lock"]
    assert os.listdir(tmp_path / "root/blobs/sha256") == []


def test_a_full_disk_leaves_no_half_image(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    mounts.mount_tmpfs(f"{tmp_path}/disk", 3 << 20)
    try:
        images = Images(f"{tmp_path}/disk", MemoryImageIndex())
        with pytest.raises(OSError, match="No space left"):
            images.embed()
        assert images.list() == []
        assert os.listdir(f"{tmp_path}/disk/layers") == [".lock"]
    finally:
        mounts.umount(f"{tmp_path}/disk")


def test_no_other_user_gets_at_the_layers(images: Images, tmp_path: Path) -> None:
    images.embed()
    for name in ("layers", "blobs", "blobs/sha256"):
        assert stat.S_IMODE((tmp_path / "root" / name).stat().st_mode) == 0o700

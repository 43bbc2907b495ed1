from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.images.conftest import make_engine
from seabox.errors import SeaboxError
from seabox.images import pieces
from seabox.images.manifest import OCI_LAYER, Descriptor, new_manifest
from seabox.images.unpack import unpack
from seabox.kernel.trees import copy_tree
from seabox.model.digests import chain_ids, digest_of
from unit.images.archives import archive, entry, refused

if TYPE_CHECKING:
    import seabox
    from engine.images.conftest import Registry

ALLOWED = 2.5  # times GNU tar's CPU


def register(engine: seabox.Engine, layers: list[bytes], name: str) -> str:
    """An image of these layers, however they are compressed."""
    catalog = engine.images._catalog
    with catalog.adding():
        described, ids = [], []
        for data in layers:
            digest = catalog.files.write_blob(data)
            kind = pieces.compression(data[:6])
            described.append(Descriptor(f"{OCI_LAYER}+{kind}" if kind else OCI_LAYER, f"sha256:{digest}", len(data)))
            ids.append(digest_of(gzip.decompress(data) if kind == "gzip" else unzstd(data) if kind else data))
        config = json.dumps({"os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ids}}).encode()
        catalog.files.write_blob(config)
        return catalog.register(new_manifest(config, described), [f"localhost/{name}:latest"])


def unzstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout


def test_an_image_of_sixty_layers_is_mounted(tmp_path: Path) -> None:
    with make_engine(tmp_path, "overlay") as engine:
        layers = [archive(entry(f"f{n}", data=b"%d" % n), entry("top", data=b"%d" % n)) for n in range(60)]
        id = register(engine, layers, "tall")
        try:
            place = Path(engine.images.mount(id))
            assert sorted(os.listdir(place)) == sorted(["top", *(f"f{n}" for n in range(60))])
            assert (place / "top").read_bytes() == b"59"
        finally:
            engine.images.unmount(id)


def test_zstd_layers_come_and_go(registry: Registry, tmp_path: Path) -> None:
    with make_engine(tmp_path, "overlay") as engine:
        id = register(engine, [zstd(archive(entry("f", data=b"z" * 100_000)))], "packed")
        place = f"{registry.host}/zstd:1"
        engine.images.push("packed", place, access=registry.access)
        manifest = engine.images.find(id).manifest
        engine.images.prune(all=True)
        assert engine.images.pull(place, access=registry.access) == id
        assert engine.images.find(id).manifest == manifest


@pytest.mark.parametrize("what", ["dot-dot", "link, then file through it", "hard link out, absolute",
                                  "huge sparse file", "half a header"])  # fmt: skip
def test_a_hostile_layer_in_a_registry_is_refused(registry: Registry, tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("canary")
    packed = gzip.compress(refused(str(outside))[what])
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(packed))]}}).encode()
    manifest = new_manifest(config, [Descriptor(f"{OCI_LAYER}+gzip", digest_of(packed), len(packed))])
    image = tmp_path / "image"
    image.mkdir()
    (image / "version").write_text("Directory Transport Version: 1.1\n")
    (image / "manifest.json").write_bytes(manifest)
    for data in (config, packed):
        (image / digest_of(data)[7:]).write_bytes(data)
    place = f"{registry.host}/hostile:1"
    subprocess.run(
        ["skopeo", "copy", "-q", "--dest-tls-verify=false", f"dir:{image}", f"docker://{place}"], check=True
    )  # fmt: skip
    with make_engine(tmp_path / "engine", "overlay") as engine:
        with pytest.raises(SeaboxError) as refusal:
            engine.images.pull(place, access=registry.access)
        assert "\n" not in str(refusal.value)
        assert engine.images.list() == []
        assert os.listdir(f"{engine.config.root}/blobs/sha256") == []
        assert os.listdir(f"{engine.config.root}/layers") == [".lock"]
    assert os.listdir(outside) == ["canary"]


def test_a_killed_pull_leaves_nothing_that_looks_whole(registry: Registry, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with make_engine(source, "overlay") as engine:
        layers = [archive(*(entry(f"d{n}/f{m}", data=os.urandom(2000)) for m in range(600))) for n in range(3)]
        id = register(engine, layers, "killed")
        place = f"{registry.host}/killed:1"
        engine.images.push("killed", place, access=registry.access)
        diff_ids = json.loads(engine.images.find(id).config)["rootfs"]["diff_ids"]
        chains = chain_ids(tuple(each[7:] for each in diff_ids))
        whole = {chain: len(list(Path(engine.images.layer_dir(chain)).rglob("*"))) for chain in chains}
    program = (
        "import sys, seabox; from seabox.images.skopeo import Access\n"
        "with seabox.Engine(root=sys.argv[1], runroot=sys.argv[1] + '-run', storage_driver='overlay') as engine:\n"
        "    engine.images.pull(sys.argv[2], access=Access(tls_verify=False))\n"
    )
    root = tmp_path / "root"
    seen = 0
    for delay in (0.3, 0.5, 0.6, 0.7, 0.9):
        child = subprocess.Popen([sys.executable, "-c", program, str(root), place], env={**os.environ},
                                 start_new_session=True)  # fmt: skip
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        for chain in chains:
            if (found := root / "layers" / chain / "diff").is_dir():
                seen += 1
                assert len(list(found.rglob("*"))) == whole[chain]
    import seabox

    with seabox.Engine(root=str(root), runroot=f"{root}-run", storage_driver="overlay") as engine:
        assert engine.images.pull(place, access=registry.access) == id
        assert not [name for name in os.listdir(root / "layers") if name.startswith(".new.")]
        assert {chain: len(list(Path(engine.images.layer_dir(chain)).rglob("*"))) for chain in chains} == whole


def test_unpacking_costs_little_more_than_gnu_tar(tmp_path: Path) -> None:
    """200 MB in some thousand files; both in the same run, the better of two each."""
    place = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path
    work = place / f"seabox-unpack-{os.getpid()}"
    work.mkdir()
    try:
        tree = work / "tree"
        copy_tree("/usr/lib/python3", str(tree / "python"))
        for number in range(30):
            folder = tree / f"d{number}"
            folder.mkdir()
            block = os.urandom(8192)
            for file in range(200):
                (folder / f"f{file}").write_bytes(block * (1 + file % 7))
        subprocess.run(["tar", "-cf", work / "l.tar", "-C", tree, "."], check=True)
        shutil.rmtree(tree)
        assert (work / "l.tar").stat().st_size > 190 << 20
        theirs, ours = [], []
        for number in range(2):
            (work / f"t{number}").mkdir()
            before = os.times()
            subprocess.run(["tar", "-xf", work / "l.tar", "-C", work / f"t{number}"], check=True)
            after = os.times()
            theirs.append(
                after.children_user + after.children_system - before.children_user - before.children_system
            )  # fmt: skip
            shutil.rmtree(work / f"t{number}")
            (work / f"o{number}").mkdir()
            start = time.process_time()
            fd = os.open(work / "l.tar", os.O_RDONLY)
            with pieces.plain(fd) as (out, _):
                content = pieces.Hashed(out)
                unpack(content, str(work / f"o{number}"), packed=os.fstat(fd).st_size)
            os.close(fd)
            ours.append(time.process_time() - start)
            shutil.rmtree(work / f"o{number}")
        assert min(ours) <= ALLOWED * min(theirs), (ours, theirs)
    finally:
        shutil.rmtree(work)

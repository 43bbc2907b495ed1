"""Hostile archives by every way in: refused in one line, nothing written outside, nothing left in the store."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

from seabox.errors import SeaboxError
from seabox.images import manifest as manifests
from seabox.images.images import Images
from seabox.testing.images import MemoryImageIndex
from unit.images.archives import archive, entry, refused
from unit.images.test_unpack import CANARY, untouched

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    place.mkdir()
    (place / "canary").write_bytes(CANARY)
    (place / "canary").chmod(0o600)
    return place


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config_of(*layers: bytes) -> bytes:
    return json.dumps(
        {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha256(each) for each in layers]}}
    ).encode()


def docker_archive(layer: bytes, config: bytes | None = None) -> bytes:
    listed = [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["l.tar"]}]
    return archive(
        entry("manifest.json", data=json.dumps(listed).encode()), entry("c.json", data=config or config_of(layer)),
        entry("l.tar", data=layer),
    )  # fmt: skip


def on_top(layer: bytes) -> bytes:
    """As a commit leaves it: the layer stands on a good one, which has a directory, a file and a link."""
    base = archive(entry("d/", b"5"), entry("d/f", data=b"base"), entry("to", b"2", linkname="d"))
    listed = [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["base.tar", "l.tar"]}]
    return archive(
        entry("manifest.json", data=json.dumps(listed).encode()), entry("c.json", data=config_of(base, layer)),
        entry("base.tar", data=base), entry("l.tar", data=layer),
    )  # fmt: skip


def oci_archive(layer: bytes, *, wrong: str = "") -> bytes:
    """One image; `wrong` is the blob ("config", "manifest", "layer") that is not what its digest says."""
    packed = gzip.compress(layer, mtime=0)
    config = config_of(layer)
    manifest = manifests.new_manifest(
        config, [manifests.Descriptor(f"{manifests.OCI_LAYER}+gzip", sha256(packed), len(packed))]
    )
    index = {"schemaVersion": 2, "manifests": [{"digest": sha256(manifest), "size": len(manifest)}]}
    blobs = {"config": config, "manifest": manifest, "layer": packed}
    return archive(
        entry("oci-layout", data=b"{}"), entry("index.json", data=json.dumps(index).encode()),
        *(
            entry(f"blobs/sha256/{sha256(data)[7:]}", data=data + b" " if kind == wrong else data)
            for kind, data in blobs.items()
        ),
    )  # fmt: skip


def refuses(images: Images, way: str, data: bytes, tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(data)
    with pytest.raises(SeaboxError) as refusal:
        images.import_tar(str(path)) if way == "import" else images.load(str(path))
    assert "\n" not in str(refusal.value)
    assert images.list() == []
    assert os.listdir(f"{tmp_path}/root/blobs/sha256") == []
    assert os.listdir(f"{tmp_path}/root/layers") == [".lock"]
    assert untouched(outside)


@pytest.mark.parametrize("way", ["import", "docker-archive", "oci-archive", "on top of a good layer"])
@pytest.mark.parametrize("what", sorted(refused("/x")))
def test_a_hostile_layer_is_refused(tmp_path: Path, outside: Path, what: str, way: str) -> None:
    layer = refused(str(outside))[what]
    ways = {"import": bytes, "docker-archive": docker_archive, "oci-archive": oci_archive}
    data = ways.get(way, on_top)(layer)
    refuses(Images(f"{tmp_path}/root", MemoryImageIndex()), way, data, tmp_path, outside)


@pytest.mark.parametrize("wrong", ["config", "manifest", "layer"])
def test_a_blob_with_a_wrong_digest_is_refused(tmp_path: Path, outside: Path, wrong: str) -> None:
    images = Images(f"{tmp_path}/root", MemoryImageIndex())
    fine = archive(entry("f", data=b"x"))
    refuses(images, "load", oci_archive(fine, wrong=wrong), tmp_path, outside)


def test_other_lies_of_an_archive_are_refused(tmp_path: Path, outside: Path) -> None:
    images = Images(f"{tmp_path}/root", MemoryImageIndex())
    fine = archive(entry("f", data=b"x"))
    packed = gzip.compress(fine)
    one = [{"Config": "c.json", "Layers": ["../../../etc/passwd"]}]
    for data in (
        docker_archive(fine, config_of(b"another")),
        docker_archive(fine, config_of(fine, fine)),
        docker_archive(packed[:-10], config_of(fine)),
        docker_archive(fine, b"{}"),
        docker_archive(fine, b"no JSON"),
        docker_archive(fine, json.dumps({"rootfs": {"diff_ids": ["sha256:../../../evil"]}}).encode()),
        archive(entry("manifest.json", data=json.dumps(one).encode()), entry("c.json", data=config_of(fine))),
        archive(entry("manifest.json", data=b'[{"Config": "/etc/passwd"}]')),
        archive(entry("manifest.json", data=b'[{"Config": 5}]')),
        archive(entry("manifest.json", data=b"[" * 100_000)),
        archive(entry("manifest.json", b"2", linkname="/etc/passwd")),
        archive(entry("oci-layout"), entry("index.json", data=b'{"manifests":[{"digest":"sha256:../../x"}]}')),
        archive(entry("oci-layout"), entry("index.json", data=b'{"manifests":[{"digest":"md5:00"}]}')),
        gzip.compress(docker_archive(fine))[:-20],
        archive(entry("something", data=b"else")),
        archive(entry("manifest.json", data=b"[]")),
        archive(entry("oci-layout"), entry("index.json", data=b'{"manifewts":[]}')),
        b"",
    ):
        refuses(images, "load", data, tmp_path, outside)


def test_a_directory_of_links_leads_nowhere(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "layout"
    folder.mkdir()
    (folder / "manifest.json").symlink_to(outside / "canary")
    images = Images(f"{tmp_path}/root", MemoryImageIndex())
    with pytest.raises(SeaboxError):
        images.load(str(folder))
    assert images.list() == []

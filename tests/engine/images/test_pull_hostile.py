"""Every hostile archive as a layer that a registry gives."""

from __future__ import annotations

import gzip
import json
import os
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.images.conftest import make_engine
from seabox.errors import SeaboxError
from seabox.images.manifest import OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of, new_manifest
from unit.images.archives import refused
from unit.images.test_unpack import CANARY, untouched

if TYPE_CHECKING:
    from engine.images.conftest import Registry


def send(method: str, url: str, data: bytes = b"", kind: str = "application/octet-stream") -> str:
    """What the answer says of a location."""
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.headers.get("Location", ""))


def publish(registry: Registry, name: str, layer: bytes) -> None:
    """`name` is an image with this one layer, packed, without anybody having looked at it."""
    packed = gzip.compress(layer, 1)
    config = json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}).encode()
    for blob in (packed, config):
        place = send("POST", f"http://{registry.host}/v2/{name}/blobs/uploads/")
        send("PUT", f"{place}&digest={digest_of(blob)}", blob)
    manifest = new_manifest(config, [Descriptor(f"{OCI_LAYER}+gzip", digest_of(packed), len(packed))])
    send("PUT", f"http://{registry.host}/v2/{name}/manifests/1", manifest, OCI_MANIFEST)


def test_hostile_layers_are_refused(registry: Registry, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_bytes(CANARY)
    (outside / "canary").chmod(0o600)
    archives = refused(str(outside))
    assert len(archives) >= 40
    with make_engine(tmp_path / "engine", "overlay") as engine:
        for number, (what, layer) in enumerate(sorted(archives.items())):
            name = f"hostile/n{number}"
            publish(registry, name, layer)
            with pytest.raises(SeaboxError) as refusal:
                engine.images.pull(f"{registry.host}/{name}:1", access=registry.access)
            assert "\n" not in str(refusal.value), what
            assert engine.images.list() == [], what
            assert os.listdir(f"{engine.config.root}/blobs/sha256") == [], what
            assert os.listdir(f"{engine.config.root}/layers") == [".lock"], what
    assert untouched(outside)

"""Archives in podman's form, made from ours: the same images, described as podman describes them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

OURS = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv")
SHM = "/dev/shm"

Change = Callable[[dict[str, Any], dict[str, Any]], object]


def as_podmans(ours: Path, theirs: Path, *, shm: dict[str, bytes] | None = None, change: Change | None = None) -> None:
    """The archive `theirs` holds what the uncompressed one `ours` does.

    `shm` is what was in its /dev/shm, if that was a mount from outside. `change(config, spec)` gets the descriptions.
    """
    with tarfile.open(ours) as tar, tarfile.open(theirs, "w:gz") as out:
        members = {member.name: member for member in tar if member.isfile()}

        def data(name: str) -> bytes:
            file = tar.extractfile(members[name])
            assert file is not None
            return file.read()

        config, spec = _descriptions(json.loads(data("checkpoint.json"))["config"], json.loads(data("spec.dump")))
        if change is not None:
            change(config, spec)
        layer, deleted = _split(data("rootfs-diff.tar"))
        _add(out, "devshm-checkpoint.tar", _tar(shm or {}))
        for name, value in (("config.dump", config), ("spec.dump", spec), ("network.status", None)):
            _add(out, name, json.dumps(value).encode())
        for name in members:
            if name.startswith("criu/"):
                _add(out, name.replace("criu/", "checkpoint/"), data(name))
            elif name == "ctr.log" or name.startswith(("volumes/", "artifacts/")):
                _add(out, name, data(name))
        _add(out, "rootfs-diff.tar", layer)
        if deleted:
            _add(out, "deleted.files", json.dumps(deleted).encode())


def _descriptions(ours: dict[str, Any], spec: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    volumes = [mount for mount in ours.get("mounts", ()) if mount["type"] == "volume"]
    outside = (*OURS, SHM, *(mount["destination"] for mount in volumes))
    spec = spec | {"annotations": {"io.podman.annotations.init": "FALSE"}}
    asked = json.loads(json.dumps(spec))
    asked["mounts"] = [mount for mount in spec["mounts"] if mount["destination"] not in outside]
    for mount in asked["mounts"]:
        mount.setdefault("options", [])
    config = {
        "spec": asked, "id": ours["id"], "name": ours["name"], "rootfsImageID": ours["image_id"],
        "rootfsImageName": ours["image"], "runtime": "runc", "command": list(ours["argv"]), "createWorkingDir": True,
        "createNetNS": False, "shmSize": 65536000, "logDriver": "k8s-file", "stopSignal": 15, "stopTimeout": 10,
        "labels": ours.get("labels", {}), "unheard_of": [1],
        "namedVolumes": [
            {"volumeName": each["source"], "dest": each["destination"], "options": each["options"]} for each in volumes
        ],
    }  # fmt: skip
    return config, spec


def _split(layer: bytes) -> tuple[bytes, list[str]]:
    """A layer without its whiteouts and its root, and what the whiteouts hide."""
    out, deleted = io.BytesIO(), []
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar, tarfile.open(fileobj=out, mode="w") as new:
        for member in tar:
            folder, _, name = member.name.rpartition("/")
            if name.startswith(".wh."):
                deleted.append(f"/{folder}/{name.removeprefix('.wh.')}".replace("//", "/"))
            elif member.name.strip("./"):
                new.addfile(member, tar.extractfile(member) if member.isfile() else None)
    return out.getvalue(), deleted


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            _add(tar, name, data)
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))

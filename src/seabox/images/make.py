"""Images made here: of a container, or of an archive of a file system."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from copy import deepcopy

import msgspec

from ..errors import InvalidArgument
from . import changes as change_lines
from . import manifest as manifests
from .arrival import arrived, opened
from .diff import changes as differences
from .layertar import archive
from .pieces import Hashed, compression, from_fd, gzipped, plain
from .tarwrite import END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ..model.container import ContainerConfig
    from ..model.image import ImageRow
    from .catalog import Catalog
    from .diff import Change
    from .index import Happening
    from .manifest import Descriptor, Platform
    from .skopeo import Progress

# What the engine and the runtime make as places for mounts: not the container's own doing.
_PLACES = frozenset((
    "/dev", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/proc", "/run", "/run/.containerenv",
    "/run/notify", "/run/secrets", "/sys",
))  # fmt: skip
_OURS = ("container", "HOSTNAME", "TERM", "HOME")  # variables that the engine sets


def container_changes(config: ContainerConfig, upper: str, lowers: Sequence[str], full: bool) -> Iterator[Change]:
    """What a container changed, without the places of its mounts."""
    if not os.path.isdir(upper):  # it never ran
        return
    places = _PLACES | {mount.destination.rstrip("/") for mount in config.mounts}
    places |= {use.target for use in config.secrets}
    for change in differences(upper, lowers, full=full):
        if change.path not in places and not change.path.startswith(("/dev/", "/proc/", "/sys/")):
            yield change


def commit(
    catalog: Catalog, config: ContainerConfig, base: ImageRow | None, upper: str, lowers: Sequence[str], full: bool,
    names: Sequence[str], *, changes: Sequence[str], message: str, author: str, docker: bool, volumes: bool,
    pack: Callable[[str], None] | None, progress: Progress | None, given: Mapping[str, Any],
) -> str:  # fmt: skip
    """The container's changes are a layer on its image; with `pack`, which writes all of its files into an archive,
    the only one. See Images.commit."""
    if base is None:
        raise InvalidArgument("a container without an image cannot be committed: import its directory instead")
    say = progress or (lambda _: None)
    document: dict[str, Any] = msgspec.json.decode(base.config)
    settings = document.setdefault("config", {})
    _take_over(settings, config)
    if docker:
        said = {"Hostname": config.hostname, "Image": config.asked.get("image") or config.image}
        document |= {"container": config.id, "container_config": deepcopy(settings) | said}
    if volumes and (places := [mount.destination for mount in config.mounts if mount.type in ("bind", "volume")]):
        settings["Volumes"] = {**(settings.get("Volumes") or {}), **{place: {} for place in places}}
    change_lines.put_over(settings, given)
    change_lines.apply(settings, changes)
    old = manifests.read_manifest(base.manifest).layers or []
    below = document["rootfs"]["diff_ids"]
    say("Getting image source signatures")
    with catalog.adding(), catalog.files.workspace() as workspace, ExitStack() as undo:
        pieces: Iterable[bytes] = (END,)  # it never ran
        if pack is not None:
            pack(f"{workspace}/root.tar")
            old, below, document["history"] = [], [], []
            pieces = from_fd(undo.enter_context(opened(f"{workspace}/root.tar")))
        elif os.path.isdir(upper):
            pieces = archive(upper, container_changes(config, upper, lowers, full))
        for each in old:
            say(f"Copying blob {each.digest} skipped: already exists")
        raw = Hashed(pieces)
        layer = _store(catalog, raw)
        say(f"Copying blob {layer.digest}")
        document["rootfs"] = {"type": "layers", "diff_ids": [*below, f"sha256:{raw.digest}"]}
        _note(document, " ".join(config.argv) or "commit", message, author)
        document.pop("comment", None)  # of the image below
        if docker and message:
            document["comment"] = message
        id = _finish(catalog, document, [*old, layer], names, (), docker=docker)
        for line in (f"Copying config sha256:{id}", "Writing manifest to image destination", "Storing signatures"):
            say(line)
        return id


def _take_over(settings: dict[str, Any], config: ContainerConfig) -> None:
    """What the container was told beyond its image becomes the image's default."""
    env = {entry.partition("=")[0]: entry.partition("=")[2] for entry in settings.get("Env") or []}
    env |= {key: value for key, value in config.env.items() if key not in _OURS or key in env}
    for key, value in (
        ("Env", [f"{key}={value}" for key, value in env.items()]),
        ("Cmd", list(config.command)),
        ("Entrypoint", list(config.entrypoint)),
        ("User", config.user),
        ("WorkingDir", "" if config.workdir == "/" else config.workdir),
        ("Labels", dict(config.labels)),
    ):
        if value:
            settings[key] = value
        else:
            settings.pop(key, None)


def import_tar(
    catalog: Catalog, path: str | Iterable[bytes], names: Sequence[str], *, changes: Sequence[str], message: str,
    platform: Platform,
) -> str:  # fmt: skip
    """The archive is an image's only layer. See Images.import_tar."""
    settings: dict[str, Any] = {}
    change_lines.apply(settings, changes)
    document: dict[str, Any] = {"architecture": platform.architecture, "os": platform.os, "config": settings}
    with catalog.adding(), catalog.files.workspace() as workspace, ExitStack() as undo:
        fd = arrived(path, workspace, undo)
        with plain(fd) as (pieces, _):
            kind = compression(os.pread(fd, 6, 0))
            raw = Hashed(pieces)
            if kind in ("gzip", "zstd"):
                for _ in raw:
                    pass
                digest, size = catalog.files.copy_blob(from_fd(fd))
                media = f"{manifests.OCI_LAYER}+{kind}"
                layer = manifests.Descriptor(media, f"sha256:{digest}", size)
            else:
                layer = _store(catalog, raw)
            document["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{raw.digest}"]}
            _note(document, "import", message or "imported from tarball", "")
            return _finish(catalog, document, [layer], names, [("import", path if isinstance(path, str) else "-")])


def _store(catalog: Catalog, pieces: Iterable[bytes]) -> Descriptor:
    digest, size = catalog.files.copy_blob(gzipped(pieces))
    return manifests.Descriptor(f"{manifests.OCI_LAYER}+gzip", f"sha256:{digest}", size)


def _note(document: dict[str, Any], by: str, message: str, author: str) -> None:
    """One more line of history, of now."""
    import datetime

    now = datetime.datetime.fromtimestamp(time.time_ns() // 10**9, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    created = f"{now}.{time.time_ns() % 10**9:09d}Z"
    document["created"] = created
    entry = {"created": created, "created_by": by}
    if author:
        document["author"] = entry["author"] = author
    if message:
        entry["comment"] = message
    document["history"] = [*(document.get("history") or []), entry]


def _finish(
    catalog: Catalog, document: dict[str, Any], layers: list[Descriptor], names: Sequence[str],
    events: Sequence[Happening], *, docker: bool = False,
) -> str:  # fmt: skip
    config = msgspec.json.encode(document)
    catalog.files.write_blob(config)
    return catalog.register(manifests.new_manifest(config, layers, docker=docker), names, events)

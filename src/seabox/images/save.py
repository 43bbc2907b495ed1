"""Images into archives and directories, in docker's and OCI's forms. The raw bytes of manifests and blobs are kept."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

import msgspec

from ..errors import Damaged, InvalidArgument
from ..kernel.entries import Description, new_file
from ..kernel.files import make_dir, remove_file, remove_tree, rename, write_all
from ..model.digests import digest_of
from ..model.image import ImageRow
from . import manifest as manifests
from . import tarwrite
from .arrival import opened
from .config import diff_ids
from .pieces import Hashed, compression, from_fd, gzipped, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from .catalog import Catalog

    Named = Sequence[tuple[ImageRow, set[str]]]

FORMS = ("docker-archive", "oci-archive", "oci-dir", "docker-dir")
_PLAIN = Description(0o644, None, None, None, {})


def check(images: Named, form: str) -> None:
    """Nothing, if these images can be had in this form. Raises: InvalidArgument."""
    if form not in FORMS:
        raise InvalidArgument(f"unknown format {form!r}: it must be one of {', '.join(FORMS)}")
    if not images:
        raise InvalidArgument("no image was named")
    if form == "docker-dir" and len({row.id for row, _ in images}) > 1:
        raise InvalidArgument("the format docker-dir holds one image")


def save(catalog: Catalog, images: Named, path: str | int, form: str, *, compress: bool = False) -> None:
    """The images are there in this form. See Images.save."""
    check(images, form)
    if form.endswith("-archive"):
        _write(archived(catalog, images, form), path)
        return
    if not isinstance(path, str):
        raise InvalidArgument(f"the format {form} needs a directory to write to")
    with catalog.adding():
        if compress:
            images = [(_compressed(catalog, row), names) for row, names in images]
        _folder(path, _oci_files(catalog, images) if form == "oci-dir" else _dir_files(catalog, images[0][0]))


def archived(catalog: Catalog, images: Named, form: str, *, compress: bool = False) -> Iterator[bytes]:
    """The images as an archive; in a form that ends in "-dir", one of that directory. Raises: Damaged, OSError."""
    with catalog.adding(), catalog.files.workspace() as workspace:
        if compress and form.endswith("-dir"):
            images = [(_compressed(catalog, row), names) for row, names in images]
        if form == "docker-archive":
            yield from _docker_archive(catalog, images, workspace)
        elif form == "docker-dir":
            yield from _tar(catalog, _dir_files(catalog, images[0][0]))
        else:
            yield from _tar(catalog, _oci_files(catalog, images))


def _write(pieces: Iterator[bytes], path: str | int) -> None:
    if isinstance(path, int):
        for piece in pieces:
            write_all(path, piece)
        return
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO, /dev/stdout...
            fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                _write(pieces, fd)
            finally:
                os.close(fd)
            return
    folder, name = os.path.split(os.path.realpath(path))
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    unfinished = f".{name[:200]}.{os.urandom(6).hex()}~"
    try:
        new_file(fd, unfinished, pieces, _PLAIN)
        rename(f"{folder}/{unfinished}", f"{folder}/{name}")
    except BaseException:
        remove_file(f"{folder}/{unfinished}")
        raise
    finally:
        os.close(fd)


def _folder(path: str, files: Iterator[tuple[str, Iterator[bytes]]]) -> None:
    if os.path.lexists(path) and (not os.path.isdir(path) or os.listdir(path)):
        raise InvalidArgument(f"{path} exists and is not an empty directory")
    made = not os.path.isdir(path)
    make_dir(path, 0o755)
    try:
        for name, pieces in files:
            place = path
            for part in name.split("/")[:-1]:
                place = f"{place}/{part}"
                make_dir(place, 0o755)
            fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                new_file(fd, name.rpartition("/")[2], pieces, _PLAIN)
            finally:
                os.close(fd)
    except BaseException:
        if made:
            remove_tree(path)
        raise


def _blob(catalog: Catalog, digest: str) -> Iterator[bytes]:
    try:
        fd = os.open(catalog.files.blob(digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Damaged(f"the blob sha256:{digest} is missing") from None
    try:
        yield from from_fd(fd)
    finally:
        os.close(fd)


def _dir_files(catalog: Catalog, image: ImageRow) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "version", iter([b"Directory Transport Version: 1.1\n"])
    for digest in dict.fromkeys(manifests.blobs_of(image.manifest)[1:]):
        yield digest, _blob(catalog, digest)
    yield "manifest.json", iter([image.manifest])


def _compressed(catalog: Catalog, image: ImageRow) -> ImageRow:
    """The image with a manifest whose layers are all compressed. Their blobs stay until somebody collects."""
    found = manifests.read_manifest(image.manifest)
    layers = []
    for layer in found.layers or []:
        with opened(catalog.files.blob(layer.sha256)) as fd:
            if not compression(os.pread(fd, 6, 0)):
                digest, size = catalog.files.copy_blob(gzipped(from_fd(fd)))
                layer = manifests.Descriptor(f"{manifests.OCI_LAYER}+gzip", f"sha256:{digest}", size)
        layers.append(layer)
    if layers == found.layers:
        return image
    raw = manifests.new_manifest(image.config, layers, docker=found.kind() == manifests.DOCKER_MANIFEST)
    return ImageRow(image.id, image.names, image.layers, image.config, image.created_at, raw)


def _oci_files(catalog: Catalog, images: Named) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "oci-layout", iter([b'{"imageLayoutVersion":"1.0.0"}'])
    listed, written = [], set[str]()
    for image, names in images:
        raw = manifests.as_oci(image.manifest, image.config)
        entry = {
            "mediaType": manifests.OCI_MANIFEST, "digest": digest_of(raw), "size": len(raw),
        }  # fmt: skip
        listed += [
            {**entry, "annotations": {"org.opencontainers.image.ref.name": name}}
            for name in sorted(names)
            if "@" not in name
        ] or [entry]
        for digest in manifests.blobs_of(raw):
            if digest not in written:
                written.add(digest)
                manifest = f"sha256:{digest}" == digest_of(raw)
                yield f"blobs/sha256/{digest}", iter([raw]) if manifest else _blob(catalog, digest)
    yield "index.json", iter([msgspec.json.encode({"schemaVersion": 2, "manifests": listed})])


def _tar(catalog: Catalog, files: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    for name, pieces in files:
        if catalog.files.has_blob(name.rpartition("/")[2]):
            size = os.stat(catalog.files.blob(name.rpartition("/")[2])).st_size
            yield tarwrite.header(name, size=size)
            yield from tarwrite.exactly(pieces, size)
        else:
            yield tarwrite.file(name, b"".join(pieces))
    yield tarwrite.END


def _docker_archive(catalog: Catalog, images: Named, workspace: str) -> Iterator[bytes]:
    listed: dict[str, dict[str, Any]] = {}
    tags: dict[str, list[str]] = {}
    written: set[str] = set()
    for image, names in images:
        tags.setdefault(image.id, []).extend(sorted(name for name in names if "@" not in name))
        if image.id in listed:
            continue
        layers = manifests.read_manifest(image.manifest).layers or []
        ids = diff_ids(image)
        listed[image.id] = {"Config": f"{image.id}.json", "Layers": [f"{each}.tar" for each in ids]}
        yield tarwrite.file(f"{image.id}.json", image.config)
        for diff_id, layer in zip(ids, layers, strict=True):
            if diff_id not in written:
                written.add(diff_id)
                yield from _plain_layer(catalog, diff_id, layer.sha256, workspace)
    document = [
        {"Config": entry["Config"], "RepoTags": list(dict.fromkeys(tags[id])), "Layers": entry["Layers"]}
        for id, entry in listed.items()
    ]
    yield tarwrite.file("manifest.json", msgspec.json.encode(document))
    yield tarwrite.file("repositories", msgspec.json.encode(_tops(listed, tags)))
    yield tarwrite.END


def _tops(listed: Mapping[str, Mapping[str, Any]], tags: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """The top layer of each name, as archives had it before they had manifests: some clients still look for it."""
    found: dict[str, dict[str, str]] = {}
    for id, names in tags.items():
        for name in names:
            repository, _, tag = name.rpartition(":")
            if layers := listed[id]["Layers"]:
                found.setdefault(repository, {})[tag] = layers[-1].removesuffix(".tar")
    return found


def _plain_layer(catalog: Catalog, diff_id: str, digest: str, workspace: str) -> Iterator[bytes]:
    """The layer uncompressed. Its size goes before it, so it is put into a file first."""
    try:
        fd = os.open(catalog.files.blob(digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Damaged(f"the layer sha256:{digest} is missing") from None
    try:
        if compression(os.pread(fd, 6, 0)):
            folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                with plain(fd) as (pieces, _):
                    content = Hashed(pieces)
                    new_file(folder, diff_id, content, _PLAIN)
            finally:
                os.close(folder)
            if content.digest != diff_id:
                raise Damaged(f"the layer sha256:{digest} is not what its diff id says")
            os.close(fd)
            fd = os.open(f"{workspace}/{diff_id}", os.O_RDONLY | os.O_CLOEXEC)
            remove_file(f"{workspace}/{diff_id}")
        size = os.fstat(fd).st_size
        yield tarwrite.header(f"{diff_id}.tar", size=size)
        yield from tarwrite.exactly(from_fd(fd), size)
    finally:
        os.close(fd)

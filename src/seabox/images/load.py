"""Images out of archives and directories: docker's and OCI's forms. Nothing but what they name is read."""

from __future__ import annotations

import os
import posixpath
import stat
from contextlib import ExitStack

import msgspec

from ..errors import Damaged, InvalidArgument, Unsupported
from ..kernel.files import open_in_root
from ..model.decoding import decode
from ..model.digests import digest_of
from . import manifest as manifests
from .arrival import arrived, opened, spool
from .pieces import compression, from_fd, plain
from .reference import DEFAULT_TAG, local_name, parse
from .tarstream import FILE, HARD_LINK, LINK, Archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    from .catalog import Catalog
    from .index import Happening
    from .skopeo import Progress

    class Source(Protocol):
        """Files by name."""

        def open(self, name: str) -> tuple[int, int, int]:
            """An fd that the source keeps, and offset and size of the file's data. Raises: FileNotFoundError."""


_DOCUMENT_LIMIT = 8 << 20
_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
_LINKS = 16


class _DockerImage(msgspec.Struct, frozen=True, rename="pascal"):
    config: str
    repo_tags: list[str] | None = None
    layers: list[str] | None = None


class _Tar:
    """The files in an archive that is one file. Of several of one name the last counts, as when unpacking."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        archive = Archive(from_fd(fd))
        for member in archive:
            name = posixpath.normpath(member.name.lstrip("/"))
            if member.kind == FILE:
                self._files[name] = archive.position, member.size
            elif member.kind == LINK:
                self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.link))
            elif member.kind == HARD_LINK:
                self._links[name] = posixpath.normpath(member.link.lstrip("/"))

    def open(self, name: str) -> tuple[int, int, int]:
        name = posixpath.normpath(name)
        for _ in range(_LINKS):
            if name in self._files:
                return self._fd, *self._files[name]
            if name not in self._links:
                break
            name = self._links[name]
        raise FileNotFoundError(2, "no such file in the archive", name)


class _Folder:
    """The files below a directory, which may be a stranger's."""

    def __init__(self, path: str, undo: ExitStack) -> None:
        self._path, self._undo = path, undo

    def open(self, name: str) -> tuple[int, int, int]:
        fd = open_in_root(self._path, name, os.O_RDONLY | os.O_NONBLOCK)
        self._undo.callback(os.close, fd)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Damaged(f"{name} is not a regular file")
        return fd, 0, found.st_size


def load(
    catalog: Catalog, path: str | Iterable[bytes], progress: Progress | None, event: str = "loadfromarchive",
    told: str = "",
) -> list[str]:
    """The images are here; a name of each, or its id. See Images.load."""
    say = progress or (lambda _: None)
    with catalog.adding(), ExitStack() as undo:
        workspace = undo.enter_context(catalog.files.workspace())
        source = _source(path, workspace, undo)
        say("Getting image source signatures")
        loading = _Loading(catalog, source, say, [(event, told or _shown(path))])
        if loading.has("index.json") and loading.has("oci-layout"):
            found = loading.oci(loading.document("index.json"), "", 0)
        elif loading.has("manifest.json"):
            found = loading.docker()
        else:
            found = []
        if not found:
            raise _no_image(_shown(path))
        say("Writing manifest to image destination")
        say("Storing signatures")
        return found


def load_layout(catalog: Catalog, path: str, progress: Progress | None) -> str:
    """The one image in the directory `path` (an OCI layout, or skopeo's `dir:` form) is here, without a name; its id.

    Inside `adding`. Raises: InvalidArgument (there is none), Damaged.
    """
    with ExitStack() as undo:
        loading = _Loading(catalog, _Folder(path, undo), progress or (lambda _: None), ())
        layout = loading.has("index.json")
        found = loading.oci(loading.document("index.json"), "", 0) if layout else loading.docker()
    if not found:
        raise _no_image(path)
    return found[0]


def _no_image(path: str) -> InvalidArgument:
    return InvalidArgument(
        f"{path}: payload does not match any of the supported image formats: oci-archive, oci-dir, docker-archive, "
        "docker-dir"
    )


def _shown(path: str | Iterable[bytes]) -> str:
    return path if isinstance(path, str) else "-"


def _source(path: str | Iterable[bytes], workspace: str, undo: ExitStack) -> Source:
    if isinstance(path, str) and os.path.isdir(path):
        return _Folder(path, undo)
    fd = arrived(path, workspace, undo)
    if compression(os.pread(fd, 6, 0)):
        with plain(fd) as (pieces, _):
            spool(pieces, workspace, "archive")
        fd = undo.enter_context(opened(f"{workspace}/archive"))
    if os.fstat(fd).st_size == 0 or os.pread(fd, 5, 257) != b"ustar":
        raise _no_image(_shown(path))
    return _Tar(fd)


class _Loading:
    def __init__(self, catalog: Catalog, source: Source, say: Progress, events: Sequence[Happening]) -> None:
        self.catalog, self.source, self.say, self.events = catalog, source, say, events

    def has(self, name: str) -> bool:
        try:
            self.source.open(name)
        except OSError:
            return False
        return True

    def document(self, name: str) -> bytes:
        fd, offset, size = self._open(name)
        if size > _DOCUMENT_LIMIT:
            raise Damaged(f"{name} has {size} bytes: too many")
        return b"".join(from_fd(fd, offset, size))

    def _open(self, name: str) -> tuple[int, int, int]:
        try:
            return self.source.open(name)
        except OSError as problem:
            raise Damaged(f"{name}: {(problem.strerror or 'it cannot be read').lower()}") from None

    def docker(self) -> list[str]:
        """All images of a docker-archive, or the one of skopeo's `dir:` form."""
        raw = self.document("manifest.json")
        if raw.lstrip()[:1] == b"{":
            for digest in manifests.blobs_of(raw)[1:]:
                self._blob(digest, digest)
            return [self.catalog.register(raw, [], self.events)]
        try:
            listed = decode(raw, list[_DockerImage])
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise Damaged(f"manifest.json cannot be read: {problem}") from None
        found: list[str] = []
        for image in listed:
            config = self.document(image.config)
            layers = []
            for name in image.layers or []:
                fd, offset, size = self._open(name)
                kind = manifests.layer_type(os.pread(fd, min(6, size), offset))
                digest, size = self.catalog.files.copy_blob(from_fd(fd, offset, size))
                self.say(f"Copying blob sha256:{digest}")
                layers.append(manifests.Descriptor(kind, f"sha256:{digest}", size))
            self.say(f"Copying config {digest_of(config)}")
            self.catalog.files.write_blob(config)
            names = [str(parse(_complete(tag))) for tag in image.repo_tags or []]
            id = self.catalog.register(manifests.new_manifest(config, layers), names, self.events)
            found += names or [id]
        return found

    def oci(self, raw: bytes, name: str, depth: int) -> list[str]:
        """All images of an index, or the one for this platform of an index within one."""
        index = manifests.read_manifest(raw)
        if depth:
            if depth > 3:
                raise Damaged("an index in an index in an index")
            listed = [manifests.choose(index, manifests.this_platform())]
        else:
            listed = list(index.manifests or [])
        found: list[str] = []
        for each in listed:
            document = self.document(f"blobs/sha256/{each.sha256}")
            if digest_of(document) != each.digest:
                raise Damaged(f"the manifest {each.digest} is not what its digest says")
            called = name or self._name_of(each)
            manifest = manifests.read_manifest(document)
            if manifest.is_index:
                found += self.oci(document, called, depth + 1)
                continue
            if manifest.config is None:
                raise Unsupported(f"a manifest of the type {manifest.kind()!r} is not supported")
            for digest in manifests.blobs_of(document)[1:]:
                self.say(f"Copying {'config' if digest == manifest.config.sha256 else 'blob'} sha256:{digest}")
                self._blob(f"blobs/sha256/{digest}", digest)
            id = self.catalog.register(document, [called] if called else [], self.events)
            found.append(called or id)
        return found

    def _name_of(self, each: manifests.Descriptor) -> str:
        notes = each.annotations or {}
        if full := notes.get(_CONTAINERD_NAME):
            return str(parse(_complete(full)))
        return local_name(notes[_NAME]) if notes.get(_NAME) else ""

    def _blob(self, name: str, digest: str) -> None:
        if not self.catalog.files.has_blob(digest):
            self.catalog.files.copy_blob(from_fd(*self._open(name)), digest)


def _complete(name: str) -> str:
    """docker's archives leave out its own registry."""
    found = parse(name)
    return name if found.registry else f"docker.io/{found.repository}:{found.tag or DEFAULT_TAG}"

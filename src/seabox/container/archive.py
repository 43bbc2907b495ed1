"""A checkpoint and all that belongs to it as one file: a tar archive, perhaps compressed.

    checkpoint.json       first: what was checkpointed, with the container's configuration
    spec.dump             config.json as it was
    criu/                 criu's images; those of a pre-checkpoint that they build upon are in an archive of their own
    artifacts/, ctr.log   the container's own
    secrets/              its copies of secrets, whose bytes its memory may hold as well
    volumes/NAME.tar      what is in its volumes, unless they are file systems of their own
    rootfs-diff.tar       what it had written, as a layer of an image: whiteouts, attributes and all
"""

from __future__ import annotations

import os
import stat
import zlib
from itertools import chain

from ..errors import Unsupported
from ..images import tarwrite
from ..images.diff import changes
from ..images.layertar import archive as layer_archive
from ..images.pieces import PIECE, zstd
from ..kernel import files
from ..kernel.entries import attributes_of
from ..kernel.process import clean_env, kill_group, reap, spawn
from . import dumping, saved_volumes, secret_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..kernel.landing import Landing
    from ..model.container import ContainerConfig
    from .services import Services

ROOTFS, LOG, ARTIFACTS, VOLUMES = "rootfs-diff.tar", "ctr.log", "artifacts", "volumes"


def pack(on: Services, config: ContainerConfig, place: str, *, rootfs: bool, volumes: bool) -> Iterator[bytes]:
    """The archive of the checkpoint in the directory `place`, in pieces. Files are made there meanwhile.

    The container must not write while this goes on.
    """
    static = on.config.static_dir(config.id)
    for name in (dumping.ABOUT, dumping.SPEC):
        yield from _file(f"{place}/{name}", name)
    yield from _folder(f"{place}/{dumping.IMAGES}", dumping.IMAGES)
    yield from _folder(f"{static}/{ARTIFACTS}", ARTIFACTS)
    yield from _folder(f"{static}/{secret_files.FOLDER}", secret_files.FOLDER)
    if config.log.driver == "k8s-file":
        yield from _file(config.log.path, LOG)
    if rootfs:
        upper, lowers = on.storage.upper_dir(config.id), [on.layer_dir(layer) for layer in reversed(config.layers)]
        found = changes(upper, lowers, full=on.storage.name == "vfs")
        yield from _made(place, ROOTFS, chain(_root(upper), layer_archive(upper, found)))
    for name in saved_volumes.plain_ones(on, config) if volumes else ():
        yield from _made(place, f"{VOLUMES}/{name}.tar", saved_volumes.pack(on, name))
    yield tarwrite.END


def _made(place: str, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A member whose size is known only when all of it has been made."""
    made = f"{place}/made"
    files.write_pieces(made, pieces)
    yield from _file(made, name)
    files.remove_file(made)


def _root(upper: str) -> Iterator[bytes]:
    """How `/` itself looks: no layer tells, unless it is asked for."""
    found = os.stat(upper)
    yield tarwrite.header(
        "./", kind=stat.S_IFDIR, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid,
        modified=found.st_mtime_ns, attributes=attributes_of(upper, ("trusted.overlay.", "security.selinux")),
    )  # fmt: skip


def _folder(path: str, name: str) -> Iterator[bytes]:
    """The regular files in a directory."""
    try:
        found = sorted(os.listdir(path))
    except FileNotFoundError:
        return
    for each in found:
        if os.path.isfile(f"{path}/{each}") and not os.path.islink(f"{path}/{each}"):
            yield from _file(f"{path}/{each}", f"{name}/{each}")


def _file(path: str, name: str) -> Iterator[bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(fd)
        yield tarwrite.header(name, mode=0o600, size=found.st_size, modified=found.st_mtime_ns)
        yield from tarwrite.exactly(_read(fd), found.st_size)
    finally:
        os.close(fd)


def _read(fd: int) -> Iterator[bytes]:
    while piece := os.read(fd, PIECE):
        yield piece


def compressed(pieces: Iterable[bytes], file: Landing, kind: str) -> None:
    """The file holds the pieces, compressed as `kind` says: "none", "gzip" or "zstd".

    Raises: Unsupported (no program zstd), OSError.
    """
    if kind == "zstd":
        _through_zstd(pieces, file)
    elif kind == "gzip":
        file.write(_gzip(pieces))
    else:
        file.write(pieces)


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        if out := stream.compress(piece):
            yield out
    yield stream.flush()


def _through_zstd(pieces: Iterable[bytes], file: Landing) -> None:
    program = zstd()
    if not program:
        raise Unsupported("compression with zstd needs the program zstd: install the package zstd, or use gzip or none")
    theirs, ours = os.pipe()
    try:
        try:
            child = spawn(
                [program, "-q", "-c", "-1", "-T0"], env=clean_env(), stdin=theirs, stdout=file.fileno(), new_group=True
            )
        finally:
            os.close(theirs)
        try:
            try:
                for piece in pieces:
                    files.write_all(ours, piece)
            finally:
                os.close(ours)
                ours = -1
            code = reap(child)
        except BrokenPipeError:
            code = reap(child)
        except BaseException:
            kill_group(child)
            raise
    finally:
        if ours >= 0:
            os.close(ours)
    if code:
        raise OSError(28, "zstd could not write the archive: no space left on the device?", "")

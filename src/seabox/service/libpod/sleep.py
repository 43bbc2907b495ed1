"""podman's routes that put containers to sleep on disk, and wake them; archives of them come and go as bodies."""

from __future__ import annotations

import os
from contextlib import suppress

from ...errors import InvalidArgument, NoSuchContainer, SeaboxError
from ...kernel import files
from ...kernel.nameless import open_nameless
from ..lifecycle import named
from ..response import TAR, Response, Stream, json
from ..routing import Route, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...engine import Engine
    from ...model.checkpoint import Statistics
    from ..request import Request

_PIECE = 1 << 18


def checkpoint(on: Engine, ask: Request) -> Response:
    """Its processes are on disk and gone, or all there is of them is in the archive that is answered."""
    ctr = named(on, ask)
    wanted: dict[str, Any] = {
        "keep": ask.flag("keep"), "keep_running": ask.flag("leaveRunning"),
        "tcp_established": ask.flag("tcpEstablished"), "tcp_close": ask.flag("tcpClose"),
        "file_locks": ask.flag("fileLocks"), "ignore_rootfs": ask.flag("ignoreRootFS"),
        "ignore_volumes": ask.flag("ignoreVolumes"), "pre_checkpoint": ask.flag("preCheckpoint"),
        "with_previous": ask.flag("withPrevious"), "cancel": ask.cancel,
    }  # fmt: skip
    if not ask.flag("export"):
        return json(_report("checkpoint", ctr.checkpoint(**wanted)))
    path = f"{on.config.root}/.{os.urandom(8).hex()}~"
    try:
        ctr.checkpoint(export=path, compression=ask.text("compression"), **wanted)
        archive = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        with suppress(FileNotFoundError):
            files.remove_file(path)
    return Stream(_Pieces(archive), TAR)


class _Pieces:
    """What is in a file, which is closed with this."""

    def __init__(self, fd: int) -> None:
        self._file = open(fd, "rb", buffering=0)  # noqa: SIM115

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Nothing is open."""
        self._file.close()


def restore(on: Engine, ask: Request) -> Response:
    """Its processes go on, or those in the archive, or in an image that was made of one."""
    if ask.flag("import"):
        return _import(on, ask)
    try:
        ctr = named(on, ask)
    except NoSuchContainer:
        if not on.images.exists(ask.place("name")):
            raise
        return _arrive(on, ask, ask.place("name"), image=True)
    for word in ("name", "pod", "publishPorts"):
        if ask.text(word):
            raise InvalidArgument(f"{word} can only be used with import, or an image")
    done = ctr.restore(
        keep=ask.flag("keep"), tcp_established=ask.flag("tcpEstablished"), tcp_close=ask.flag("tcpClose"),
        file_locks=ask.flag("fileLocks"), ignore_static_ip=ask.flag("ignoreStaticIP"),
        ignore_static_mac=ask.flag("ignoreStaticMAC"), cancel=ask.cancel,
    )  # fmt: skip
    return json(_report("restore", done))


def _import(on: Engine, ask: Request) -> Response:
    files.make_dirs(on.config.root, 0o700)
    archive = open_nameless(on.config.root)
    path = f"/proc/self/fd/{archive}"
    try:
        for piece in ask.pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(archive, rest) :]
        return _arrive(on, ask, path)
    except SeaboxError as problem:
        problem.args = tuple(
            word.replace(path, "the archive") if isinstance(word, str) else word for word in problem.args
        )
        raise
    finally:
        os.close(archive)


def _arrive(on: Engine, ask: Request, source: str, *, image: bool = False) -> Response:
    took: list[Statistics] = []
    way = on.containers.restore_image if image else on.containers.restore
    way(
        source, name=ask.text("name") or None, pod=ask.text("pod") or None, publish=ask.text("publishPorts").split(),
        report=took.append, keep=ask.flag("keep"), tcp_established=ask.flag("tcpEstablished"),
        tcp_close=ask.flag("tcpClose"), file_locks=ask.flag("fileLocks"), ignore_rootfs=ask.flag("ignoreRootFS"),
        ignore_volumes=ask.flag("ignoreVolumes"), ignore_static_ip=ask.flag("ignoreStaticIP"),
        ignore_static_mac=ask.flag("ignoreStaticMAC"), allow_privileges=ask.flag("allowPrivileges"), cancel=ask.cancel,
    )  # fmt: skip
    return json(_report("restore", took[0]))


def _report(word: str, done: Statistics) -> dict[str, object]:
    return {"Id": done.id, f"runtime_{word}_duration": done.runtime, "criu_statistics": done.criu}


_CONNECTIONS = (
    flag("tcpEstablished", about="Connections are kept"), flag("tcpClose", about="Connections are closed ones"),
    flag("fileLocks", about="File locks are kept"),
)  # fmt: skip
_FILES = (flag("ignoreRootFS", about="Without the files it has written"), flag("ignoreVolumes"))
_KEEP = flag("keep", about="What criu made stays")
_STATISTICS = flag("printStats", about="Accepted, without effect: the answer always has them")

ROUTES = (
    Route(
        "POST", "/libpod/containers/{name}/checkpoint", checkpoint, _KEEP, *_CONNECTIONS, *_FILES, _STATISTICS,
        flag("leaveRunning"), flag("preCheckpoint", about="Only the memory, the processes going on"),
        flag("withPrevious", about="Only what has changed since"), flag("export", about="Answer an archive"),
        text("compression", "zstd", "zstd, gzip or none"), answer="raw",
    ),
    Route(
        "POST", "/libpod/containers/{name}/restore", restore, _KEEP, *_CONNECTIONS, *_FILES, _STATISTICS,
        flag("import", about="From the archive in the body; the name in the path does not count"),
        text("name", about="The container's new name, with import"), text("pod"), text("publishPorts"),
        flag("ignoreStaticIP"), flag("ignoreStaticMAC"),
        flag("allowPrivileges", about="Of an archive that asks for more than a container gets by default"),
        body="raw",
    ),
)  # fmt: skip

"""An archive as a regular file, wherever it comes from: a path, a pipe, an address of the web."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from ..errors import InvalidArgument, SeaboxError
from ..kernel.entries import Description, new_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import ExitStack

_PIECE = 1 << 20
_TIMEOUT = 60.0  # s without a byte


def is_address(path: str) -> bool:
    """Whether it is to be fetched over HTTP."""
    return path.startswith(("http://", "https://"))


def arrived(path: str | Iterable[bytes], workspace: str, undo: ExitStack) -> int:
    """An fd of a regular file with what there is at `path`, or these bytes, open until `undo`. Blocks.

    Raises: InvalidArgument (nothing can be had from the address), OSError.
    """
    if not isinstance(path, str) or is_address(path):
        spool(fetched(path) if isinstance(path, str) else path, workspace, "stream")
        return undo.enter_context(opened(f"{workspace}/stream"))
    fd = undo.enter_context(opened(path))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        spool(_until_end(fd), workspace, "stream")
        fd = undo.enter_context(opened(f"{workspace}/stream"))
    return fd


def spool(pieces: Iterable[bytes], folder: str, name: str) -> None:
    """They are a file in the folder."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        new_file(fd, name, iter(pieces), Description(0o600, None, None, None, {}))
    finally:
        os.close(fd)


@contextmanager
def opened(path: str) -> Iterator[int]:
    """The file, open for reading."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _until_end(fd: int) -> Iterator[bytes]:
    while piece := os.read(fd, _PIECE):
        yield piece


def fetched(address: str) -> Iterator[bytes]:
    """What there is at an address of the web. Raises: InvalidArgument (nothing can be had), SeaboxError."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=_TIMEOUT) as answer:
            while piece := answer.read(_PIECE):
                yield piece
    except HTTPError as problem:
        raise InvalidArgument(f"{address}: {problem.code} {problem.reason}") from None
    except (OSError, HTTPException, ValueError) as problem:
        raise SeaboxError(f"{address}: {getattr(problem, 'reason', problem)}") from None

"""Files without a name: nobody else can open them, and they go with their last descriptor."""

from __future__ import annotations

import errno
import os

from .effects import effect
from .files import write_all

_NO_TMPFILE = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)


@effect("open")
def open_nameless(folder: str) -> int:
    """A new file on the disk of `folder`, open for reading and writing. Raises: OSError."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        if problem.errno not in _NO_TMPFILE:
            raise
    path = f"{folder}/.{os.urandom(8).hex()}~"
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return fd


@effect("open")
def in_memory(data: bytes) -> int:
    """A new file that holds `data` and is on no disk. Raises: OSError."""
    fd = os.memfd_create("seabox", os.MFD_CLOEXEC)
    try:
        write_all(fd, data)
    except BaseException:
        os.close(fd)
        raise
    return fd


@effect("truncate")
def make_empty(fd: int) -> None:
    """The file is 0 bytes long."""
    os.ftruncate(fd, 0)

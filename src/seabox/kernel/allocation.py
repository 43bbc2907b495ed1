"""Space on a file system, as such: how much is free, and keeping some that nobody else can take."""

from __future__ import annotations

import os

from .effects import effect

_BLANK = bytes(32)


def free_space(path: str) -> int:
    """Bytes that this process may still write on the file system of `path`."""
    found = os.statvfs(path)
    return found.f_frsize * (found.f_bavail if os.geteuid() else found.f_bfree)


@effect("allocate")
def allocate(path: str, size: int) -> None:
    """The file `path`, made if it was absent (mode 0600), has `size` bytes, and all of them their place.

    Raises: OSError ENOSPC.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if os.fstat(fd).st_size > size:
            os.ftruncate(fd, size)
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)


@effect("blank")
def blank(path: str) -> None:
    """The file `path` begins with 32 zeros, after a power cut as well; it keeps its place on disk."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if os.pread(fd, len(_BLANK), 0) != _BLANK:
            os.pwrite(fd, _BLANK, 0)
            os.fsync(fd)
    finally:
        os.close(fd)

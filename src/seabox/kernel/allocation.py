"""Space on a file system, as such: how much is free, and keeping some that nobody else can take."""

from __future__ import annotations

import os

from .effects import effect


def free_space(path: str) -> int:
    """Bytes that this process may still write on the file system of `path`."""
    found = os.statvfs(path)
    return found.f_frsize * (found.f_bavail if os.geteuid() else found.f_bfree)


@effect("allocate")
def allocate(path: str, size: int) -> None:
    """The file `path`, made if it was absent (mode 0600), has at least `size` bytes and all of them their place.

    Raises: OSError ENOSPC.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)


@effect("shrink")
def shrink(path: str, by: int) -> bool:
    """The file `path` has given back `by` bytes, or what it had; False if that was nothing."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        size = os.fstat(fd).st_size
        os.ftruncate(fd, max(0, size - by))
        return size > 0
    finally:
        os.close(fd)


@effect("blank")
def blank(path: str, size: int) -> None:
    """The first `size` bytes of the file `path` are zero, after a power cut as well; it keeps its place on disk."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(fd, bytes(size), 0)
        os.fsync(fd)
    finally:
        os.close(fd)

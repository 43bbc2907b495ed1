"""flock(2): locks that the kernel frees when their holder dies.

Two surprises stop here. A forked child keeps an inherited flock, so every release is an explicit LOCK_UN before
close. A lock file may be unlinked by whoever removed its object, so a lock counts only while its path still
names the inode that was locked.
"""

from __future__ import annotations

import fcntl
import os
import time

from .effects import effect

_FIRST_PAUSE = 0.0005  # s
_LONGEST_PAUSE = 0.02  # s


@effect("lock")
def lock_file(path: str, *, timeout: float | None, shared: bool = False) -> int | None:
    """Take flock on `path` (made if need be, mode 0600) and return the fd to give to `unlock`; None when time is up.

    Blocks up to `timeout` seconds (0 = just try, None = for ever). flock has no timed form, so a bounded wait
    asks again with growing pauses up to 20 ms. Raises FileNotFoundError if the directory is not there.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not _acquire(fd, how, deadline):
                os.close(fd)
                return None
            try:
                current = os.stat(path)
            except FileNotFoundError:
                current = None
            mine = os.fstat(fd)
            if current is not None and (current.st_ino, current.st_dev) == (mine.st_ino, mine.st_dev):
                return fd
        except BaseException:
            os.close(fd)
            raise
        unlock(fd)  # the file was removed while we waited: what it guarded is gone or new


def _acquire(fd: int, how: int, deadline: float | None) -> bool:
    if deadline is None:
        fcntl.flock(fd, how)
        return True
    pause = _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)


@effect("unlock")
def unlock(fd: int) -> None:
    """The lock behind `fd` is free, also where a forked child still has the fd; `fd` is closed."""
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def holder_of(path: str) -> int:
    """The pid that holds flock on `path` according to /proc/locks, 0 if none is shown."""
    try:
        inode = os.stat(path).st_ino
        with open("/proc/locks") as locks:
            for line in locks:
                words = line.split()
                if words[1] == "FLOCK" and words[5].rpartition(":")[2] == str(inode):
                    return int(words[4])
    except (OSError, IndexError, ValueError):
        pass
    return 0

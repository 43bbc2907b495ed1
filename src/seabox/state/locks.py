"""The lock of each object: excludes other processes and other threads, taken in one order, never waited for in vain."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from enum import IntEnum

from ..errors import Busy, SeaboxError
from ..kernel import files
from ..kernel.locks import holder_of, lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class LockOrderError(SeaboxError):
    """A bug in the caller: locks taken out of order, or one lock taken twice. Use `batch()` for nested calls."""


class Rank(IntEnum):
    """The order in which kinds of locks are taken."""

    POD = 0
    CONTAINER = 1
    VOLUME = 2
    SECRET = 3


_mine = threading.local()  # .held: list[tuple[Rank, str]] in the order taken by this thread


def _held() -> list[tuple[Rank, str]]:
    held: list[tuple[Rank, str]] = _mine.__dict__.setdefault("held", [])
    return held


class Held:
    """One lock that is held; it can be let go for a while and taken again."""

    __slots__ = ("_fd", "_key", "_locks")

    def __init__(self, locks: Locks, key: tuple[Rank, str], fd: int) -> None:
        self._locks, self._key, self._fd = locks, key, fd

    @property
    def is_held(self) -> bool:
        """Whether the lock is held now."""
        return self._fd >= 0

    def release(self) -> None:
        """The lock is free; no effect if it was already."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            unlock(fd)
            _held().remove(self._key)

    def reacquire(self) -> None:
        """The lock is held again. Blocks up to the lock timeout. Raises: Busy."""
        assert self._fd < 0, "the lock is held"
        self._fd = self._locks.acquire(self._key)

    def discard(self) -> None:
        """The lock and its file and directory are gone: what it guarded does not exist (any more)."""
        self._locks.remove(self._key)
        self.release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """The lock is free inside the block and held again after it, also when the block raises."""
        self.release()
        try:
            yield
        finally:
            self.reacquire()


class Locks:
    """Lock files found by `path_of(rank, name)`; a lock that cannot be had in `timeout` seconds names its holder."""

    def __init__(self, path_of: Callable[[Rank, str], str], timeout: float) -> None:
        self._path_of, self._timeout = path_of, timeout

    @contextmanager
    def hold(self, rank: Rank, *names: str, timeout: float | None = None) -> Iterator[list[Held]]:
        """Every lock of `names` is held inside the block, taken in one order.

        Blocks up to the lock timeout, or `timeout` seconds, for each.
        Raises: Busy (names the holder; try again), LockOrderError (a bug: use batch()).
        """
        taken: list[Held] = []
        try:
            for name in sorted(set(names)):
                key = (rank, name)
                taken.append(Held(self, key, self.acquire(key, timeout)))
            yield taken
        finally:
            for held in reversed(taken):
                held.release()

    def try_hold(self, rank: Rank, name: str) -> Held | None:
        """The lock if it is free this moment, else None. For readers that mend what they find."""
        held = _held()
        if held and (rank, name) <= held[-1]:
            return None
        fd = self._open((rank, name), 0)
        if fd is None:
            return None
        held.append((rank, name))
        return Held(self, (rank, name), fd)

    def acquire(self, key: tuple[Rank, str], timeout: float | None = None) -> int:
        """The fd of the lock `key`, held; the order is checked first."""
        held = _held()
        if held and key <= held[-1]:
            raise LockOrderError(f"lock {key[1]} ({key[0].name.lower()}) wanted while {held[-1][1]} is held")
        fd = self._open(key, self._timeout if timeout is None else timeout)
        if fd is None:
            raise Busy(f"{key[0].name.lower()} {key[1]}", describe(holder_of(self._path_of(*key))))
        held.append(key)
        return fd

    def remove(self, key: tuple[Rank, str]) -> None:
        """The lock file is gone and so is its directory if that was all in it; the lock stays held by its holder."""
        path = self._path_of(*key)
        files.remove_file(path)
        try:
            files.remove_dir(os.path.dirname(path))
        except OSError:
            return

    def _open(self, key: tuple[Rank, str], timeout: float) -> int | None:
        path = self._path_of(*key)
        deadline = time.monotonic() + timeout
        while True:
            try:
                return lock_file(path, timeout=max(0.0, deadline - time.monotonic()))
            except FileNotFoundError:  # a reboot emptied the run directory, or its object was just removed
                files.make_dirs(os.path.dirname(path), 0o700)


class RankedLocks:
    """The locks of one rank, as the room that they are of knows them; `folder` is where those of such ranks are."""

    __slots__ = ("_folder", "_locks", "_rank")

    def __init__(self, locks: Locks, rank: Rank, folder: str) -> None:
        self._locks, self._rank, self._folder = locks, rank, folder

    def hold(self, name: str) -> AbstractContextManager[list[Held]]:
        """Held inside the block. Raises: Busy."""
        return self._locks.hold(self._rank, name)

    def try_hold(self, name: str) -> Held | None:
        """The lock, if it is free this moment."""
        return self._locks.try_hold(self._rank, name)

    def names(self) -> list[str]:
        """Those that were taken and not discarded since the machine was started."""
        prefix = f"{self._rank.name.lower()}-"
        try:
            found = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return [name.removeprefix(prefix) for name in found if name.startswith(prefix)]


def describe(pid: int) -> str:
    """A process in words for an error text."""
    if not pid:
        return "an unknown process"
    try:
        with open(f"/proc/{pid}/comm") as comm:
            return f"process {pid} ({comm.read().strip()})"
    except OSError:
        return f"process {pid}"

"""Waiting: one poll over the ends of processes, changes of files and a cancel from another thread."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import sys
from contextlib import suppress
from time import monotonic

from .. import diagnostics
from ..errors import Cancelled, TimedOut
from .libc import check, libc
from .process import milliseconds, pidfd_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from ..model.record import ProcessId

    Fired = str | int | ProcessId

RECHECK_SECONDS = 1.0  # how often files are looked at where inotify is not to be had

_MODIFY, _ATTRIB, _CLOSE_WRITE, _MOVED, _CREATE, _DELETE = 0x2, 0x4, 0x8, 0xC0, 0x100, 0x200
_SELF = 0x400 | 0x800  # deleted, moved
_IN_DIR = _CREATE | _MOVED | _DELETE | _CLOSE_WRITE | _ATTRIB | _SELF
_IN_FILE = _MODIFY | _ATTRIB | _SELF
_CLOSING = b"seabox-closing"
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM)


def _close_inotify(fd: int) -> None:
    """The descriptor is closed soon: the kernel takes 10 ms over it (a grace period), which nobody need wait for.

    By a thread that is none of the interpreter's: one of those that begins when the program has just come to its end
    crashes (Python 3.11).
    """
    thread = ctypes.c_ulong()
    if libc.pthread_create(ctypes.byref(thread), None, ctypes.cast(libc.close, ctypes.c_void_p), ctypes.c_void_p(fd)):
        os.close(fd)  # no more threads
    else:
        libc.pthread_setname_np(thread, _CLOSING)
        libc.pthread_detach(thread)


def closing() -> bool:
    """Whether descriptors of this process are still on their way to be closed."""
    for task in os.listdir("/proc/self/task"):
        with suppress(OSError), open(f"/proc/self/task/{task}/comm", "rb") as file:
            if file.read().strip() == _CLOSING:
                return True
    return False


class Cancel:
    """Ends a wait from another thread: pass it to the waiting call, then `fire` it. Stays fired."""

    __slots__ = ("fd", "fired")

    def __init__(self) -> None:
        self.fired = False
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # readable once fired

    def fire(self) -> None:
        """Every wait that looks at this object ends with Cancelled, now and later. From any thread."""
        self.fired = True
        os.eventfd_write(self.fd, 1)

    def __del__(self) -> None:  # not a close(): a late fire() in another thread must never hit a reused number
        if hasattr(self, "fd"):
            os.close(self.fd)


class Watch:
    """A set of things to wait for. Add first, then check your condition, then `wait`, then check again.

    With a `timeout` in seconds all its waits together take no longer. Belongs to one thread; only its `Cancel` may be
    touched by others.
    """

    __slots__ = ("_cancel", "_end", "_inotify", "_paths", "_pidfds", "_poller", "_unwatched")

    def __init__(self, cancel: Cancel | None = None, timeout: float | None = None) -> None:
        self._cancel = cancel
        self._end = None if timeout is None else monotonic() + timeout
        self._poller = select.poll()
        self._inotify = -1
        self._paths: dict[int, set[str]] = {}  # by inotify watch descriptor
        self._pidfds: dict[int, ProcessId] = {}
        self._unwatched: set[str] = set()  # paths that can only be looked at again and again
        if cancel is not None:
            self._poller.register(cancel.fd, select.POLLIN)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is watched any more."""
        for pidfd in self._pidfds:
            os.close(pidfd)
        self._pidfds.clear()
        if self._inotify >= 0:
            _close_inotify(self._inotify)
            self._inotify = -1

    def add_dir(self, path: str) -> None:
        """`path` fires when a file in it is made, removed, renamed, closed after writing or touched, or it goes itself.

        Without inotify (the instances of a user are few) it fires every RECHECK_SECONDS instead.

        Raises: OSError (there is no such directory).
        """
        self._add(path, _IN_DIR)

    def add_file(self, path: str) -> None:
        """`path` fires when the file is written to, touched, renamed or removed; else as `add_dir`."""
        self._add(path, _IN_FILE)

    def _add(self, path: str, mask: int) -> None:
        try:
            if self._inotify < 0:
                self._inotify = check(libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "inotify_init1")
                self._poller.register(self._inotify, select.POLLIN)
            wd = check(libc.inotify_add_watch(self._inotify, os.fsencode(path), mask), "inotify_add_watch", path)
        except OSError as problem:
            if problem.errno not in _EXHAUSTED:
                raise
            os.stat(path)
            diagnostics.debug("%s: looking at %s every %g s instead", problem, path, RECHECK_SECONDS)
            self._unwatched.add(path)
        else:
            self._paths.setdefault(wd, set()).add(path)

    def add_process(self, process: ProcessId) -> bool:
        """The ProcessId fires, once, when the process has ended; False if it already has (then nothing is added)."""
        pidfd = pidfd_open(process)
        if pidfd is None:
            return False
        self._pidfds[pidfd] = process
        self._poller.register(pidfd, select.POLLIN)
        return True

    def add_fd(self, fd: int, events: int = select.POLLIN) -> None:
        """The number `fd` fires in every wait in which it is ready."""
        self._poller.register(fd, events)

    def drop_fd(self, fd: int) -> None:
        """The number does not fire any more; to be called before it is closed."""
        self._poller.unregister(fd)

    @property
    def fds(self) -> list[int]:
        """One of these is readable when something fires: for who waits in a poll of his own, and then in `wait(0)`."""
        return [fd for fd in (self._inotify, *self._pidfds) if fd >= 0]

    @property
    def recheck_seconds(self) -> float | None:
        """How often such a waiter must look where no descriptor tells; None: he need not."""
        return RECHECK_SECONDS if self._unwatched else None

    def wait(self, timeout_seconds: float | None = None) -> set[Fired]:
        """Wait until something fires; returns all that did, the empty set if the time ran out. Blocks.

        A thing that fires may have changed or not: look at it.

        Raises: Cancelled, TimedOut (the time that the watch itself was given is up).
        """
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        ours = self._end is not None and (deadline is None or self._end < deadline)
        if ours:
            deadline = self._end
        while True:
            left = None if deadline is None else deadline - monotonic()
            recheck = bool(self._unwatched) and (left is None or left > RECHECK_SECONDS)
            ready = self._poller.poll(milliseconds(RECHECK_SECONDS if recheck else left))
            if self._cancel is not None and self._cancel.fired:
                raise Cancelled("the wait was cancelled")
            fired: set[Fired] = set()
            for fd, _ in ready:
                if fd == self._inotify:
                    fired |= self._changes()
                elif fd in self._pidfds:
                    fired.add(self._pidfds.pop(fd))
                    self._poller.unregister(fd)
                    os.close(fd)
                elif self._cancel is None or fd != self._cancel.fd:
                    fired.add(fd)
            if not ready and recheck:
                fired |= self._unwatched
            if fired:
                return fired
            if deadline is not None and deadline <= monotonic():
                if ours:
                    raise TimedOut("the time given for the wait is up")
                return fired

    def _changes(self) -> set[str]:
        found: set[str] = set()
        try:
            events = os.read(self._inotify, 1 << 16)
        except BlockingIOError:
            return found
        while events:
            wd, length = (
                int.from_bytes(events[:4], sys.byteorder, signed=True),
                int.from_bytes(events[12:16], sys.byteorder),
            )
            if wd == -1:  # the kernel dropped events: anything may have changed
                found.update(*self._paths.values())
            found |= self._paths.get(wd, set())
            events = events[16 + length :]
        return found

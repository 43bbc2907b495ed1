"""A program that is run to its end, what it writes being collected, or taken as it comes."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack
from time import monotonic

from ..errors import Cancelled, TimedOut
from .process import exit_code, kill_group, milliseconds, pidfd_of, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .watch import Cancel

_GIVING_UP = 5.0  # s that a program gets to end by itself when it is not wanted any more


class Finished:
    """How a program ended: its exit code (128+n for signal n, -1 unknown) and what it wrote."""

    __slots__ = ("code", "err", "out")

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out, self.err = code, out, err

    def __repr__(self) -> str:
        return f"Finished({self.code}, {self.out!r}, {self.err!r})"


class Running:
    """A program under way, in a process group of its own, so that ^C reaches only us. It must be finished.

    Raises: OSError as `spawn`.
    """

    __slots__ = ("_deadline", "_kept", "_limit", "_name", "_pid", "_seconds", "_undo")

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str = "/", input: bytes = b"",
        timeout_seconds: float, output_limit: int = 1 << 20,
    ) -> None:  # fmt: skip
        self._name, self._seconds, self._limit = argv[0], timeout_seconds, output_limit
        self._deadline = monotonic() + timeout_seconds
        self._kept: dict[int, bytearray] = {}
        with ExitStack() as undo:
            stdin = None
            if input:
                stdin = os.memfd_create("stdin")  # a file, not a pipe: nobody has to pump it
                undo.callback(os.close, stdin)
                os.writev(stdin, [input])
                os.lseek(stdin, 0, os.SEEK_SET)
            ends = []
            for _ in range(2):
                ours, theirs = os.pipe()
                self._kept[ours] = bytearray()
                ends.append(theirs)
                undo.callback(os.close, ours)
            try:
                self._pid = spawn(argv, env=env, cwd=cwd, stdin=stdin, stdout=ends[0], stderr=ends[1], new_group=True)
            finally:
                for theirs in ends:
                    os.close(theirs)
            self._undo = undo.pop_all()

    def finish(self, cancel: Cancel | None = None, give_up: Callable[[], None] | None = None) -> Finished:
        """The program has ended and is reaped. Blocks; whatever ends this call early kills the group.

        But before it is killed for being late or cancelled, `give_up` is called, which makes it end by itself: one that
        then ends well has come before that. Raises: TimedOut, Cancelled.
        """
        unwanted: TimedOut | Cancelled | None = None
        with self._undo as undo:
            try:
                if (pidfd := pidfd_of(self._pid)) is not None:  # else something else in this process has reaped it
                    undo.callback(os.close, pidfd)
                if not _collect(pidfd, self._kept, self._deadline, self._limit, cancel):
                    unwanted = TimedOut(f"{self._name} did not finish within {self._seconds:g} s")
                    if cancel is not None and cancel.fired:
                        unwanted = Cancelled(f"{self._name} was cancelled")
                    if give_up is None:
                        raise unwanted
                    give_up()
                    if not _collect(pidfd, self._kept, monotonic() + _GIVING_UP, self._limit):
                        raise unwanted
            except BaseException:
                kill_group(self._pid)
                raise
            code = exit_code(self._pid)
        if unwanted is not None and code:
            raise unwanted
        out, err = self._kept.values()
        return Finished(code, bytes(out), bytes(err))


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str = "/",
    input: bytes = b"",
    timeout_seconds: float,
    output_limit: int = 1 << 20,
) -> Finished:
    """The program has run and is reaped. Output beyond `output_limit` bytes per stream is thrown away. Blocks.

    It runs in a process group of its own, so ^C reaches only us; whatever ends this call early kills the group.

    Raises: TimedOut (it is killed), OSError as `spawn`.
    """
    return Running(
        argv, env=env, cwd=cwd, input=input, timeout_seconds=timeout_seconds, output_limit=output_limit
    ).finish()


class Output:
    """What a program writes to its standard output, to be read as it comes; nobody hears of its errors but `close`.

    It is in a process group of its own. Raises: OSError as `spawn`.
    """

    __slots__ = ("_pid", "_said", "fd")

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        with ExitStack() as undo:
            self._said = os.memfd_create("stderr")
            undo.callback(os.close, self._said)
            self.fd, theirs = os.pipe()  # `fd` is readable when `read` gives something
            undo.callback(os.close, self.fd)
            try:
                self._pid = spawn(argv, env=env, stdout=theirs, stderr=self._said, new_group=True)
            finally:
                os.close(theirs)
            os.set_blocking(self.fd, False)
            undo.pop_all()

    def read(self) -> bytes | None:
        """What has come, b"" at the end, None if there is nothing yet."""
        try:
            return os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return None

    def close(self, *, ended: bool = False) -> Finished:
        """The program is gone; `ended`: by itself, its output was read to the end. Else it is killed. Once only."""
        code = exit_code(self._pid) if ended else kill_group(self._pid)
        said = os.pread(self._said, 1 << 16, 0)
        os.close(self.fd)
        os.close(self._said)
        return Finished(code, b"", said)


def _collect(
    pidfd: int | None, kept: dict[int, bytearray], deadline: float, limit: int, cancel: Cancel | None = None
) -> bool:
    """Read the pipes until the process has ended (pidfd None: it has); False if it is not wanted for so long."""
    for fd in kept:
        os.set_blocking(fd, False)
    if pidfd is not None:
        poller = select.poll()
        for fd in (pidfd, *kept):
            poller.register(fd, select.POLLIN)
        if cancel is not None:
            poller.register(cancel.fd, select.POLLIN)
        while pidfd not in (ready := [fd for fd, _ in poller.poll(milliseconds(deadline - monotonic()))]):
            if not ready or (cancel is not None and cancel.fired):
                return False
            for fd in ready:
                if not _read(fd, kept[fd], limit):
                    poller.unregister(fd)
    for fd, data in kept.items():
        for _ in range(16):  # what the pipe still holds, at most 1 MiB: a grandchild may write to it for ever
            if not _read(fd, data, limit):
                break
    return True


def _read(fd: int, data: bytearray, limit: int) -> bool:
    """Add to `data` what is in the pipe now; False if no more will come."""
    try:
        chunk = os.read(fd, 1 << 16)
    except BlockingIOError:
        return True
    data += chunk[: limit - len(data)]
    return bool(chunk)

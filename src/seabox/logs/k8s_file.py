"""Reading a container's k8s-file log: all of it, its end, or on and on."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from .lines import Assembler, LogLine, parse_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Protocol

    class Watch(Protocol):
        """What `kernel.watch.Watch` is to a reader."""

        def add_dir(self, path: str) -> None: ...
        def add_file(self, path: str) -> None: ...
        def wait(self, timeout_seconds: float | None = None) -> Collection[object]: ...


__all__ = ["LogLine", "follow", "read"]

_BLOCK = 64 << 10  # bytes


def read(
    path: str, *, tail: int | None = None, since: int | None = None, until: int | None = None
) -> Iterator[LogLine]:
    """The lines in the log, oldest first: of the last `tail` (None = of all) those from `since` to `until`, in ns.

    A log that does not exist is empty. Holds no more than a line in memory, or `tail` lines.

    Raises: OSError.
    """
    try:
        log = _open(path)
    except FileNotFoundError:
        return
    with log:
        lines = Assembler()
        yield from _within(_last(tail, log, lines, at_end=True), since, until)


def follow(
    path: str,
    *,
    ended: Callable[[], bool],
    watch: Watch,
    tail: int | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Iterator[LogLine]:
    """As `read`, then each line as it comes, until `ended` says that nothing more will be written or `until` is past.

    Blocks in `watch.wait`. The caller has added to `watch` whatever `ended` depends on, and closes it. What stands in
    an unfinished line is given as soon as there is nothing else to read. A log that is replaced or cut off is
    followed from its new beginning.

    Raises: OSError, and what `watch.wait` raises (Cancelled).
    """
    watch.add_dir(os.path.dirname(path) or ".")
    lines = Assembler()
    log: _Log | None = None
    first = True
    try:
        while True:
            over = ended() or (until is not None and time.time_ns() > until)  # asked first: then all of it is there
            fresh = _reopened(path, log)
            if log is not None:
                yield from _within(log.lines(lines), since, until)
            if fresh is not None:
                if log is not None:
                    log.close()
                    yield from _within(lines.end(), since, until)
                log = fresh
                with suppress(FileNotFoundError):  # replaced already: found out in the next round
                    watch.add_file(path)
                yield from _within(_last(tail if first else None, log, lines, at_end=False), since, until)
                first = False
                continue  # it may have been replaced before the watch was there
            yield from _within(lines.flush(), since, until)
            if over:
                yield from _within(lines.end(), since, until)
                return
            watch.wait(None if until is None else max(0.0, (until - time.time_ns()) / 1e9) + 0.001)
    finally:
        if log is not None:
            log.close()


class _Log:
    """A log file open for reading, at the position `at`."""

    __slots__ = ("at", "fd")

    def __init__(self, fd: int) -> None:
        self.fd, self.at = fd, 0

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    def lines(self, lines: Assembler) -> Iterator[LogLine]:
        """What stands from `at` to the end of the file."""
        while block := os.pread(self.fd, _BLOCK, self.at):
            self.at += len(block)
            yield from lines.feed(block)


def _open(path: str) -> _Log:
    return _Log(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))


def _reopened(path: str, log: _Log | None) -> _Log | None:
    """The file that is now at `path` if it is another than `log`, or was cut off; None to go on with `log`."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if log is not None:
        known = os.fstat(log.fd)
        if (known.st_dev, known.st_ino) == (found.st_dev, found.st_ino):
            if known.st_size < log.at:
                log.at = 0
            return None
    try:
        return _open(path)
    except FileNotFoundError:
        return None


def _within(lines: Iterator[LogLine], since: int | None, until: int | None) -> Iterator[LogLine]:
    for line in lines:
        if (since is None or line.at >= since) and (until is None or line.at <= until):
            yield line


def _last(tail: int | None, log: _Log, lines: Assembler, *, at_end: bool) -> Iterator[LogLine]:
    """The last `tail` lines now in the log, None = all."""

    def all_lines() -> Iterator[LogLine]:
        yield from log.lines(lines)
        yield from lines.end() if at_end else lines.flush()

    if tail is None or tail < 0:
        yield from all_lines()
        return
    from collections import deque

    log.at = _beginning_of(tail, log.fd)
    yield from deque(all_lines(), tail)


def _beginning_of(tail: int, fd: int) -> int:
    """A position from which at least the last `tail` lines can be read whole.

    Goes backwards until it has seen so many ends of lines and then, for the beginnings of these lines, as long as
    each block has a piece of one.
    """
    position = os.fstat(fd).st_size
    ends, rest, streams = 0, b"", set[int]()  # the streams of which the line last met may begin further up
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        head, *entries = (os.pread(fd, size, position) + rest).split(b"\n")
        if position == 0:
            entries.insert(0, head)
        elif len(head) > 2 * _BLOCK:
            head = b""  # no entry is that long
        found_piece = False
        for raw in reversed(entries):
            entry = parse_entry(raw)
            if entry is None:
                continue
            _, stream, is_end, _ = entry
            if is_end:
                if ends >= tail:
                    streams.discard(stream)
                    continue
                ends += 1
                streams.add(stream)
                found_piece = True
            elif stream in streams:
                found_piece = True
            elif ends < tail:
                ends += 1
                streams.add(stream)
                found_piece = True
        rest = head
        if ends >= tail and not (streams and found_piece):
            return position + len(head) + 1 if position else 0
    return 0

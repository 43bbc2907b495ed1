"""Reading a container's k8s-file log: all of it, its end, or on and on."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from .lines import Assembler, LogLine, parse_entry, within

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

    An unfinished line comes last; one begun so long ago that the other stream has ended many lines since is not
    looked for among the last `tail`. PATH.1, the log before its last rotation, goes first. A log that does not exist
    is empty. Holds no more than a line in memory, or `tail` lines.

    Raises: OSError.
    """
    logs = _both(path)
    try:
        yield from within(_last(tail, logs, Assembler(), at_end=True), since, until)
    finally:
        for log in logs:
            log.close()


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
    before: tuple[int, int] | None = None  # which file was PATH.1 when `log` was opened
    opened: list[_Log] = []  # `log` is the last of them
    try:
        while True:
            over = ended() or (until is not None and time.time_ns() > until)  # asked first: then all of it is there
            replaced = _replaced(path, log)
            if log is not None:
                yield from within(log.lines(lines), since, until)
            if replaced and (fresh := _both(path)):
                opened += fresh
                if log is None:
                    yield from within(_last(tail, fresh, lines, at_end=False), since, until)
                else:
                    for missed in fresh[:-1]:  # rotated away after `log` was, before we looked
                        if missed.identity not in (log.identity, before):
                            yield from within(missed.lines(lines), since, until)
                    yield from within(lines.end(), since, until)
                log, before = fresh[-1], fresh[0].identity if len(fresh) > 1 else None
                while len(opened) > 1:
                    opened.pop(0).close()
                with suppress(FileNotFoundError):  # replaced already: found out in the next round
                    watch.add_file(path)
                continue  # it may have been replaced before the watch was there
            yield from within(lines.flush(), since, until)
            if over:
                yield from within(lines.end(), since, until)
                return
            watch.wait(None if until is None else max(0.0, (until - time.time_ns()) / 1e9) + 0.001)
    finally:
        for each in opened:
            each.close()


class _Log:
    """A log file open for reading, at the position `at`."""

    __slots__ = ("at", "fd", "identity")

    def __init__(self, fd: int) -> None:
        self.fd, self.at = fd, 0
        found = os.fstat(fd)
        self.identity = found.st_dev, found.st_ino

    def close(self) -> None:
        os.close(self.fd)

    def lines(self, lines: Assembler) -> Iterator[LogLine]:
        """What stands from `at` to the end of the file."""
        while block := os.pread(self.fd, _BLOCK, self.at):
            self.at += len(block)
            yield from lines.feed(block)


def _open(path: str) -> _Log:
    return _Log(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))


def _both(path: str) -> list[_Log]:
    """The log, and before it the one that it was before its last rotation; those of the two that there are."""
    found: list[_Log] = []
    for each in (path, f"{path}.1"):
        with suppress(FileNotFoundError):
            found.insert(0, _open(each))
    if len(found) == 2 and found[0].identity == found[1].identity:  # it has that name already, for its rotation
        found.pop().close()
    return found


def _replaced(path: str, log: _Log | None) -> bool:
    """Whether another file than `log` is at `path` now. One that was cut off is read from its new beginning."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    if log is None or log.identity != (found.st_dev, found.st_ino):
        return True
    if found.st_size < log.at:
        log.at = 0
    return False


def _last(tail: int | None, logs: list[_Log], lines: Assembler, *, at_end: bool) -> Iterator[LogLine]:
    """The last `tail` lines now in the logs, None = all."""
    wanted = logs

    def all_lines() -> Iterator[LogLine]:
        for log in wanted:
            yield from log.lines(lines)
        yield from lines.end() if at_end else lines.flush()

    if tail is None or tail < 0:
        yield from all_lines()
        return
    from collections import deque

    for position in reversed(range(len(logs))):
        logs[position].at = _beginning_of(tail, logs[position].fd)
        if logs[position].at:  # it has as many: what came before is not needed
            wanted = logs[position:]
            break
    yield from deque(all_lines(), tail)


def _beginning_of(tail: int, fd: int) -> int:
    """A position from which at least the last `tail` lines can be read whole.

    Goes backwards until it has seen so many ends of lines and then, for the beginnings of these lines, as long as
    each block has a piece of one.
    """
    position = os.fstat(fd).st_size
    ends, rest, ended = 0, b"", set[int]()
    streams = set[int]()  # the streams of which the line last met may begin further up
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
                ended.add(stream)
                if ends >= tail:
                    streams.discard(stream)
                    continue
                ends += 1
                streams.add(stream)
                found_piece = True
            elif stream in streams:
                found_piece = True
            elif ends < tail or stream not in ended:  # a line that is open still is given last of all
                ends += 1
                streams.add(stream)
                found_piece = True
        rest = head
        if ends >= tail and not (streams and found_piece):
            return position + len(head) + 1 if position else 0
    return 0

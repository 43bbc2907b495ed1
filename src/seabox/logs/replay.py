"""A k8s-file log as the bytes that were written, by position: for joining it to a live stream.

conmon writes down each piece that it reads, 8 KiB at most, as entries that bear the same time and stream. Such a group
of entries is one message to whoever is attached.
"""

from __future__ import annotations

import os
from contextlib import suppress

from .times import parse_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20  # bytes
_WIDEST = 2 << 20  # bytes; no group is that long in a log: 8192 empty lines take half a megabyte
_STREAMS = {b"stdout": 1, b"stderr": 2}


class Group:
    """Entries of one time and stream: the bytes `payload`, of which the log's entries end at `end` of file `file`."""

    __slots__ = ("end", "file", "key", "payload", "stream")

    def __init__(self, key: bytes, stream: int, payload: bytes, file: int, end: int) -> None:
        self.key, self.stream, self.payload, self.file, self.end = key, stream, payload, file, end


class Log:
    """The files of a log, oldest first, as they were found up to now; the last is the one that is written to.

    Each stays open, so what is rotated away can still be read.
    """

    __slots__ = ("_path", "fds", "identities")

    def __init__(self, path: str) -> None:
        """The log there is now; none is an empty one. Raises: OSError."""
        self._path = path
        self.fds: list[int] = []
        self.identities: list[tuple[int, int]] = []
        for each in (f"{path}.1", path):
            with suppress(FileNotFoundError):
                self._open(each)

    def close(self) -> None:
        """Nothing is open."""
        while self.fds:
            os.close(self.fds.pop())

    def _open(self, path: str) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(fd)
        identity = found.st_dev, found.st_ino
        if identity in self.identities:  # PATH.1 is but a second name, for the next rotation
            os.close(fd)
        else:
            self.fds.append(fd)
            self.identities.append(identity)

    def mark(self) -> tuple[int, int]:
        """Where the log ends now: a number of a file, and its size."""
        with suppress(FileNotFoundError):
            found = os.stat(self._path)
            if not self.identities or self.identities[-1] != (found.st_dev, found.st_ino):
                self._open(self._path)
        return (len(self.fds) - 1, os.fstat(self.fds[-1]).st_size) if self.fds else (0, 0)

    def groups(self, begin: tuple[int, int], end: tuple[int, int]) -> Iterator[Group]:
        """What stands between two positions; both are ends of entries, or in the midst of one that is left out."""
        for file in range(begin[0], min(end[0] + 1, len(self.fds))):
            at = begin[1] if file == begin[0] else 0
            size = end[1] if file == end[0] else os.fstat(self.fds[file]).st_size
            yield from self._groups(file, at, size)

    def _groups(self, file: int, at: int, size: int) -> Iterator[Group]:
        held: Group | None = None  # may go on in the next block
        rest = b""
        while at < size:
            block = os.pread(self.fds[file], min(_BLOCK, size - at), at)
            if not block:
                break
            at += len(block)
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if not newline:
                continue
            base = at - len(rest) - len(whole) - 1
            for group in split(whole + newline, file, base):
                if held is not None and held.key == group.key:
                    held.payload += group.payload
                    held.end = group.end
                    continue
                if held is not None:
                    yield held
                held = group
        if held is not None:
            yield held

    def before(self, end: tuple[int, int]) -> tuple[int, int]:
        """A position before which at least one whole group ends at or before `end`; the beginning if there is none."""
        file, size = end
        if size > _WIDEST and file < len(self.fds):
            around = os.pread(self.fds[file], _WIDEST, size - _WIDEST)
            return file, size - _WIDEST + around.find(b"\n") + 1
        return max(0, file - 1), 0


def split(entries: bytes, file: int = 0, base: int = 0) -> Iterator[Group]:
    """The groups in `entries`, which are whole. What is no entry is passed over."""
    at = 0
    while at < len(entries):
        key = _key(entries[at : at + 64])
        if not key:
            at = entries.index(b"\n", at) + 1
            continue
        last = _last(entries, key, at)
        end = entries.index(b"\n", last) + 1
        text = entries[at:end].replace(b"\n" + key + b"F ", b"\n")[len(key) + 2 :]
        if entries[last + len(key)] == 0x50:  # P: the last one is a piece of a line, and it alone can be
            text = text.replace(b"\n" + key + b"P ", b"\n")[:-1]
        yield Group(key, _STREAMS[key.split(b" ")[1]], text, file, base + end)
        at = end


def _last(entries: bytes, key: bytes, at: int) -> int:
    """Where the last entry begins of those with this key, of which one begins at `at`."""
    window = 512
    while True:
        if (found := entries.rfind(b"\n" + key, at, at + window)) >= 0:
            at, window = found + 1, min(2 * window, 1 << 18)
            continue
        following = entries.find(b"\n", at) + 1
        if not entries.startswith(key, following):
            return at
        at = following


def _key(entry: bytes) -> bytes:
    """The time and stream at the beginning of an entry, with a space after each; b"" if it is none."""
    stamp, _, rest = entry.partition(b" ")
    stream, space, tag = rest.partition(b" ")
    if not space or stream not in _STREAMS or tag[:2] not in (b"F ", b"P ") or parse_stamp(stamp) is None:
        return b""
    return stamp + b" " + stream + b" "

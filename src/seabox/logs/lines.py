"""From the entries of a log to the lines a container wrote, byte for byte.

An entry of a k8s-file log is `TIME STREAM TAG TEXT`: tag F ends a line, tag P is a piece of one (8 KiB at most) and
the rest follows in later entries of the same stream, between which those of the other may stand.
"""

from __future__ import annotations

from .times import parse_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT, STDERR = 1, 2
MAX_LINE = 1 << 20  # bytes; of a longer line each such piece is given at once
_STREAMS = {b"stdout": STDOUT, b"stderr": STDERR}


class LogLine:
    """A line, its newline included, or with `partial` a piece of one that goes on or was never ended.

    The payloads of one stream in order are exactly the bytes the container wrote to it. `at` in ns, of its beginning.
    """

    __slots__ = ("at", "partial", "payload", "stream")

    def __init__(self, at: int, stream: int, payload: bytes, partial: bool = False) -> None:
        self.at, self.stream, self.payload, self.partial = at, stream, payload, partial

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogLine) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # compared by value, never a key

    def __repr__(self) -> str:
        return f"LogLine({self.at}, {self.stream}, {self.payload!r}{', partial=True' if self.partial else ''})"


def parse_entry(raw: bytes) -> tuple[int, int, bool, bytes] | None:
    """Time, stream, whether it ends a line, and text of an entry without its newline; None for anything else."""
    parts = raw.split(b" ", 3)
    if len(parts) < 3 or parts[2] not in (b"F", b"P"):
        return None
    stream, at = _STREAMS.get(parts[1]), parse_stamp(parts[0])
    if stream is None or at is None:
        return None
    return at, stream, parts[2] == b"F", parts[3] if len(parts) == 4 else b""


class Assembler:
    """Takes a log in blocks of any size and gives its lines."""

    __slots__ = ("_lost", "_open", "_rest")

    def __init__(self) -> None:
        self._rest = b""  # of an entry whose newline has not come yet
        self._lost = False  # in the middle of an entry too long to be one
        self._open: dict[int, tuple[int, list[bytes], int]] = {}  # by stream: time, pieces and size of its open line

    def feed(self, block: bytes) -> Iterator[LogLine]:
        """The lines that `block` ends. What is no entry is passed over."""
        *whole, self._rest = (self._rest + block).split(b"\n")
        for raw in whole:
            if self._lost:
                self._lost = False
            elif (entry := parse_entry(raw)) is not None:
                yield from self.entry(*entry)
        if len(self._rest) > MAX_LINE:
            self._rest, self._lost = b"", True

    def entry(self, at: int, stream: int, ends: bool, text: bytes) -> Iterator[LogLine]:
        """The line that the text of an entry ends, if it `ends` one, or a piece that has become too long."""
        began, pieces, size = self._open.pop(stream, (at, [], 0))
        pieces.append(text)
        size += len(text)
        if ends:
            yield LogLine(began, stream, b"".join(pieces) + b"\n")
        elif size >= MAX_LINE:
            yield LogLine(began, stream, b"".join(pieces), True)
        else:
            self._open[stream] = began, pieces, size

    def flush(self) -> Iterator[LogLine]:
        """What there is of unfinished lines, as partial ones; more may follow."""
        for stream, (at, pieces, size) in sorted(self._open.items(), key=lambda item: item[1][0]):
            if size:
                yield LogLine(at, stream, b"".join(pieces), True)
        self._open.clear()

    def end(self) -> Iterator[LogLine]:
        """All that is left, also of a last entry that was cut off."""
        entry = parse_entry(self._rest)
        self._rest = b""
        if entry is not None:
            at, stream, _, text = entry
            yield from self.entry(at, stream, False, text)
        yield from self.flush()


def within(lines: Iterator[LogLine], since: int | None, until: int | None) -> Iterator[LogLine]:
    """Those of the lines that begin in this time, in ns."""
    for line in lines:
        if (since is None or line.at >= since) and (until is None or line.at <= until):
            yield line

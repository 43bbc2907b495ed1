"""Reading what a container wrote from the journal, through journalctl: all of it, its end, or on and on.

conmon sends each line as an entry, its newline included, and of a longer one pieces of 8 KiB, marked as such. What has
no newline yet it keeps to itself until one comes, or the end. The journal keeps every byte as it is.
"""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress

from ..errors import TimedOut, Unsupported
from ..kernel.process import clean_env
from ..kernel.programs import Output
from .lines import STDERR, STDOUT, Assembler, LogLine, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..kernel.watch import Watch

_PROGRAMS = ("/usr/bin/journalctl", "/bin/journalctl")
_FIELDS = "--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE"
_NO_JOURNAL = b"No journal files"  # it says, and ends well
_STREAMS = {b"6": STDOUT, b"3": STDERR}
_PATIENCE = 30.0  # s for the journal to store what it was sent
_FAR_AWAY = 1000  # entries between the pieces of one line


class Entry:
    """A line that was written to `stream` at `at` (ns), or with `ends` False a piece of one; `cursor` is its place."""

    __slots__ = ("at", "cursor", "ends", "stream", "text")

    def __init__(self, at: int, stream: int, ends: bool, text: bytes, cursor: str) -> None:
        self.at, self.stream, self.ends, self.text, self.cursor = at, stream, ends, text, cursor


class Parser:
    """Takes the journal's export format in blocks of any size and gives the entries that conmon made.

    An entry is fields and an empty line; a field is NAME=TEXT and a newline, or NAME, a newline, the length in eight
    bytes, so many bytes and a newline.
    """

    __slots__ = ("_fields", "_rest", "_seen")

    def __init__(self) -> None:
        self._seen = False
        self._rest = b""
        self._fields: dict[bytes, bytes] = {}

    @property
    def untouched(self) -> bool:
        """Whether nothing has come yet."""
        return not self._seen

    def feed(self, block: bytes) -> Iterator[Entry]:
        """The entries that `block` ends. What is none of conmon's is passed over."""
        data, at = self._rest + block, 0
        self._seen = self._seen or bool(block)
        while (newline := data.find(b"\n", at)) >= 0:
            name, equals, value = data[at:newline].partition(b"=")
            end = newline + 1
            if name and not equals:
                begin = end + 8
                size = int.from_bytes(data[end:begin], "little")
                end = begin + size + 1
                if begin > len(data) or end > len(data):
                    break
                value = data[begin : end - 1]
            at = end
            if name:
                self._fields[name] = value
                continue
            if (entry := _entry(self._fields)) is not None:
                yield entry
            self._fields = {}
        self._rest = data[at:]


def _entry(fields: dict[bytes, bytes]) -> Entry | None:
    text, stream = fields.get(b"MESSAGE"), _STREAMS.get(fields.get(b"PRIORITY", b""))
    at, cursor = fields.get(b"__REALTIME_TIMESTAMP", b""), fields.get(b"__CURSOR", b"")
    if text is None or stream is None or not at.isdigit() or not cursor:
        return None
    ends = b"CONTAINER_PARTIAL_MESSAGE" not in fields
    return Entry(int(at) * 1000, stream, ends, text.removesuffix(b"\n") if ends else text, cursor.decode())


def read(
    id: str, watch: Watch, *, tail: int | None = None, since: int | None = None, until: int | None = None
) -> Iterator[LogLine]:
    """The lines of container `id`, as `k8s_file.read` gives them: all that had been sent to the journal by now.

    Raises: Unsupported (no journal can be read here), and what `watch.wait` raises (Cancelled, TimedOut).
    """
    synchronize(watch)
    lines = Assembler()

    def all_lines() -> Iterator[LogLine]:
        for entry in entries(id, watch) if tail is None or tail < 0 else _newest(id, watch, tail)[0]:
            yield from lines.entry(entry.at, entry.stream, entry.ends, entry.text)
        yield from lines.end()

    yield from within(_last(tail, all_lines()), since, until)


def follow(
    id: str, watch: Watch, *, ended: Callable[[], bool], tail: int | None = None, since: int | None = None,
    until: int | None = None,
) -> Iterator[LogLine]:  # fmt: skip
    """As `read`, then each line as it comes, until `ended` says that no more will be sent or `until` is past.

    As `k8s_file.follow`. Raises: as `read`.
    """
    lines, cursor = Assembler(), ""

    def given(found: Iterator[Entry]) -> Iterator[LogLine]:
        nonlocal cursor
        for entry in found:
            cursor = entry.cursor
            yield from within(lines.entry(entry.at, entry.stream, entry.ends, entry.text), since, until)

    synchronize(watch)
    recent, newest = _newest(id, watch, max(0, tail or 0))
    if tail is not None and tail >= 0:
        cursor = newest
        begun = [line for entry in recent for line in lines.entry(entry.at, entry.stream, entry.ends, entry.text)]
        yield from within(_last(tail, iter([*begun, *lines.flush()])), since, until)
    coming = _journalctl(id, "--follow", "--no-tail", *_after(cursor))
    watch.add_fd(coming.fd)
    try:
        parser = Parser()
        while not ended() and (until is None or time.time_ns() <= until):
            while block := coming.read():
                yield from given(parser.feed(block))
            if block == b"":
                raise Unsupported("journalctl has ended before the container: its journal cannot be followed")
            yield from within(lines.flush(), since, until)
            watch.wait(None if until is None else max(0.0, (until - time.time_ns()) / 1e9) + 0.001)
    finally:
        watch.drop_fd(coming.fd)
        coming.close()
    synchronize(watch)
    with closing(entries(id, watch, *_after(cursor))) as rest:
        yield from given(rest)
    yield from within(lines.end(), since, until)


def synchronize(watch: Watch) -> None:
    """All that was sent to the journal by now can be read. No effect where no journal is kept this moment.

    Raises: Unsupported, Cancelled, TimedOut.
    """
    with suppress(_Refused):
        for _ in _blocks(_program("--sync"), watch, _PATIENCE):
            pass


def entries(id: str, watch: Watch, *words: str) -> Generator[Entry, None, None]:
    """What conmon sent for the container, oldest first, unless these words for journalctl say otherwise.

    Raises: as `read`.
    """
    parser = Parser()
    for block in _blocks(_journalctl(id, *words), watch):
        if not block and parser.untouched:  # there may be nothing to read from: only without --output=export it says so
            for _ in _blocks(_program("--lines=0"), watch):
                pass
        yield from parser.feed(block)


def newest(id: str, watch: Watch) -> str:
    """The place of the newest entry, "" if there is none. Raises: as `read`."""
    return _newest(id, watch, 0)[1]


def _newest(id: str, watch: Watch, tail: int) -> tuple[list[Entry], str]:
    """Entries in order in which at least the last `tail` lines are whole, and the place of the last of all.

    Goes backwards until it has seen the ends of so many lines and then, for the beginnings of these, as long as a
    piece of one is met now and then.
    """
    found: list[Entry] = []
    cursor, count, idle = "", 0, 0
    begun, ended = set[int](), set[int]()  # streams of which a wanted line may begin further up; that have ended one
    with closing(entries(id, watch, "--reverse")) as backwards:
        for entry in backwards:
            cursor = cursor or entry.cursor
            stream = entry.stream
            wanted = count < tail if entry.ends else stream in begun or stream not in ended
            if entry.ends:
                ended.add(stream)
                begun.discard(stream)
            if wanted and stream not in begun:  # the end of a line, or what there is of one that is open still
                count += 1
                begun.add(stream)
            idle = 0 if wanted else idle + 1
            if wanted and tail:
                found.append(entry)
            if count >= tail and (not begun or idle > _FAR_AWAY or not tail):
                break
    return found[::-1], cursor


def _last(tail: int | None, lines: Iterator[LogLine]) -> Iterator[LogLine]:
    if tail is None or tail < 0:
        return lines
    from collections import deque

    return iter(deque(lines, tail))


def _after(cursor: str) -> tuple[str, ...]:
    return (f"--after-cursor={cursor}",) if cursor else ()


def _journalctl(id: str, *words: str) -> Output:
    """What it writes of the container: what our own user sent, for anybody may send what claims to be of it."""
    return _program("--output=export", _FIELDS, *words, f"CONTAINER_ID_FULL={id}", f"_UID={os.geteuid()}")


def _program(*words: str) -> Output:
    for path in _PROGRAMS:
        with suppress(FileNotFoundError):
            return Output([path, "--no-pager", *words], env=clean_env())
    raise Unsupported("this container is using the 'journald' log driver, and there is no journalctl to read it with")


class _Refused(Unsupported):
    """journalctl could not do it."""


def _blocks(output: Output, watch: Watch, patience: float | None = None) -> Iterator[bytes]:
    """What the program writes. Raises: _Refused, TimedOut, Cancelled."""
    ended = False
    deadline = None if patience is None else time.monotonic() + patience
    watch.add_fd(output.fd)
    try:
        while not ended:
            if (block := output.read()) is None:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimedOut(f"the journal does not answer within {patience:g} s")
                watch.wait(left)
                continue
            ended = not block
            yield block
    finally:
        watch.drop_fd(output.fd)
        done = output.close(ended=ended)
    if done.code or _NO_JOURNAL in done.err:
        words = done.err.decode(errors="replace").strip()
        raise _Refused(f"this container is using the 'journald' log driver, cannot read logs: {words}")

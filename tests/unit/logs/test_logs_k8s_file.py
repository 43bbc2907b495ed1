"""Logs give back what was written, byte for byte, wherever conmon cut it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from descriptors import opened
from seabox.errors import Cancelled
from seabox.kernel.watch import Cancel, Watch
from seabox.logs.k8s_file import LogLine, follow, read
from seabox.logs.lines import MAX_LINE, STDERR, STDOUT, Assembler, parse_entry
from seabox.logs.times import format_time

START = 1_795_439_114_000_000_000
NAMES = {STDOUT: b"stdout", STDERR: b"stderr"}


class Conmon:
    """Writes a log as conmon does: reads of at most 8 KiB, cut into entries at newlines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = START
        self.written = {STDOUT: b"", STDERR: b""}

    def write(self, stream: int, data: bytes) -> None:
        self.now += 1_000
        self.written[stream] += data
        with open(self.path, "ab") as log:
            for at in range(0, len(data), 8192):
                log.write(self.entries(stream, data[at : at + 8192]))

    def entries(self, stream: int, chunk: bytes) -> bytes:
        head = format_time(self.now).encode().replace(b"Z", b"+00:00") + b" " + NAMES[stream]
        *whole, rest = chunk.split(b"\n")
        return b"".join(head + b" F " + line + b"\n" for line in whole) + (
            head + b" P " + rest + b"\n" if rest else b""
        )


@pytest.fixture
def conmon(tmp_path: Path) -> Conmon:
    return Conmon(tmp_path / "ctr.log")


def joined(lines: list[LogLine], stream: int) -> bytes:
    return b"".join(line.payload for line in lines if line.stream == stream)


CHUNKS = st.lists(
    st.tuples(
        st.sampled_from((STDOUT, STDERR)),
        st.one_of(
            st.binary(max_size=40),
            st.lists(st.sampled_from((b"\n", b"x", b"\r\n", b"\0", b" F ", b"\n\n")), max_size=8).map(b"".join),
            st.integers(8190, 20_000).map(lambda size: b"y" * size),
        ),
    ),
    max_size=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(chunks=CHUNKS, tail=st.integers(0, 8))
@example(chunks=[(STDERR, b"y" * 8190), *[(STDOUT, b"y" * 20_000)] * 3, (STDOUT, b"\n" * 8)], tail=1)
def test_what_is_written_is_what_is_read(tmp_path: Path, chunks: list[tuple[int, bytes]], tail: int) -> None:
    conmon = Conmon(tmp_path / "fuzz.log")
    conmon.path.write_bytes(b"")
    for stream, data in chunks:
        conmon.write(stream, data)
    lines = list(read(str(conmon.path)))
    for stream in (STDOUT, STDERR):
        assert joined(lines, stream) == conmon.written[stream]
    assert all(line.payload.count(b"\n") == (0 if line.partial else 1) for line in lines)
    ended = [line for line in lines if not line.partial]
    still = [line for line in lines if line.partial]  # each may stand too far up to be seen
    subsets = [[], still, *([each] for each in still)]
    assert list(read(str(conmon.path), tail=tail)) in [
        (ended + some)[max(0, len(ended) + len(some) - tail) :] for some in subsets
    ]


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(1, 7))
def test_blocks_of_any_size_give_the_same_lines(texts: list[bytes], size: int) -> None:
    log = b"".join(b"2026-11-23T13:05:14.5+00:00 stdout F " + text + b"\n" for text in texts)

    def lines(step: int) -> list[LogLine]:
        assembler = Assembler()
        found = [line for at in range(0, len(log), step) for line in assembler.feed(log[at : at + step])]
        return found + list(assembler.end())

    assert lines(size) == lines(max(1, len(log)))


@given(st.binary(max_size=80))
def test_any_bytes_are_an_entry_or_none(raw: bytes) -> None:
    entry = parse_entry(raw)
    assert entry is None or entry[1] in NAMES


def test_garbage_is_passed_over(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"one\n")
    with open(conmon.path, "ab") as log:
        log.write(
            b"\0\0\0\n\nnot an entry\n2026-99-99T99:99:99Z stdout F x\n2026-11-23T13:05:14Z stdin F x\n"
            + b"z" * 200_000
            + b"\n"
        )
    conmon.write(STDOUT, b"two\n")
    assert [line.payload for line in read(str(conmon.path))] == [b"one\n", b"two\n"]


def test_an_entry_cut_off_by_a_crash_is_given_as_far_as_it_goes(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"whole\n")
    with open(conmon.path, "ab") as log:
        log.write(conmon.entries(STDERR, b"half of i\n")[:-1])
    assert [(line.payload, line.partial) for line in read(str(conmon.path))] == [
        (b"whole\n", False),
        (b"half of i", True),
    ]
    with open(conmon.path, "ab") as log:
        log.write(b"\n2026-11-23T13:")
    assert [line.payload for line in read(str(conmon.path))] == [b"whole\n", b"half of i\n"]


def test_a_line_of_any_length_takes_bounded_memory(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"x" * (3 * MAX_LINE) + b"\n")
    lines = list(read(str(conmon.path)))
    assert len(lines) > 2
    assert all(len(line.payload) <= MAX_LINE + 8193 for line in lines)
    assert joined(lines, STDOUT) == conmon.written[STDOUT]
    assert [line.partial for line in lines] == [True] * (len(lines) - 1) + [False]


def test_times_select(conmon: Conmon) -> None:
    for number in range(10):
        conmon.write(STDOUT, b"%d\n" % number)
    numbers = [line.payload for line in read(str(conmon.path), since=START + 3_000, until=START + 5_000)]
    assert numbers == [b"2\n", b"3\n", b"4\n"]


def test_no_log_is_an_empty_log(tmp_path: Path) -> None:
    assert list(read(str(tmp_path / "absent"))) == []


@pytest.mark.parametrize("tail", [1, 7, 300])
def test_the_end_of_a_long_log_is_read_from_the_end(conmon: Conmon, tail: int) -> None:
    for number in range(2000):
        conmon.write(
            STDOUT if number % 3 else STDERR, b"%d %s\n" % (number, b"x" * (9000 if number % 50 == 49 else 300))
        )
    size = conmon.path.stat().st_size
    lines = list(read(str(conmon.path)))
    assert list(read(str(conmon.path), tail=tail)) == lines[-tail:]
    with open(conmon.path, "r+b") as log:  # what lies before is not even looked at
        log.write(b"#" * (size - tail * 600 - (4 << 16)))
    assert list(read(str(conmon.path), tail=tail)) == lines[-tail:]


class Script:
    """In place of a watch: each wait runs the next step of a story; after the last one the container has ended."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.waits: list[float | None] = []

    def add_dir(self, path: str) -> None:
        assert os.path.isdir(path)

    def add_file(self, path: str) -> None:
        assert os.path.isfile(path)

    def wait(self, timeout_seconds: float | None = None) -> set[object]:
        self.waits.append(timeout_seconds)
        self.steps.pop(0)()
        return set()

    def ended(self) -> bool:
        return not self.steps


def followed(conmon: Conmon, script: Script, **fields: int) -> list[LogLine]:
    return list(follow(str(conmon.path), ended=script.ended, watch=script, **fields))


def test_follow_a_log_that_is_not_there_yet(conmon: Conmon) -> None:
    script = Script(lambda: None, lambda: conmon.write(STDOUT, b"one\ntw"), lambda: conmon.write(STDOUT, b"o\nthree"))
    assert [line.payload for line in followed(conmon, script)] == [b"one\n", b"tw", b"o\n", b"three"]


def test_follow_gives_what_was_written_before_the_end(conmon: Conmon) -> None:
    """The end is asked for before the last read: what the container wrote until then is there."""
    script = Script(lambda: conmon.write(STDOUT, b"first\n"), lambda: conmon.write(STDERR, b"last words"))
    assert [(line.payload, line.partial) for line in followed(conmon, script)] == [
        (b"first\n", False),
        (b"last words", True),
    ]


def test_follow_from_the_tail(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"1\n2\n3\n")
    script = Script(lambda: conmon.write(STDOUT, b"4\n5\n6\n"))
    assert [line.payload for line in followed(conmon, script, tail=1)] == [b"3\n", b"4\n", b"5\n", b"6\n"]


def test_follow_over_a_rotation(conmon: Conmon) -> None:
    """What still goes to the renamed file is read before the new one, and the new one from its beginning."""
    old = conmon.path.with_suffix(".1")

    def rotate() -> None:
        conmon.write(STDOUT, b"2\n")
        conmon.path.rename(old)

    def late() -> None:
        with open(old, "ab") as log:
            log.write(conmon.entries(STDOUT, b"3\nunfinis"))

    def fresh() -> None:
        with open(old, "ab") as log:
            log.write(conmon.entries(STDOUT, b"h"))
        conmon.write(STDOUT, b"ed\n4\n")

    conmon.write(STDOUT, b"1\n")
    lines = followed(conmon, Script(rotate, late, fresh))
    assert joined(lines, STDOUT) == b"1\n2\n3\nunfinished\n4\n"


def test_follow_over_the_size_limit(conmon: Conmon) -> None:
    """conmon replaces a full log by an empty file."""

    def replace() -> None:
        conmon.write(STDOUT, b"2\n")
        empty = conmon.path.with_suffix(".tmp")
        empty.write_bytes(b"")
        empty.rename(conmon.path)
        conmon.write(STDOUT, b"3\n")

    def cut() -> None:
        os.truncate(conmon.path, 0)

    conmon.write(STDOUT, b"1\n")
    script = Script(replace, cut, lambda: conmon.write(STDOUT, b"4\n"))
    assert [line.payload for line in followed(conmon, script)] == [b"1\n", b"2\n", b"3\n", b"4\n"]


def test_follow_ends_when_until_is_past(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"old\n")
    script = Script(*[lambda: None] * 1000)
    until = time.time_ns() + 30_000_000
    assert [line.payload for line in followed(conmon, script, until=until, since=0)] == [b"old\n"]
    assert script.waits == [] or all(wait is not None and 0 <= wait < 0.05 for wait in script.waits)


def test_follow_with_the_kernels_watch(conmon: Conmon) -> None:
    """Each step is done by whoever reads the line before it: no line would come if the watch missed a write."""
    conmon.write(STDOUT, b"0\n")
    with Watch() as watch:
        lines: Iterator[LogLine] = follow(
            str(conmon.path), ended=lambda: conmon.written[STDOUT].endswith(b"5\n"), watch=watch
        )
        for number in range(6):
            assert next(lines).payload == b"%d\n" % number
            if number == 2:
                conmon.path.rename(conmon.path.with_suffix(".1"))
            if number < 5:
                conmon.write(STDOUT, b"%d\n" % (number + 1))
        assert list(lines) == []


def test_follow_can_be_cancelled(conmon: Conmon) -> None:
    conmon.write(STDOUT, b"only\n")
    cancel = Cancel()
    with Watch(cancel) as watch:
        lines = follow(str(conmon.path), ended=lambda: False, watch=watch)
        assert next(lines).payload == b"only\n"
        cancel.fire()
        with pytest.raises(Cancelled):
            next(lines)
    before = len(opened())
    del lines
    assert len(opened()) <= before


def test_a_rotated_log_is_read_first(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "ctr.log")
    conmon.write(STDOUT, b"one\ntwo\nthr")
    conmon.path.rename(tmp_path / "ctr.log.1")
    conmon.write(STDOUT, b"ee\nfour\n")
    assert [line.payload for line in read(str(conmon.path))] == [b"one\n", b"two\n", b"three\n", b"four\n"]
    for tail in range(6):
        assert [line.payload for line in read(str(conmon.path), tail=tail)] == (
            [b"one\n", b"two\n", b"three\n", b"four\n"][max(4 - tail, 0) :]
        )


def test_between_the_two_steps_of_a_rotation(tmp_path: Path) -> None:
    conmon = Conmon(tmp_path / "ctr.log")
    conmon.write(STDOUT, b"one\n")
    conmon.path.rename(tmp_path / "ctr.log.1")
    assert [line.payload for line in read(str(conmon.path))] == [b"one\n"]

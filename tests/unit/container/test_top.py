"""top and stats over a double: columns, what is refused, and numbers that are the kernel's."""

from __future__ import annotations

import os

import pytest

from seabox.container.container import Container
from seabox.container.top import duration
from seabox.errors import InvalidArgument, NoSuchContainer, StateConflict
from seabox.testing.rooms import FakeRooms


@pytest.fixture
def ctr(rooms: FakeRooms) -> Container:
    ctr = rooms.container()
    ctr.start()
    return ctr


def test_the_default_columns(ctr: Container) -> None:
    headings, rows = ctr.top()
    assert headings == "USER PID PPID %CPU ELAPSED TTY TIME COMMAND".split()
    assert len(rows) == 1
    assert rows[0][2:4] == ["0", "0.000"]
    assert rows[0][-1] == "/bin/sleep 1000"


@pytest.mark.parametrize(
    ("words", "headings"),
    [
        (["pid", "comm"], ["PID", "COMMAND"]),
        (["-eo", "pid,comm"], ["PID", "COMMAND"]),
        (["-eopid,comm"], ["PID", "COMMAND"]),
        (["-o", "pid=NUMBER", "-o", "args"], ["NUMBER", "COMMAND"]),
        (["aux"], "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND".split()),
        (["waux"], "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND".split()),
        (["-ef"], "UID PID PPID C STIME TTY TIME CMD".split()),
        (["hpid,user"], ["HPID", "USER"]),
    ],
)
def test_columns_and_ps_options(ctr: Container, words: list[str], headings: list[str]) -> None:
    found, rows = ctr.top(words)
    assert found == headings
    assert all(len(row) == len(headings) for row in rows)


def test_the_numbers_of_the_host(ctr: Container) -> None:
    init = ctr.snapshot().state.pid
    _, rows = ctr.top(["-ef"], host=True)
    assert [row[1:3] for row in rows] == [[str(init), str(os.getpid())]]


def test_facts_are_of_that_process(ctr: Container) -> None:
    init = ctr.snapshot().state.pid
    _, rows = ctr.top(["hpid", "comm", "state"])
    assert [row[:2] for row in rows] == [[str(init), "sleep"]]
    assert rows[0][2] in ("R", "S", "D")  # it may only just have been started


@pytest.mark.parametrize("words", [["colour"], ["-o", "pid,colour"], ["--forest"], ["-Z"], ["-o"]])
def test_bad_columns(ctr: Container, words: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        ctr.top(words)


def test_what_does_not_run_has_no_processes(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    with pytest.raises(StateConflict, match="top can only be used on running containers"):
        ctr.top()
    ctr.remove()
    with pytest.raises(NoSuchContainer):
        ctr.top()


def test_stats(ctr: Container, rooms: FakeRooms) -> None:
    found = ctr.stats()
    assert (found.id, found.name) == (ctr.id, ctr.name)
    assert found.uptime > 0
    assert found.memory_limit > 1 << 20
    idle = rooms.container().stats()
    assert (idle.cpu, idle.memory, idle.memory_limit, idle.pids, idle.uptime, idle.net_sent) == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"), (150_000_000, "150ms"), (20_500_000_000, "20.5s"), (60_000_000_000, "1m0s"),
        (3_723_000_000_001, "1h2m3.000000001s"),
    ],
)  # fmt: skip
def test_durations_as_go_writes_them(ns: int, text: str) -> None:
    assert duration(ns) == text

"""One measurement after the other, the subjects taking turns so that a busy moment hits all of them alike."""

from __future__ import annotations

import math
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Ways = Mapping[str, Callable[[], float]]  # by subject: measures once, in the row's unit

SUBJECTS = ("floor", "library", "CLI", "podman", "docker")  # the columns; "floor" is whatever is barest for a row
LEAST_IS_BEST = {"ms", "CPU ms", "MB"}


class Goal(NamedTuple):
    """`who` is at most `factor` times `of` (or `factor` itself, in the row's unit); at least, where more is better."""

    who: str
    factor: float
    of: str = ""


class Row(NamedTuple):
    """One line of the table. `prepare` makes what is measured; what it makes goes with the stack it is given."""

    name: str
    prepare: Callable[[ExitStack], Ways]
    unit: str = "ms"
    goals: Sequence[Goal] = ()
    times: int = 15
    tail: Sequence[Goal] | None = None  # goals of the 99th percentiles, which are a line of their own if it is given


class Result(NamedTuple):
    """What a row came to: medians by subject."""

    name: str
    runtime: str
    unit: str
    medians: dict[str, float]
    goals: list[tuple[str, float, bool]]  # in words, the figure reached, whether that is enough


def measure(row: Row, runtime: str, times: int) -> list[Result]:
    """The row, and its tail if it has one.

    Every subject has been measured `times` times, in turns; once before that, which does not count.
    """
    with ExitStack() as undo:
        ways = row.prepare(undo)
        values: dict[str, list[float]] = {subject: [] for subject in ways}
        for number in range(times + (times > 1)):
            for subject in random.sample(list(ways), len(ways)):
                value = ways[subject]()
                if number or times == 1:
                    values[subject].append(value)
    medians = {subject: statistics.median(found) for subject, found in values.items() if found}
    results = [Result(row.name, runtime, row.unit, medians, _judged(row.goals, row, medians))]
    if row.tail is not None:
        last = {subject: sorted(found)[math.ceil(len(found) * 0.99) - 1] for subject, found in values.items() if found}
        results.append(Result(f"{row.name}, p99", runtime, row.unit, last, _judged(row.tail, row, last)))
    return results


def _judged(goals: Sequence[Goal], row: Row, figures: Mapping[str, float]) -> list[tuple[str, float, bool]]:
    return [_judge(goal, row, figures) for goal in goals if {goal.who, goal.of or goal.who} <= figures.keys()]


def _judge(goal: Goal, row: Row, medians: Mapping[str, float]) -> tuple[str, float, bool]:
    figure = medians[goal.who] / (medians[goal.of] if goal.of else 1)
    less = row.unit in LEAST_IS_BEST
    words = f"{goal.who}{f' / {goal.of}' if goal.of else ''} {'<=' if less else '>='} {goal.factor:g}"
    return words, figure, figure <= goal.factor if less else figure >= goal.factor


def milliseconds(act: Callable[[], object]) -> Callable[[], float]:
    """A way to measure how long a call takes."""

    def way() -> float:
        begin = time.perf_counter()
        act()
        return (time.perf_counter() - begin) * 1000

    return way


class Ended(NamedTuple):
    """A program that ran: wall clock and CPU in ms (its own and its children's)."""

    wall: float
    cpu: float


def program(argv: Sequence[str], *, stdout: int | None = None) -> Ended:
    """The program has run. Raises: SystemExit if it did not end well."""
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", 0, 0)]
    actions.append((os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0) if stdout is None
                   else (os.POSIX_SPAWN_DUP2, stdout, 1))  # fmt: skip
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], list(argv), environment(), file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter() - begin) * 1000
    if status:
        raise SystemExit(f"{' '.join(argv)}: ended with {os.waitstatus_to_exitcode(status)}")
    return Ended(wall, (usage.ru_utime + usage.ru_stime) * 1000)


_WEIGH = """
import os, sys
null = os.open(os.devnull, os.O_RDWR)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(bool(status))
"""


def most_memory(argv: Sequence[str]) -> float:
    """The most memory that the program had, MB. A child counts its parent's from before it executed: so that is small.

    Raises: CalledProcessError.
    """
    weigh = [f"{sys.prefix}/bin/python3", "-I", "-S", "-c", _WEIGH, *argv]
    return int(subprocess.run(weigh, check=True, stdout=subprocess.PIPE, env=environment()).stdout) / 1024


def environment() -> dict[str, str]:
    """What the measured programs get to see: nothing of ours that would slow an interpreter's start, and no network."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "SEABOX_NETWORK": "none"}


def digits(value: float) -> str:
    """Three significant digits, no exponent."""
    if not value:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"

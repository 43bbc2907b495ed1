"""Many processes at once on one store."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import traceback
from collections.abc import Callable

Work = Callable[[int, random.Random], tuple[int, list[str]]]
PROCESSES = 16


def pause(seconds: float) -> None:
    """Some time passes: for what is about time, not about a condition."""
    select.poll().poll(seconds * 1000)


def at_most(seconds: float, sample: int | None) -> float:
    """How long something may take: as promised where a row runs in full, alone; far more in a sample beside others."""
    return seconds if sample is None else max(60.0, seconds * 4)


def all_at_once(work: Work, seed: int, processes: int = PROCESSES) -> tuple[int, list[str]]:
    """`work(number, chance)` ran in that many processes: how much they did, and what went wrong."""
    readers = []
    for number in range(processes):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(reader)
            found: tuple[int, list[str]] = (0, ["the worker died"])
            try:
                found = work(number, random.Random(seed * 1000 + number))
            except BaseException as problem:
                traceback.print_exc(file=sys.stderr)
                found = (0, [f"{type(problem).__name__}: {problem}"])
            finally:
                data = json.dumps(found).encode()
                while data:
                    data = data[os.write(writer, data) :]
                os._exit(0)
        os.close(writer)
        readers.append(reader)
    done, failures = 0, []
    for reader in readers:
        with os.fdopen(reader) as answer:
            count, wrong = json.loads(answer.read() or '[0, ["a worker was killed"]]')
        done += count
        failures += wrong
    for _ in readers:
        os.wait()
    return done, failures


def cut_short(action: Callable[[], object], after: float) -> None:
    """`action` was begun in a child that was killed `after` seconds later, if it still ran."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    pidfd = os.pidfd_open(child)
    select.select([pidfd], [], [], after)
    os.kill(child, signal.SIGKILL)
    os.close(pidfd)
    os.waitpid(child, 0)

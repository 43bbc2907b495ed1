"""Many at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from measure import Goal, Row, program

from rows.lifecycle import run_in_library

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

WORKERS = 16


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    runs = place.scale(200, 32)

    def at_once(_: ExitStack) -> Ways:
        def rate(act: Callable[[], object]) -> float:
            begin = time.perf_counter()
            with ThreadPoolExecutor(WORKERS) as pool:
                for done in [pool.submit(act) for _ in range(runs)]:
                    done.result()  # an error ends the row
            return runs / (time.perf_counter() - begin)

        argvs = place.each("run", "--rm", "busybox", "true")
        ways: dict[str, Callable[[], float]] = {"library": lambda: rate(lambda: run_in_library(place))}
        return ways | {who: lambda argv=argv: rate(lambda: program(argv)) for who, argv in argvs.items()}

    goals = [Goal("library", 2, "podman"), Goal("CLI", 2, "podman")]
    return [Row(f"{WORKERS} workers, {runs} runs", at_once, "runs/s", goals, 1)]

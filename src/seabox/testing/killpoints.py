"""Killing a process between two of its effects.

Every function that changes the world bears `@effect` (kernel/effects.py), so the points at which a process can die
with something half done are exactly the edges of those calls. An action is run in a forked child: once to record
its points, then once for each of them, to be killed there as by `kill -9`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import Counter

from ..kernel import effects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Point:
    """One edge of one effect of an operation: the n-th call (from 1) of `effect`, "before" or "after" it."""

    __slots__ = ("edge", "effect", "nth")

    def __init__(self, effect: str, nth: int, edge: str) -> None:
        self.effect, self.nth, self.edge = effect, nth, edge

    def __repr__(self) -> str:
        return f"{self.edge} {self.effect}#{self.nth}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Ended:
    """How the child ended: killed at its point, or with an exit code because it never came there."""

    __slots__ = ("code", "killed")

    def __init__(self, status: int) -> None:
        self.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.code = os.waitstatus_to_exitcode(status)


def record(action: Callable[[], object]) -> list[Point]:
    """The points that `action` passes, in order; it has been carried out once, in a child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        seen: Counter[tuple[str, str]] = Counter()

        def note(name: str, edge: str) -> None:
            seen[name, edge] += 1
            os.write(writer, f"{name} {seen[name, edge]} {edge}\n".encode())

        _carry_out(action, note)
    os.close(writer)
    with os.fdopen(reader) as lines:
        points = [Point(name, int(nth), edge) for name, nth, edge in (line.split() for line in lines)]
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError(f"the action failed while its points were recorded (status {status})")
    return points


def kill_at(action: Callable[[], object], point: Point) -> Ended:
    """`action` was carried out in a child as far as `point`, and the child killed there."""

    def strike() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return _until(action, point, strike)


def fail_at(action: Callable[[], object], point: Point, errno: int) -> Ended:
    """`action` was carried out in a child in which the effect at `point` failed with `errno`, once.

    The child's exit code is 0 if the action succeeded all the same, 3 if it raised a SeaboxError or an OSError, 4 for
    anything else.
    """

    def strike() -> None:
        raise OSError(errno, os.strerror(errno))

    return _until(action, point, strike)


def _until(action: Callable[[], object], point: Point, strike: Callable[[], None]) -> Ended:
    child = os.fork()
    if child == 0:
        seen: Counter[tuple[str, str]] = Counter()

        def watch(name: str, edge: str) -> None:
            seen[name, edge] += 1
            if name == point.effect and edge == point.edge and seen[name, edge] == point.nth:
                strike()

        _carry_out(action, watch)
    return Ended(os.waitpid(child, 0)[1])


def _carry_out(action: Callable[[], object], observer: Callable[[str, str], None]) -> None:
    """Run `action` under `observer` and end this (forked) process without any of its parent's clean-up."""
    from ..errors import SeaboxError

    code = 0
    try:
        effects.observe(observer)
        action()
    except (SeaboxError, OSError) as problem:
        code = 3
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
    except BaseException:
        code = 4
        traceback.print_exc()
    finally:
        effects.observe(None)
        sys.stderr.flush()
        os._exit(code)

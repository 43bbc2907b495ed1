"""What both APIs mean by the lifecycle of containers."""

from __future__ import annotations

from contextlib import suppress

from ..container.wait import next_run
from ..errors import (
    Conflict,
    ExitCodeUnknown,
    InvalidArgument,
    NeverStarted,
    NoSuchContainer,
    NotFound,
    StateConflict,
    TimedOut,
)
from ..kernel.watch import Watch
from ..listing.container_filters import matcher
from ..model.signals import signal_number
from ..model.times import LONGEST
from .response import Response, Stream, empty, json, json_line
from .routing import flag, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..container.container import Container
    from ..container.snapshot import Snapshot
    from ..engine import Engine
    from ..kernel.watch import Cancel
    from .request import Request

STREAM = (flag("stream", about="Tell again and again"), number("delay", 5, "Seconds between one time and the next"))
_PRUNE_FILTERS = ("label", "label!", "until")
_ABOUT_TO_BE = 5.0  # s
_UP = ("running", "stopping", "paused")


def named(on: Engine, ask: Request) -> Container:
    """The container that the path is about. Raises: NoSuchContainer, AmbiguousName."""
    return on.containers.get(ask.place("name"))


def pause(on: Engine, ask: Request) -> Response:
    """Its processes are frozen."""
    named(on, ask).pause()
    return empty()


def unpause(on: Engine, ask: Request) -> Response:
    """They go on."""
    named(on, ask).unpause()
    return empty()


def patience(seconds: int | None) -> int | None:
    """Seconds to wait after a stop signal, as the engine takes them: negative is for ever, None the container's own."""
    if seconds is None:
        return None
    return min(seconds, LONGEST) if seconds >= 0 else LONGEST


def signal_in(text: str) -> int | None:
    """The signal, None if none was given. Raises: InvalidArgument."""
    return signal_number(text) if text else None


def is_up(seen: Snapshot) -> bool:
    """Whether the container has processes."""
    return seen.status in _UP


def goes_on(seen: Snapshot) -> bool:
    """Whether the container has processes, or is about to be started again by its restart policy."""
    return is_up(seen) or seen.state.next_start_at > 0


def settled(ctr: Container, cancel: Cancel | None = None) -> Snapshot:
    """What is true of the container, what its restart policy wants after an end included. Waits for its lock."""
    seen = ctr.snapshot()
    if seen.facts.restart_policy not in ("", "no") and not is_up(seen):
        with ctr.locked(cancel=cancel):
            pass  # its end is on record now, and with it what the policy wants
        seen = ctr.snapshot()
    return seen


def await_code(ctr: Container) -> None:
    """The exit code of a container that has just ended is there: it was about to be written. Blocks a moment."""
    seen = ctr.snapshot()
    if _pending(seen):
        with suppress(TimedOut, ExitCodeUnknown, NoSuchContainer):
            ctr.wait("exited", timeout=_ABOUT_TO_BE, run=seen.state.run)


def is_over(seen: Snapshot) -> bool:
    """Whether the container does not go on, and how it ended, if it ran, is known."""
    return not goes_on(seen) and not _pending(seen)


def _pending(seen: Snapshot) -> bool:
    return seen.state.exit_reason == "pending"  # over, and its code is about to be written


class Waiting:
    """Whoever waits for the end of a container since it was seen so: of the run under way then, or of the next."""

    def __init__(self, ctr: Container, seen: Snapshot) -> None:
        self._ctr, self._run = ctr, seen.state.run if _pending(seen) else next_run(seen)

    def code(self, cancel: Cancel) -> int:
        """The exit code of that run. Blocks. Raises: ExitCodeUnknown, NoSuchContainer, Cancelled."""
        while True:
            try:
                code = self._ctr.wait("next-exit", run=self._run, cancel=cancel)
            except (NeverStarted, NoSuchContainer):  # that run came to nothing; whoever starts it again makes another
                run = next_run(self._ctr.snapshot())
                if run == self._run:
                    raise
                self._run = run
            else:
                assert code is not None
                return code


def last_code(seen: Snapshot) -> int:
    """The code of the run that has ended, 0 if there was none. Raises: ExitCodeUnknown."""
    if seen.state.exit_code is None and seen.state.exit_reason:
        raise ExitCodeUnknown(seen.facts.id, seen.state.exit_reason)
    return seen.state.exit_code or 0


class Pruned:
    """One container that was to go: bytes that it took, and what went wrong."""

    __slots__ = ("id", "problem", "size")

    def __init__(self, id: str, size: int, problem: Exception | None) -> None:
        self.id, self.size, self.problem = id, size, problem


def prune(on: Engine, conditions: list[str]) -> Iterator[Pruned]:
    """Every container that does not run and fits the conditions is gone. Raises: InvalidArgument."""
    for condition in conditions:
        key = condition.partition("=")[0]
        if key not in _PRUNE_FILTERS:
            raise InvalidArgument(f"{key} is an invalid filter")
    fits = matcher(on, conditions)
    idle = [seen for seen in on.containers.list() if seen.status in ("created", "exited", "stopped")]
    for seen in reversed([each for each in idle if fits(each)]):  # what others need is older than they are
        with suppress(NoSuchContainer):  # gone meanwhile
            ctr, problem, size = on.containers.get(seen.facts.id), None, 0
            try:
                size = ctr.sizes().written
                ctr.remove()
            except Conflict as conflict:  # started meanwhile, or mounted
                problem = conflict
            yield Pruned(seen.facts.id, size, problem)


def processes(found: tuple[list[str], list[list[str]]]) -> dict[str, object]:
    """What a container's or a pod's `top` has found, as both APIs tell of it."""
    titles, rows = found
    return {"Titles": titles, "Processes": rows}


def again_and_again(look: Callable[[], object], ask: Request) -> Response:
    """What there is to see, as JSON; with `stream` every `delay` seconds anew, until there is nothing to look at.

    Raises: what the first look raises, InvalidArgument.
    """
    delay = ask.number("delay") or 0
    if not 1 <= delay <= LONGEST:
        raise InvalidArgument(f'"delay" parameter of value {delay} < 1')
    first = look()
    if not ask.flag("stream"):
        return json(first)
    return Stream(_looks(first, look, delay, ask.cancel))


def _looks(first: object, look: Callable[[], object], delay: int, cancel: Cancel) -> Iterator[bytes]:
    yield json_line(first)
    while True:
        with Watch(cancel) as watch:
            watch.wait(delay)
        try:
            yield json_line(look())
        except (StateConflict, NotFound):
            return

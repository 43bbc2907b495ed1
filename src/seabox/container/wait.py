"""Waiting for a container, without its lock and without polling."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import ExitCodeUnknown, InvalidArgument, NeverStarted, NoSuchContainer, TimedOut
from ..kernel import files
from ..kernel.watch import Watch
from ..model.record import ALIVE, Status
from ..model.times import check_timeout
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.watch import Cancel
    from .services import Services
    from .snapshot import Snapshot

_STATES = ("running", "created", "paused")
_HEALTH = ("healthy", "unhealthy")
_ENDS = ("exited", "stopped", "next-exit")
CONDITIONS = ("exited", "stopped", *_STATES, *_HEALTH, "removed", "next-exit")


def wait(
    on: Services, id: str, condition: str | Sequence[str] = "exited", timeout: float | None = None,
    cancel: Cancel | None = None, run: int | None = None,
) -> int | None:  # fmt: skip
    """The condition came true, or one of several; the exit code for "exited", "stopped", "next-exit" and "removed",
    else None.

    "exited" asks about the run under way, or the last one if the container has ended; "next-exit" only about an end
    still to come; with `run` both about the end of that run, whether it is to come or over. Codes outlive the
    container. Blocks up to `timeout` seconds (None = for ever), with a wake-up for each change of this container and
    no other.
    Raises: NeverStarted, ExitCodeUnknown, NoSuchContainer, TimedOut, Cancelled, InvalidArgument.
    """
    check_timeout(timeout)
    wanted = (condition,) if isinstance(condition, str) else tuple(condition)
    for each in wanted or ("",):
        if each not in CONDITIONS:
            raise InvalidArgument(f"unknown container state: {each}: invalid argument")
    deadline = None if timeout is None else on.clock.monotonic() + timeout
    # whose end each condition is about: of the run under way, the last or the next one
    runs: dict[str, int] = {} if run is None else dict.fromkeys(_ENDS, run)
    looked = False  # the first look is without a watch, which costs more than all the rest of a wait that is over
    while True:
        with Watch(cancel) as watch:
            if looked:
                _watch_directories(on, id, watch)
            try:
                seen = snapshot.take(on, id)
            except NoSuchContainer:
                if not _outlives(on, id, wanted, runs):
                    raise
                return recorded_code(on, id, run)
            for each in wanted:
                if each in _ENDS:
                    if each not in runs:
                        runs[each] = _run_of(seen, each, only=len(wanted) == 1)
                    if seen.state.run > runs[each]:
                        return recorded_code(on, id, runs[each])
                    ended = seen.state.status not in ALIVE and seen.state.exit_reason != "pending"
                    if seen.state.run == runs[each] and ended:
                        return code_of(seen)
                elif seen.status == each or (seen.status == "running" and seen.state.health == each):
                    return None
                elif each in _HEALTH and not seen.state.health:
                    from .health import check_of

                    check_of(on, id)
            if not looked:
                looked = True
                continue
            # conmon's end matters too: killed, it leaves no file behind that would wake us
            for process in (seen.state.process, seen.state.conmon):
                if process is not None and seen.state.status in (*ALIVE, Status.STOPPED):
                    watch.add_process(process)
            left = None if deadline is None else deadline - on.clock.monotonic()
            if (left is not None and left <= 0) or not watch.wait(left):
                raise TimedOut(f"container {id} was not {' or '.join(wanted)} within {timeout:g} seconds")


def _outlives(on: Services, id: str, wanted: Sequence[str], runs: dict[str, int]) -> bool:
    """Whether the end of the container that is gone is what one of the conditions was about."""
    if {"removed", "exited", "stopped"}.intersection(wanted):
        return True
    return "next-exit" in runs and on.store.exit_record(id, runs["next-exit"]) is not None


def next_run(seen: Snapshot) -> int:
    """The number of the run whose end is still to come."""
    return seen.state.run + (seen.state.status not in ALIVE)


def _run_of(seen: Snapshot, condition: str, *, only: bool) -> int:
    """The run whose end is waited for. Raises: NeverStarted, if there is nothing else to wait for."""
    idle = seen.state.status not in ALIVE
    if condition == "exited" and not _has_begun(seen):
        if only:
            raise NeverStarted(seen.facts.id)
        return seen.state.run + idle
    return seen.state.run + (idle and condition == "next-exit")


def _watch_directories(on: Services, id: str, watch: Watch) -> None:
    """Changes of the container show in its run directory; the end of its removal in the one at the top.

    Where it has none, not having been used since the boot, that directory is the first thing to come.
    """
    run_dir = on.config.run_dir(id)
    try:
        watch.add_dir(run_dir)
    except FileNotFoundError:
        files.make_dirs(os.path.dirname(run_dir), 0o700)
        watch.add_dir(os.path.dirname(run_dir))
        watch.add_dir(on.config.runroot)
        with suppress(FileNotFoundError):  # it came before that was watched
            watch.add_dir(run_dir)


def _has_begun(seen: Snapshot) -> bool:
    return seen.state.run > 0 and seen.state.status is not Status.CONFIGURED


def code_of(seen: Snapshot) -> int:
    """The exit code of the run that has ended. Raises: ExitCodeUnknown, NeverStarted."""
    if seen.state.exit_code is not None:
        return seen.state.exit_code
    if not seen.state.exit_reason:
        raise NeverStarted(seen.facts.id)
    raise ExitCodeUnknown(seen.facts.id, seen.state.exit_reason)


def recorded_code(on: Services, id: str, run: int | None) -> int:
    """The exit code on record for a run (None = the last). Raises: NoSuchContainer, ExitCodeUnknown."""
    found = on.store.exit_record(id, run)
    if found is None:
        raise NoSuchContainer(id)
    if found.code is None:
        raise ExitCodeUnknown(id, found.reason)
    return found.code

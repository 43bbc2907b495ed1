"""`wait`."""

from __future__ import annotations

import sys
from contextlib import suppress

from seabox.cli.context import LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, CSV, STRING, Command, Flag
from seabox.errors import ExitCodeUnknown, InvalidArgument, NeverStarted, NoSuchContainer, TimedOut
from seabox.model.literals import read_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from seabox.cli.parse import Arguments
    from seabox.container.container import Container

_REMOVAL = 10.0  # s that a container may take to go after its end
_NAMES = {"configured": "created", "initialized": "created"}  # podman has more states than we tell apart


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("condition", "", CSV, "Wait for one of these states", completion=("exited", "running", "removed")),
        Flag("ignore", "", BOOL, "Print -1 for containers that do not exist"),
        Flag("interval", "i", STRING, "Accepted, without effect: nothing is polled", default="250ms"),
        LATEST,
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Wait for containers to end and print their exit codes", run,
        completion="containers", examples=("seabox wait web", "seabox wait --condition running web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Wait for each in turn; every exit code is a line."""
    _check_interval(args.text("interval"))
    if not args.rest and not args.on("latest"):
        raise InvalidArgument('"seabox wait" requires a name, id, or the "--latest" flag')
    conditions = args.texts("condition") or ["exited"]
    wanted = [_NAMES.get(condition, condition) for condition in conditions]
    with engine(args) as on:

        def wait(name: str) -> None:
            try:
                ctr = on.containers.get(name)
                goes = ctr.snapshot().facts.auto_remove and not args.texts("condition")
                code = wait_for(ctr, wanted)
            except NoSuchContainer:
                if not args.on("ignore"):
                    raise
                code, goes = -1, False
            if goes:  # as with podman, its name is free again when we have answered
                with suppress(TimedOut, NoSuchContainer, ExitCodeUnknown):
                    ctr.wait("removed", timeout=_REMOVAL)
            say(str(-1 if code is None else code))
            sys.stdout.flush()

        return for_each(chosen(args, on), wait)


def wait_for(ctr: Container, conditions: str | Sequence[str] = "exited") -> int | None:
    """The exit code, -1 if nobody knows it; None where the condition is not about an end.

    A container that has not run yet is waited for: it may be about to be started.
    """
    try:
        try:
            return ctr.wait(conditions)
        except NeverStarted:
            return ctr.wait("next-exit")
    except ExitCodeUnknown:
        return -1


def _check_interval(text: str) -> None:
    try:
        if not text.isdecimal():
            read_duration(text)
    except ValueError as problem:
        raise InvalidArgument(str(problem)) from None

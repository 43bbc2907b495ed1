"""`stop`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.context import ALL, CIDFILE, FILTER, IGNORE, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import INT, Command, Flag
from seabox.errors import ConmonDied, InvalidArgument, NoSuchContainer, StateConflict
from seabox.kernel.process import alive
from seabox.model.record import Status
from seabox.model.times import LONGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

TIME = Flag(
    "time", "t", INT, "Seconds to wait after the stop signal before SIGKILL, -1: for ever", metavar="seconds",
    aliases=("timeout",),
)  # fmt: skip


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, CIDFILE, FILTER, IGNORE, LATEST, TIME), "[options] CONTAINER [CONTAINER...]",
        "Stop containers", run, completion="containers",
        description="The stop signal is sent and, if the container has not ended in time, SIGKILL.",
        examples=("seabox stop web", "seabox stop --time 2 web", "seabox stop --all"),
    )  # fmt: skip


def patience(args: Arguments) -> int | None:
    """The seconds of --time, None if it was not given. Raises: InvalidArgument."""
    if not args.given("time"):
        return None
    seconds = args.number("time")
    if seconds > LONGEST:
        raise InvalidArgument(f"--time {seconds} is too long")
    if seconds < -1:
        raise InvalidArgument(f"--time {seconds}: must be -1, which is for ever, or more")
    return seconds if seconds >= 0 else LONGEST


def run(args: Arguments) -> int:
    """Stop what was named; what is not running is stopped already."""
    timeout = patience(args)
    with engine(args) as on:

        def stop(name: str) -> None:
            ctr = on.containers.get(name)
            try:
                with suppress(NoSuchContainer):  # (--rm) it ended and went while we waited
                    conmon = ctr.snapshot().state.conmon
                    unseen = conmon is not None and not alive(conmon)  # else it lost the code some other way
                    if ctr.stop(timeout) and unseen and ctr.snapshot().state.exit_reason == "conmon_lost":
                        raise ConmonDied(ctr.id)
            except StateConflict as problem:
                if problem.status != Status.CONFIGURED:
                    raise  # else it never ran, so there is nothing to stop
            say(name)

        forgive = (NoSuchContainer,) if args.on("ignore") else ()
        return for_each(chosen(args, on), stop, forgive=forgive)

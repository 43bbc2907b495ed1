"""`stop`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.context import ALL, CIDFILE, FILTER, IGNORE, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import INT, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer, StateConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.snapshot import Snapshot

TIME = Flag("time", "t", INT, "Seconds to wait after the stop signal before SIGKILL", metavar="seconds")


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, CIDFILE, FILTER, IGNORE, LATEST, TIME), "[options] CONTAINER [CONTAINER...]",
        "Stop containers", run, completion="containers",
        description="The stop signal is sent and, if the container has not ended in time, SIGKILL.",
        examples=("seabox stop web", "seabox stop --time 2 web", "seabox stop --all"),
    )  # fmt: skip


def patience(args: Arguments) -> int | None:
    """The seconds of --time, None if it was not given; negative ones mean for ever. Raises: InvalidArgument."""
    if not args.given("time"):
        return None
    seconds = args.number("time")
    if seconds >= 2**31:
        raise InvalidArgument(f"--time {seconds} is too long")
    return seconds if seconds >= 0 else 2**31 - 1


def run(args: Arguments) -> int:
    """Stop what was named; what is not running is stopped already."""
    timeout = patience(args)
    with engine(args) as on:

        def stop(name: str) -> None:
            ctr = on.containers.get(name)
            # it never ran, so there is nothing to stop; or (--rm) it ended and went while we waited
            with suppress(StateConflict, NoSuchContainer):
                ctr.stop(timeout)
            say(name)

        forgive = (NoSuchContainer,) if args.on("ignore") else ()
        return for_each(chosen(args, on, fits=_stoppable), stop, forgive=forgive)


def _stoppable(seen: Snapshot) -> bool:
    """It runs, or its restart policy is about to start it."""
    return seen.status == "running" or seen.state.next_start_at > 0

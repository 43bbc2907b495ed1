"""`restart`."""

from __future__ import annotations

from seabox.cli.commands.stop import TIME, patience
from seabox.cli.context import ALL, CIDFILE, FILTER, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    running = Flag("running", "", BOOL, "All containers that are running")
    return Command(
        path, (ALL, CIDFILE, FILTER, LATEST, running, TIME), "[options] CONTAINER [CONTAINER...]",
        "Stop containers if they run, and start them", run, completion="containers",
        examples=("seabox restart web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Restart what was named."""
    timeout = patience(args)
    with engine(args) as on:

        def restart(name: str) -> None:
            on.containers.get(name).restart(timeout)
            say(name)

        if not args.on("running"):
            return for_each(chosen(args, on), restart)
        if args.rest or args.on("all") or args.on("latest"):
            raise InvalidArgument("--running takes no other choice of containers")
        return for_each([seen.facts.id for seen in on.containers.list() if seen.status == "running"], restart)

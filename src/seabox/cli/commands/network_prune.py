"""`network prune`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_QUESTION = (
    "WARNING! This will remove all networks not used by at least one container.\n"
    "Are you sure you want to continue? [y/N] "
)


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "", LIST, "Only networks that this condition fits (label=, label!=, until=)", metavar="filter"),
        Flag("force", "f", BOOL, "Do not ask"),
    )
    return Command(path, flags, "[options]", "Remove the networks that no container uses", run, most=0)


def run(args: Arguments) -> int:
    """Remove them and print their names."""
    from seabox.listing.network_filters import matcher

    fits = matcher(args.texts("filter"))
    if not args.on("force"):
        sys.stdout.write(_QUESTION)
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 0
    with engine(args) as on:
        for network in on.networks.prune(fits):
            say(network.name)
    return 0

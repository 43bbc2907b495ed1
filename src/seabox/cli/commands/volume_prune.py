"""`volume prune`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_WARNING = (
    "WARNING! This will remove all volumes not used by at least one container. "
    "The following volumes will be removed:\n"
)
_QUESTION = "Are you sure you want to continue? [y/N] "


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "Accepted: it is the case", hidden=True),
        Flag("filter", "", LIST, "Only volumes that this condition fits (label=, until=...)", metavar="filter"),
        Flag("force", "f", BOOL, "Do not ask"),
    )
    return Command(
        path, flags, "[options]", "Remove the volumes that no container uses", run, most=0,
        examples=("seabox volume prune --force", "seabox volume prune --filter label=scratch"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove them and print their names."""
    from seabox.listing.volume_filters import matcher

    with engine(args) as on:
        fits = matcher(on, args.texts("filter"))
        if not args.on("force"):
            names = [volume.name for volume in on.volumes.unused(fits)]
            sys.stdout.write(_WARNING)
            if not names:
                say("No dangling volumes found")
                return 0
            sys.stdout.write("".join(f"{name}\n" for name in names) + _QUESTION)
            sys.stdout.flush()
            if sys.stdin.readline().strip().lower()[:1] != "y":
                return 0
        for volume in on.volumes.prune(fits):
            say(volume.name)
    return 0

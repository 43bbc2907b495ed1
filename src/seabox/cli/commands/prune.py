"""`container prune`."""

from __future__ import annotations

import sys
from contextlib import suppress

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, LIST, Command, Flag
from seabox.errors import Conflict, InvalidArgument, NoSuchContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_FILTERS = ("label", "label!", "until")
_WARNING = "WARNING! This will remove all non running containers.\nAre you sure you want to continue? [y/N] "


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "", LIST, "Only containers that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("force", "f", BOOL, "Do not ask"),
    )
    return Command(
        path, flags, "[options]", "Remove all containers that do not run", run, most=0,
        examples=("seabox container prune --force", "seabox container prune --filter until=24h"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove them, and print their ids."""
    from seabox.listing.container_filters import matcher

    texts = args.texts("filter")
    for text in texts:
        key = text.partition("=")[0]
        if key not in _FILTERS:
            raise InvalidArgument(f"{key} is an invalid filter")
    with engine(args) as on:
        fits = matcher(on, texts)
        if not args.on("force"):
            sys.stdout.write(_WARNING)
            sys.stdout.flush()
            if sys.stdin.readline().strip().lower()[:1] != "y":
                return 0

        def remove(id: str) -> None:
            with suppress(NoSuchContainer, Conflict):  # gone, started or mounted meanwhile
                on.containers.get(id).remove()
                say(id)

        idle = [seen for seen in on.containers.list() if seen.status in ("created", "exited", "stopped")]
        wanted = [seen.facts.id for seen in idle if fits(seen)]
        return for_each(reversed(wanted), remove)  # what others need is older than they are

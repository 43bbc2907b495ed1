"""`image prune`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All that no container uses, not only those without a name"),
        Flag("external", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("filter", "", LIST, "Only images that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("force", "f", BOOL, "Do not ask"),
    )
    return Command(path, flags, "[options]", "Remove images that are not used", run, most=0)


def run(args: Arguments) -> int:
    """Ask, remove them, and print their ids."""
    if not args.on("force"):
        what = "without at least one container associated with them" if args.on("all") else "that are dangling"
        sys.stdout.write(f"WARNING! This command removes all images {what}.\nAre you sure you want to continue? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 0
    with engine(args) as on:
        keep: list[str] = []
        if args.texts("filter"):
            from seabox.listing.image_filters import matcher

            accepted = matcher(on, args.texts("filter"))
            keep = [image.id for image in on.images.list() if not accepted(image)]
        for id in on.images.prune(all=args.on("all"), keep=keep):
            say(id)
    return 0

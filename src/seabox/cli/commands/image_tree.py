"""`image tree`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    other = Flag("whatrequires", "", BOOL, "Accepted, without effect", hidden=True)
    return Command(path, (other,), "IMAGE", "Show the layers of an image", run, least=1, most=1, completion="images")


def run(args: Arguments) -> int:
    """Print them, the lowest first."""
    from seabox.cli.output import write
    from seabox.listing.image_tree import tree

    with engine(args) as on:
        shown = tree(on, on.images.find(args.rest[0]))
    write(shown, sys.stdout)
    return 0

"""`system reset`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_QUESTION = """WARNING! This will remove:
        - all containers
        - all images
        - all networks
        - everything else in {} and {}
Are you sure you want to continue? [y/N] """


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (Flag("force", "f", BOOL, "Do not ask"),), "[options]", "Remove everything and start from nothing", run,
        most=0,
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Ask, and do it."""
    with engine(args) as on:
        if not args.on("force"):
            sys.stdout.write(_QUESTION.format(on.config.root, on.config.runroot))
            sys.stdout.flush()
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                return 0
        on.reset()
    return 0

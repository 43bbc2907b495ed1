"""`pod prune`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_QUESTION = "WARNING! This will remove all stopped/exited pods..\nAre you sure you want to continue? [y/N] "


def command(path: str) -> Command:
    """The command's table."""
    force = Flag("force", "f", BOOL, "Do not ask")
    return Command(path, (force,), "[options]", "Remove the pods whose containers have all ended", run, most=0)


def run(args: Arguments) -> int:
    """Remove them and print their ids."""
    if not args.on("force"):
        sys.stdout.write(_QUESTION)
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 0
    with engine(args) as on:
        for id in on.pods.prune():
            say(id)
    return 0

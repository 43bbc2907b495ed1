"""`system check`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import Damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("force", "f", BOOL, "Mend, and remove what cannot be mended"),
        Flag("max", "m", STRING, "Accepted, without effect", metavar="duration", hidden=True),
        Flag("quick", "q", BOOL, "Leave out the slow part of looking at the database"),
        Flag("repair", "r", BOOL, "Mend what can be mended without losing anything"),
    )
    return Command(
        path, flags, "[options]", "Look for damage in the database, containers and images", run, most=0,
        examples=("seabox system check", "seabox system check --repair"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """A line for each thing that is wrong. Raises: Damaged if some of it stays."""
    with engine(args) as on:
        found = on.check(repair=args.on("repair"), force=args.on("force"), quick=args.on("quick"))
    for each in found:
        say(f"{each.kind} {each.id}: {each.text}{': ' + each.mended if each.mended else ''}")
    left = sum(not each.mended for each in found)
    sys.stdout.flush()
    if left:
        hint = "--force removes it" if args.on("repair") else "--repair mends what can be mended"
        raise Damaged(f"damage detected in local storage: {left} of {len(found)} findings stay ({hint})")
    return 0

"""`volume exists`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (), "VOLUME", "Say by the exit code whether a volume exists", run, least=1, most=1, completion="volumes"
    )


def run(args: Arguments) -> int:
    """0 if it exists, 1 if not; nothing is printed."""
    with engine(args) as on:
        return 0 if on.volumes.exists(args.rest[0]) else 1

"""`rename`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (), "CONTAINER NAME", "Give a container another name", run, least=2, most=2, completion="containers",
        examples=("seabox rename web old-web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Rename it."""
    with engine(args) as on:
        on.containers.get(args.rest[0]).rename(args.rest[1])
    return 0

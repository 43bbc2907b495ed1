"""`image embed`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (), "NAME", "Make an image of a program of this host", run, least=1, most=1,
        description="The one image there is, busybox, is made from the host's static busybox; no registry is needed.",
        examples=("seabox image embed busybox",), completion=("busybox",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Make it and print its id."""
    with engine(args) as on:
        say(on.images.embed(args.rest[0]))
    return 0

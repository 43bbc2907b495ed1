"""`create`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.creation_flags import FLAGS
from seabox.cli.flags import STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    init = Flag(
        "init-ctr", "", STRING, "It runs to its end before the others of its pod start: once (and goes), or always",
        completion=("once", "always"),
    )
    return Command(
        path, (*FLAGS, init), "[options] IMAGE [COMMAND [ARG...]]", "Create a container without starting it", run,
        least=1, interspersed=False, completion="images", examples=("seabox create --name web busybox httpd -f",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Create it and print its id."""
    from seabox.cli.creation import create

    with engine(args) as on:
        say(create(args, on).id)
    return 0

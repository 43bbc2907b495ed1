"""`export`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    output = Flag("output", "o", STRING, "Write to this file, not to stdout", metavar="file", completion="files")
    return Command(
        path, (output,), "[options] CONTAINER", "Write a container's root file system to a tar archive", run, least=1,
        most=1, completion="containers", examples=("seabox export --output web.tar web", "seabox export web > web.tar"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Write it."""
    path = args.text("output")
    if not path and sys.stdout.isatty():
        raise InvalidArgument("cannot write to terminal, use command-line redirection or the --output flag")
    with engine(args) as on:
        on.containers.get(args.rest[0]).export(path or sys.stdout.buffer)
    return 0

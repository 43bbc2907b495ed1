"""`volume export`."""

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
        path, (output,), "[options] VOLUME", "Write a volume's files to a tar archive", run, least=1, most=1,
        completion="volumes",
        examples=("seabox volume export --output data.tar data", "seabox volume export data > data.tar"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Write it."""
    path = args.text("output")
    if args.given("output") and not path:
        raise InvalidArgument("must provide valid path for file to write to")
    if not path and sys.stdout.isatty():
        raise InvalidArgument("cannot write to terminal, use command-line redirection or the --output flag")
    with engine(args) as on:
        on.volumes.export(args.rest[0], path or sys.stdout.buffer)
    return 0

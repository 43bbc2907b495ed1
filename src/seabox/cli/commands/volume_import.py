"""`volume import`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import Command
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (), "VOLUME [SOURCE]", "Unpack a tar archive into a volume", run, least=1, most=2, completion="volumes",
        examples=("seabox volume import data data.tar", "seabox volume import data - < data.tar"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Unpack it; the volume must exist."""
    name, source = (*args.rest, "-")[:2]
    if source == "-" and sys.stdin.isatty():
        raise InvalidArgument("cannot read from terminal, use command-line redirection or the name of a file")
    with engine(args) as on:
        if source == "-":
            on.volumes.import_tar(name, sys.stdin.buffer)
            return 0
        try:
            file = open(source, "rb")  # noqa: SIM115  # closed below; only its opening is the user's mistake
        except OSError as problem:
            raise InvalidArgument(f"open {source}: {(problem.strerror or 'unknown error').lower()}") from None
        with file:
            on.volumes.import_tar(name, file)
    return 0

"""`top`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, latest_of
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (Flag("latest", "l", BOOL, "The container created last"),), "[options] CONTAINER [COLUMN|PS-OPTION...]",
        "Show the processes of a container", run, interspersed=False, completion="containers",
        description="Read from outside: nothing of the container is executed. Columns by name, or as options of ps.",
        examples=("seabox top web", "seabox top web pid user comm", "seabox top web -eo pid,comm"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import table, write

    words = args.rest
    with engine(args) as on:
        if args.on("latest"):
            words = [latest_of(on), *words]
        if not words:
            raise InvalidArgument("you must provide the name or id of a running container")
        headings, rows = on.containers.get(words[0]).top(words[1:])
    write(table(rows, headings), sys.stdout)
    return 0

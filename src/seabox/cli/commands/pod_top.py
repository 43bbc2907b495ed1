"""`pod top`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import Command
from seabox.cli.pods import LATEST, latest_pod
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (LATEST,), "[options] POD [COLUMN|PS-OPTION...]", "Show the processes of the containers of a pod", run,
        interspersed=False, completion="pods", examples=("seabox pod top web", "seabox pod top web pid user comm"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import table, write

    words = args.rest
    with engine(args) as on:
        if args.on("latest"):
            words = [latest_pod(on), *words]
        if not words:
            raise InvalidArgument("you must provide the name or id of a running pod")
        headings, rows = on.pods.get(words[0]).top(words[1:])
    write(table(rows, headings) if rows else "", sys.stdout)
    return 0

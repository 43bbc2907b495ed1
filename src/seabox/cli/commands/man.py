"""`man`."""

from __future__ import annotations

import os
import sys

from seabox.cli.flags import STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flag = Flag("all", "", STRING, "Write all pages into this directory", metavar="directory", completion="directories")
    return Command(
        path, (flag,), "[options] [COMMAND...]", "Print the manual page of a command, as roff", run,
        examples=("seabox man run | man -l -", "seabox man --all /usr/local/share/man/man1"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it, or write all."""
    from seabox.cli import manual

    folder = args.text("all")
    if folder:
        from seabox.kernel.files import write_file

        if args.rest:
            raise InvalidArgument("--all takes no commands")
        if not os.path.isdir(folder):
            raise InvalidArgument(f"open {folder}: no such directory")
        for path in manual.paths():
            write_file(f"{folder}/{manual.page_name(path)}.1", manual.page(path).encode(), 0o644)
        return 0
    path = " ".join(args.rest)
    if path not in manual.paths():
        raise InvalidArgument(f"there is no command {path!a}")
    sys.stdout.write(manual.page(path))
    return 0

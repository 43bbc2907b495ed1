"""`load`."""

from __future__ import annotations

import os
import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import STRING, Command, Flag
from seabox.cli.transfers import QUIET, progress
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    source = Flag("input", "i", STRING, "Archive or directory in place of stdin", metavar="path", completion="files")
    return Command(
        path, (source, QUIET), "[options]", "Get images out of an archive", run, most=0,
        examples=("seabox load --input web.tar",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Get them and print their names."""
    path = args.text("input")
    if not path and sys.stdin.isatty():
        raise InvalidArgument("cannot read from terminal, use command-line redirection or the --input flag")
    if path and not os.path.exists(path) and "://" not in path:
        raise InvalidArgument(f"stat {path}: no such file or directory")
    with engine(args) as on:
        for name in on.images.load(path or "/dev/stdin", progress=progress(args)):
            say(f"Loaded image: {name if ':' in name else f'sha256:{name}'}")
    return 0

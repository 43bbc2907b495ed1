"""`volume inspect`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.model.volume import Volume


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All volumes"),
        Flag("format", "f", STRING, "Go template, or json", metavar="format"),
    )
    return Command(
        path, flags, "[options] VOLUME [VOLUME...]", "Show all that is known about volumes", run, completion="volumes"
    )


def run(args: Arguments) -> int:
    """Print it for each; what does not exist is told after the rest."""
    from seabox.cli.complaint import complain
    from seabox.cli.output import as_json, is_json, render, write
    from seabox.listing.volumes import fields, inspected
    from seabox.volumes.errors import NoSuchVolume

    if bool(args.rest) == args.on("all"):
        raise InvalidArgument("provide one or more volume names or use --all")
    found: list[Volume] = []
    missing = []
    with engine(args) as on:
        if args.on("all"):
            found = on.volumes.list()
        for name in args.rest:
            try:
                found.append(on.volumes.get(name))
            except NoSuchVolume:
                missing.append(NotFound(f"no such volume {name}"))
    form = args.text("format")
    if not form or is_json(form):
        write(as_json([inspected(each) for each in found]) if found else "[]\n", sys.stdout)
    else:
        write("".join(render(form, fields(each)) for each in found), sys.stdout)
    sys.stdout.flush()
    return max([complain(problem) for problem in missing], default=0)

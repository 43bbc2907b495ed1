"""`mount`."""

from __future__ import annotations

import sys

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_SHORT = 12  # of an id


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        Flag("format", "", STRING, "Print the mounts as JSON", metavar="format", completion=("json",)),
        LATEST,
        Flag("no-trunc", "", BOOL, "Show whole ids", aliases=("notruncate",)),
    )
    return Command(
        path, flags, "[options] [CONTAINER...]", "Mount the root file systems of containers", run,
        completion="containers",
        description="Each container's root file system is mounted and its path printed. Without a container, those\n"
        "that are mounted are listed.",
        examples=("seabox mount web", "seabox mount"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Mount what was named, or list what is mounted."""
    form = args.text("format")
    if form not in ("", "json"):
        raise InvalidArgument(f'unknown --format argument "{form}"')
    found: list[tuple[str, str, str]] = []  # id, name, path
    with engine(args) as on:
        if not (args.rest or args.on("all") or args.on("latest")):
            found = [(s.facts.id, s.facts.name, s.state.mountpoint) for s in on.containers.list() if s.state.mountpoint]
            _show(args, found)
            return 0
        names = chosen(args, on)

        def mount(name: str) -> None:
            ctr = on.containers.get(name)
            path = ctr.mount()
            if len(args.rest) == 1 and not form:
                say(path)
            else:
                found.append((ctr.id, ctr.name, path))

        code = for_each(names, mount)
    _show(args, found)
    return code


def _show(args: Arguments, found: list[tuple[str, str, str]]) -> None:
    from seabox.cli.output import as_json, table, write

    if args.text("format"):
        text = as_json([{"id": id, "Names": [name], "mountpoint": path} for id, name, path in found])
    else:
        cut = None if args.on("no-trunc") else _SHORT
        text = table((id[:cut], path) for id, _, path in found)
    write(text, sys.stdout)

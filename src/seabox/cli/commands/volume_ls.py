"""`volume ls`, also called `volume list`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

COLUMNS = ("Driver", "Name")
HEADINGS = {"Name": "VOLUME NAME"}


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "f", LIST, "Only volumes that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print names only"),
    )
    return Command(
        path, flags, "[options]", "List volumes", run, most=0,
        examples=("seabox volume ls", "seabox volume ls --filter dangling=true --format '{{.Name}} {{.Mountpoint}}'"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them; nothing at all, if there are none."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.volume_filters import matcher
    from seabox.listing.volumes import fields, inspected

    form = args.text("format")
    if args.on("quiet") and form:
        raise InvalidArgument("quiet and format flags cannot be used together")
    with engine(args) as on:
        fits = matcher(on, args.texts("filter"))
        found = [volume for volume in on.volumes.list() if fits(volume)]
    if args.on("quiet"):
        sys.stdout.write("".join(f"{volume.name}\n" for volume in found))
        return 0
    if is_json(form):
        write(as_json([inspected(volume) for volume in found]) if found else "[]\n", sys.stdout)
        return 0
    rows = [
        fields(volume) | {"Label": lambda key, labels=volume.labels: labels.get(key, "")} for volume in found
    ]
    if rows or form:
        write(report(form, rows, COLUMNS, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0

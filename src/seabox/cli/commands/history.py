"""`history`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_COLUMNS = ("ID", "Created", "CreatedBy", "Size", "Comment")
_HEADINGS = {"CreatedBy": "CREATED BY", "CreatedAt": "CREATED AT", "CreatedSince": "CREATED"}
_LONGEST = 45  # of a command


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "", STRING, "Go template, or json", metavar="format"),
        Flag("human", "H", BOOL, "Sizes and times for people", default=True),
        Flag("no-trunc", "", BOOL, "Show everything whole"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print ids only"),
    )
    return Command(path, flags, "[options] IMAGE", "Show how an image was made", run, least=1, most=1,
                   completion="images")  # fmt: skip


def run(args: Arguments) -> int:
    """Print it, the newest step first."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.images import history_row
    from seabox.model.human import since, size

    with engine(args) as on:
        steps = on.images.history(args.rest[0])
    form, whole, human = args.text("format"), args.on("no-trunc"), args.on("human")
    if is_json(form):
        write(as_json([history_row(step) for step in steps]), sys.stdout)
        return 0
    rows = []
    for step in steps:
        id = step.id if whole or step.id.startswith("<") else step.id[:12]
        ago = since(step.created_at, time.time_ns()) if human else step.created
        by = step.by if whole or len(step.by) <= _LONGEST else f"{step.by[:_LONGEST - 3]}..."
        rows.append({
            "ID": id, "Created": ago, "CreatedSince": ago, "CreatedAt": _at(step.created_at), "CreatedBy": by,
            "Size": size(step.size, 3, gap=" ") if human else str(step.size), "Comment": step.comment,
        })  # fmt: skip
    if args.on("quiet"):
        write("".join(f"{row['ID']}\n" for row in rows), sys.stdout)
        return 0
    write(report(form, rows, _COLUMNS, headings=_HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def _at(when: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(when // 10**9))

"""`system df`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

COLUMNS = ("Type", "Total", "Active", "Size", "Reclaimable")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "", STRING, "Go template, or json", metavar="format"),
        Flag("verbose", "v", BOOL, "Accepted, without effect", hidden=True),
    )
    return Command(path, flags, "[options]", "Show how much room everything takes", run, most=0)


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.cli.human import size
    from seabox.cli.output import as_json, is_json, report, write

    with engine(args) as on:
        found = on.usage()
    form = args.text("format")
    rows: list[dict[str, object]] = []
    for each in found:
        share = f"{100 * each.reclaimable / each.size:.0f}" if each.size else "0"
        rows.append({
            "Type": each.type, "Total": each.total, "Active": each.active, "RawSize": each.size,
            "RawReclaimable": each.reclaimable, "Size": size(each.size),
            "Reclaimable": f"{size(each.reclaimable)} ({share}%)",
        })  # fmt: skip
    write(as_json(rows) if is_json(form) else report(form, rows, COLUMNS), sys.stdout)
    return 0

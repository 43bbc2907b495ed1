"""`stats`."""

from __future__ import annotations

import sys
from contextlib import suppress

from seabox.cli.context import ALL, LATEST, engine, latest_of
from seabox.cli.flags import BOOL, INT, STRING, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer
from seabox.listing.stats import json_row, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.stats import Stats
    from seabox.engine import Engine

COLUMNS = ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDS", "CPUTime", "AvgCPU")
HEADINGS = {
    "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET IO", "BlockIO": "BLOCK IO",
    "PIDS": "PIDS", "CPUTime": "CPU TIME", "AvgCPU": "AVG CPU %", "MemUsageBytes": "MEM USAGE / LIMIT",
}  # fmt: skip


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("interval", "i", INT, "Seconds between two reports", default=5),
        LATEST,
        Flag("no-reset", "", BOOL, "Do not clear the screen between two reports"),
        Flag("no-stream", "", BOOL, "Report once"),
        Flag("no-trunc", "", BOOL, "Show whole ids"),
    )
    return Command(
        path, flags, "[options] [CONTAINER...]", "Show what containers use of the machine", run,
        completion="containers",
        examples=("seabox stats --no-stream", "seabox stats --format '{{.Name}} {{.MemUsage}}'"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Report, once or until interrupted."""
    from seabox.kernel.watch import Watch

    if sum((args.on("all"), args.on("latest"), bool(args.rest))) > 1:
        raise InvalidArgument("--all, --latest and containers cannot be used together")
    if args.number("interval") < 1:
        raise InvalidArgument("invalid interval, must be a positive number greater zero")
    before: dict[str, Stats] = {}
    with engine(args) as on, Watch() as pause:
        while True:
            found = _look(on, args, strict=not before)
            _show(args, [row(stats, before.get(stats.id), args.on("no-trunc")) for stats in found])
            if args.on("no-stream"):
                return 0
            before = {stats.id: stats for stats in found}
            pause.wait(args.number("interval"))


def _look(on: Engine, args: Arguments, *, strict: bool) -> list[Stats]:
    """The containers asked for; those that go while they are watched are left out."""
    if args.on("latest"):
        names = [latest_of(on)]
    else:
        names = args.rest or [seen.facts.id for seen in on.containers.list(all=args.on("all"))]
    found = []
    for name in names:
        if strict and args.rest:
            found.append(on.containers.get(name).stats())
            continue
        with suppress(NoSuchContainer):
            found.append(on.containers.get(name).stats())
    return found


def _show(args: Arguments, rows: list[dict[str, object]]) -> None:
    from seabox.cli.output import as_json, is_json, report, write

    form = args.text("format")
    if is_json(form):
        text = as_json([json_row(each) for each in rows])
    else:
        text = report(form, rows, COLUMNS, headings=HEADINGS)
    if sys.stdout.isatty() and not (args.on("no-stream") or args.on("no-reset")):
        sys.stdout.write("\x1b[H\x1b[2J")
    write(text, sys.stdout)
    sys.stdout.flush()

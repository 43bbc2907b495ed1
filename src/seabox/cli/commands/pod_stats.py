"""`pod stats`."""

from __future__ import annotations

import sys
from contextlib import suppress

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.pods import ALL, LATEST, latest_pod
from seabox.errors import InvalidArgument, NoSuchPod, NotFound
from seabox.listing.stats import pod_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.stats import Stats
    from seabox.engine import Engine

COLUMNS = ("Pod", "CID", "Name", "CPU", "MemUsage", "Mem", "NetIO", "BlockIO", "PIDS")
HEADINGS = {
    "CPU": "CPU %", "MemUsage": "MEM USAGE/ LIMIT", "MemUsageBytes": "MEM USAGE/ LIMIT", "Mem": "MEM %",
    "NetIO": "NET IO", "BlockIO": "BLOCK IO", "PIDS": "PIDS", "CID": "CID",
}  # fmt: skip
_SECONDS = 5.0


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        LATEST,
        Flag("no-reset", "", BOOL, "Do not clear the screen between two reports"),
        Flag("no-stream", "", BOOL, "Report once"),
    )
    return Command(
        path, flags, "[options] [POD...]", "Show what the containers of pods use of the machine", run,
        completion="pods", examples=("seabox pod stats --no-stream web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Report, once or until interrupted."""
    from seabox.kernel.watch import Watch

    if sum((args.on("all"), args.on("latest"), bool(args.rest))) > 1:
        raise InvalidArgument("--all, --latest and arguments cannot be used together")
    before: dict[str, Stats] = {}
    with engine(args) as on, Watch() as pause:
        while True:
            found = _look(on, args, strict=not before)
            _show(args, [pod_row(pod, stats, before.get(stats.id)) for pod, stats in found])
            if args.on("no-stream"):
                return 0
            before = {stats.id: stats for _, stats in found}
            pause.wait(_SECONDS)


def _look(on: Engine, args: Arguments, *, strict: bool) -> list[tuple[str, Stats]]:
    """The containers of the pods asked for, each with its pod; pods that go while they are watched are left out."""
    if args.on("latest"):
        names = [latest_pod(on)]
    else:
        pods = on.pods.list()
        names = args.rest or [seen.facts.id for seen in pods if args.on("all") or seen.status == "Running"]
    found: list[tuple[str, Stats]] = []
    for name in names:
        try:
            pod = on.pods.get(name)
        except NoSuchPod as missing:
            if strict and args.rest:
                missing.args = (f"unable to get list of pods: {missing}",)
                raise
            continue
        with suppress(NotFound):
            found += [(pod.id, stats) for stats in pod.stats()]
    return found


def _show(args: Arguments, rows: list[dict[str, object]]) -> None:
    from seabox.cli.output import as_json, is_json, report, write

    form = args.text("format")
    if is_json(form):
        text = as_json([{name: str(value) for name, value in each.items()} for each in rows])
    else:
        text = report(form, rows, COLUMNS, headings=HEADINGS)
    if sys.stdout.isatty() and not (args.on("no-stream") or args.on("no-reset")):
        sys.stdout.write("\x1b[H\x1b[2J")
    write(text, sys.stdout)
    sys.stdout.flush()

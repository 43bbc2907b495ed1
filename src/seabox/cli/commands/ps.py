"""`ps`, also called `container ls` and `container list`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, INT, LIST, STRING, UINT, Command, Flag
from seabox.cli.parse import UsageError
from seabox.errors import InvalidArgument, NoSuchContainer
from seabox.model.human import since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

COLUMNS = ("ID", "Image", "Command", "CreatedHuman", "Status", "Ports", "Names")
NAMESPACES = ("ID", "Names", "PID", "CGROUPNS", "IPC", "MNT", "NET", "PIDNS", "USERNS", "UTS")
HEADINGS = {"ID": "CONTAINER ID", "CreatedAt": "CREATED AT", "CreatedHuman": "CREATED", "Pod": "POD ID"}
HEADINGS |= {"PodName": "PODNAME", "Cgroup": "CGROUPNS", "User": "USERNS"}
HEADINGS |= {name: name for name in NAMESPACES[2:]}
SORTS = ("command", "created", "id", "image", "names", "runningfor", "size", "status")
_SHORT = 12  # of an id
_SHORT_COMMAND = 17


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "Show all containers, not only those that run"),
        Flag("external", "", BOOL, "Accepted, without effect: nobody else's containers are in the store"),
        Flag("filter", "f", LIST, "Only containers that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("last", "n", INT, "Show the last n containers that were created, in any state", default=-1),
        Flag("latest", "l", BOOL, "Show the container created last"),
        Flag("no-trunc", "", BOOL, "Show whole ids and commands"),
        Flag("noheading", "", BOOL, "Leave out the heading"),
        Flag("ns", "", BOOL, "Show the namespaces"),
        Flag("pod", "p", BOOL, "Show the pods of the containers"),
        Flag("quiet", "q", BOOL, "Print ids only"),
        Flag("size", "s", BOOL, "Show how much room the files take"),
        Flag("sort", "", STRING, "Sort by this column", default="created", completion=SORTS),
        Flag("sync", "", BOOL, "Compare each container with its runtime first"),
        Flag("watch", "w", UINT, "Show them again every so many seconds"),
    )
    return Command(path, flags, "[options]", "List containers", run, most=0, examples=("seabox ps --all",))


def run(args: Arguments) -> int:
    """Print them, again and again with --watch."""
    _check(args)
    with engine(args) as on:
        if not args.number("watch"):
            _show(on, args)
            return 0
        from seabox.kernel.watch import Watch

        with Watch() as pause:
            while True:
                sys.stdout.write("\x1b[H\x1b[2J" if sys.stdout.isatty() else "")
                _show(on, args)
                sys.stdout.flush()
                pause.wait(args.number("watch"))


def _show(on: Engine, args: Arguments) -> None:
    if args.on("sync"):
        for seen in on.containers.list():
            _sync(on, seen.facts.id)
    found = _found(on, args)
    if args.on("quiet") and not args.given("format"):
        cut = None if args.on("no-trunc") else _SHORT
        sys.stdout.write("".join(f"{seen.facts.id[:cut]}\n" for seen in found))
        return
    from seabox.cli.output import as_json, is_json, report, write

    form = args.text("format")
    if is_json(form):
        from seabox.listing.containers import json_row

        write(as_json([json_row(on, seen, size=args.on("size")) for seen in found], 2), sys.stdout)
        return
    now = time.time_ns()
    rows = [row(seen, now, args.on("no-trunc")) for seen in found]
    if any(seen.facts.pod for seen in found):
        add_pods(on, rows, found)
    columns: tuple[str, ...] = COLUMNS
    if args.on("pod"):
        columns = (*columns, "Pod", "PodName")
    if args.on("size"):
        columns = (*columns, "Size")
    if args.on("ns"):
        columns = NAMESPACES
    if form not in ("", "table") or args.on("size") or args.on("ns"):
        from seabox.cli.commands.ps_details import add_details

        for each, seen in zip(rows, found, strict=True):
            add_details(on, each, seen, size=args.on("size"), whole=args.on("no-trunc"))
        form = form.replace(".Namespaces.", ".")  # podman's name for where they are
    write(report(form, rows, columns, headings=HEADINGS, noheading=args.on("noheading"), name="ps"), sys.stdout)


def _check(args: Arguments) -> None:
    if args.on("latest") and args.given("last"):
        raise InvalidArgument("last and latest are mutually exclusive")
    if args.on("size") and args.on("ns"):
        raise InvalidArgument("size and namespace options conflict")
    if args.on("quiet") and (args.on("size") or args.on("ns")):
        raise InvalidArgument("quiet conflicts with size, namespace, and format options")
    if args.text("sort") not in SORTS:
        raise UsageError(
            f'invalid argument "{args.text("sort")}" for "--sort" flag: "{args.text("sort")}" is not a valid value.  '
            f'Choose from: "{", ".join(SORTS)}"', args.command.full_path,
        )  # fmt: skip


def _found(on: Engine, args: Arguments) -> list[Snapshot]:
    """The containers to show, in order."""
    last = 1 if args.on("latest") else args.number("last")
    filters = args.texts("filter")
    every = args.on("all") or last >= 0
    states = any(text.startswith(("status=", "exited=")) for text in filters)  # they say which states to show
    found = on.containers.list(all=every or states)
    if not (every or states):
        found = [seen for seen in found if seen.status in ("running", "stopping")]
    if filters:
        from seabox.listing.container_filters import matcher

        fits = matcher(on, filters)
        found = [seen for seen in found if fits(seen)]
    if last >= 0:
        found = found[max(len(found) - last, 0) :]
    order = args.text("sort")
    if order not in ("created", "size"):
        found.sort(key=lambda seen: _rank(seen, order))
    return found


def _rank(seen: Snapshot, order: str) -> tuple[str, int]:
    facts = seen.facts
    text = {"command": facts.command, "id": facts.id, "image": facts.image, "names": facts.name, "status": seen.status}
    return text.get(order, ""), -facts.created_at if order == "runningfor" else facts.created_at


def _sync(on: Engine, id: str) -> None:
    try:
        on.containers.get(id).sync()
    except NoSuchContainer:
        return


def row(seen: Snapshot, now: int, whole: bool) -> dict[str, object]:
    """What is shown of a container, under the field names of podman's templates."""
    facts = seen.facts
    text = facts.command
    return {
        "ID": facts.id if whole else facts.id[:_SHORT],
        "Image": facts.image,
        "Command": text if whole or len(text) <= _SHORT_COMMAND else f"{text[:_SHORT_COMMAND]}...",
        "CreatedHuman": since(facts.created_at, now),
        "Status": seen.told(now),
        "Ports": facts.ports,
        "Names": facts.name,
        "Pod": facts.pod if whole else facts.pod[:_SHORT],
        "PodName": "",
    }


def add_pods(on: Engine, rows: list[dict[str, object]], found: list[Snapshot]) -> None:
    """The rows have the names of pods, and of their members the ports that they share."""
    shared = {}
    for pod in on.pods.list():
        infra = pod.infra
        shared[pod.facts.id] = pod.facts.name, infra.facts.ports if infra is not None else ""
    for each, seen in zip(rows, found, strict=True):
        each["PodName"], ports = shared.get(seen.facts.pod, ("", ""))
        each["Ports"] = each["Ports"] or ports

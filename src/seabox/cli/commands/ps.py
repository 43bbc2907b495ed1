"""`ps`, also called `container ls` and `container list`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, INT, LIST, STRING, Command, Flag
from seabox.cli.human import duration, since
from seabox.errors import InvalidArgument, NoSuchContainer, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

COLUMNS = ("ID", "Image", "Command", "Created", "Status", "Ports", "Names")
HEADINGS = {"ID": "CONTAINER ID", "CreatedAt": "CREATED AT", "RunningFor": "CREATED", "PodName": "PODNAME"}
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
        Flag("ns", "", BOOL, "Show namespaces", hidden=True),
        Flag("pod", "p", BOOL, "Show the pods of the containers"),
        Flag("quiet", "q", BOOL, "Print ids only"),
        Flag("size", "s", BOOL, "Accepted, without effect"),
        Flag("sort", "", STRING, "Sort by this column", default="created", completion=SORTS),
        Flag("sync", "", BOOL, "Compare each container with its runtime first"),
        Flag("watch", "w", INT, "Repeat every so many seconds", hidden=True),
    )
    return Command(path, flags, "[options]", "List containers", run, most=0, examples=("seabox ps --all",))


def run(args: Arguments) -> int:
    """Print them."""
    _check(args)
    with engine(args) as on:
        if args.on("sync"):
            for seen in on.containers.list():
                _sync(on, seen.facts.id)
        found = _found(on, args)
        if args.on("quiet") and not args.given("format"):
            cut = None if args.on("no-trunc") else _SHORT
            sys.stdout.write("".join(f"{seen.facts.id[:cut]}\n" for seen in found))
            return 0
        from seabox.cli.output import is_json, report, write

        form = args.text("format")
        columns = (*COLUMNS[:1], "Pod", "PodName", *COLUMNS[1:]) if args.on("pod") else COLUMNS
        if is_json(form):
            from seabox.cli.commands.ps_details import json_row

            rows = [json_row(on, seen) for seen in found]
        else:
            now = time.time_ns()
            rows = [row(seen, now, args.on("no-trunc")) for seen in found]
            if form not in ("", "table"):
                from seabox.cli.commands.ps_details import add_details

                for each, seen in zip(rows, found, strict=True):
                    add_details(on, each, seen)
        write(report(form, rows, columns, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def _check(args: Arguments) -> None:
    for name in ("ns", "watch"):
        if args.given(name):
            raise Unsupported(f"--{name} is not supported yet")
    if args.on("latest") and args.given("last"):
        raise InvalidArgument("last and latest are mutually exclusive")
    if args.on("quiet") and args.on("size"):
        raise InvalidArgument("quiet conflicts with size, namespace, and format options")
    if args.text("sort") not in SORTS:
        raise InvalidArgument(f"invalid argument for --sort: one of {', '.join(SORTS)}")


def _found(on: Engine, args: Arguments) -> list[Snapshot]:
    """The containers to show, in order."""
    last = 1 if args.on("latest") else args.number("last")
    filters = args.texts("filter")
    states = any(text.startswith(("status=", "exited=")) for text in filters)  # they say which states to show
    found = on.containers.list(all=args.on("all") or last >= 0 or states)
    if filters:
        from seabox.cli.filters import matcher

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
        "Created": since(facts.created_at, now),
        "Status": status(seen, now),
        "Ports": facts.ports,
        "Names": facts.name,
        "Pod": "",
        "PodName": "",
    }


def status(seen: Snapshot, now: int) -> str:
    """The state as people read it: "Up 3 seconds", "Exited (3) 2 minutes ago", "Created"."""
    state = seen.state
    if seen.status == "running":
        health = f" ({state.health})" if state.health else ""
        return f"Up {duration((now - state.started_at) / 1e9)}{health}"
    if seen.status in ("exited", "stopped"):
        code = state.exit_code if state.exit_code is not None else -1
        if state.next_start_at:
            return f"Restarting ({code}) {since(state.finished_at or now, now)}"
        return f"Exited ({code}) {since(state.finished_at or now, now)}"
    return seen.status.capitalize()

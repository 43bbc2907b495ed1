"""`pod ps`, also called `pod ls` and `pod list`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.cli.pods import LATEST
from seabox.errors import InvalidArgument
from seabox.model.human import since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.engine import Engine
    from seabox.pods.snapshot import PodSnapshot

HEADINGS = {
    "Id": "POD ID", "ID": "POD ID", "InfraID": "INFRA ID", "InfraId": "INFRA ID", "ContainerIds": "IDS",
    "ContainerNames": "NAMES", "ContainerStatuses": "STATUS", "NumberOfContainers": "# OF CONTAINERS",
    "Namespace": "NAMESPACES",
}  # fmt: skip
_SORTS = ("created", "id", "name", "number", "status")
_SHORT = 12  # of an id


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("ctr-ids", "", BOOL, "Show the ids of the containers"),
        Flag("ctr-names", "", BOOL, "Show the names of the containers"),
        Flag("ctr-status", "", BOOL, "Show the states of the containers"),
        Flag("filter", "f", LIST, "Only pods that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        LATEST,
        Flag("no-trunc", "", BOOL, "Show whole ids"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("ns", "", BOOL, "Show cgroup and namespaces"),
        Flag("quiet", "q", BOOL, "Print ids only"),
        Flag("sort", "", STRING, "Sort by this column", default="created", completion=_SORTS),
    )
    return Command(
        path, flags, "[options]", "List pods", run, most=0,
        examples=("seabox pod ps", "seabox pod ps --ctr-names --ctr-status"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.pod_filters import matcher
    from seabox.listing.pods import json_row

    form = args.text("format")
    if args.on("quiet") and form:
        raise InvalidArgument("quiet and format cannot be used together")
    if args.text("sort") not in _SORTS:
        raise InvalidArgument("invalid option for --sort, options are: id, names, or number")
    with engine(args) as on:
        fits = matcher(on, args.texts("filter"))
        found = [seen for seen in on.pods.list() if fits(seen)]
        found.sort(key=lambda seen: _rank(seen, args.text("sort")))
        if args.on("latest"):
            found = sorted(found, key=lambda seen: seen.facts.created_at)[-1:]
        cut = None if args.on("no-trunc") else _SHORT
        if args.on("quiet"):
            sys.stdout.write("".join(f"{seen.facts.id[:cut]}\n" for seen in found))
            return 0
        if is_json(form):
            write(as_json([json_row(on, seen) for seen in found]), sys.stdout)
            return 0
        now = time.time_ns()
        rows = [row(on, seen, now, cut) for seen in found]
    write(report(form, rows, _columns(args), headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def _columns(args: Arguments) -> list[str]:
    columns = ["Id", "Name", "Status", "Created", "InfraID"]
    asked = {"ctr-ids": "ContainerIds", "ctr-names": "ContainerNames", "ctr-status": "ContainerStatuses"}
    extra = [column for flag, column in asked.items() if args.on(flag)]
    columns += extra
    if args.on("ns"):
        columns += ["Cgroup", "Namespace"]
    return columns if extra else [*columns, "NumberOfContainers"]


def _rank(seen: PodSnapshot, order: str) -> tuple[object, int]:
    facts = seen.facts
    keys: dict[str, object] = {"id": facts.id, "name": facts.name, "number": len(seen.members), "status": seen.status}
    return keys.get(order, 0), -facts.created_at


def row(on: Engine, seen: PodSnapshot, now: int, cut: int | None) -> dict[str, object]:
    """What is shown of a pod, under the field names of podman's templates."""
    from seabox.cli.commands.ps_details import Lazy
    from seabox.listing.pods import containers, labels_of, networks_of

    facts, labels = seen.facts, labels_of(seen)
    return {
        "Id": facts.id[:cut],
        "ID": facts.id[:cut],
        "Name": facts.name,
        "Status": seen.status,
        "Created": since(facts.created_at, now),
        "InfraID": facts.infra[:cut],
        "InfraId": facts.infra[:cut],
        "NumberOfContainers": len(seen.members),
        "ContainerIds": ",".join(each.facts.id[:cut] for each in seen.members),
        "ContainerNames": ",".join(each.facts.name for each in seen.members),
        "ContainerStatuses": ",".join(each.word for each in seen.members),
        "Containers": containers(seen),
        "Cgroup": facts.cgroup.rpartition("/")[0],
        "Namespace": "",
        "Networks": Lazy(lambda: ",".join(networks_of(on, seen))),
        "Labels": labels,
        "Label": lambda key: labels.get(key, ""),
        "Restarts": str(sum(each.state.restart_count for each in seen.members)),
    }

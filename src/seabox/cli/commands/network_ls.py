"""`network ls`, also called `network list`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument
from seabox.model.human import go_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.model.network import Network

COLUMNS = ("ID", "Name", "Driver")
HEADINGS = {"ID": "NETWORK ID"}
_SHORT = 12  # of an id


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "f", LIST, "Only networks that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("no-trunc", "", BOOL, "Show whole ids"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print names only"),
    )
    return Command(path, flags, "[options]", "List networks", run, most=0)


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.network_filters import matcher
    from seabox.listing.networks import inspected

    with engine(args) as on:
        fits = matcher(args.texts("filter"), on.networks)
        found = [network for network in on.networks.list() if fits(network)]
    form = args.text("format")
    if args.on("quiet"):
        if form:
            raise InvalidArgument("quiet and format options cannot be used together")
        sys.stdout.write("".join(f"{network.name}\n" for network in found))
        return 0
    if is_json(form):
        write(as_json([inspected(network) for network in found]), sys.stdout)
        return 0
    rows = [row(network, whole=args.on("no-trunc")) for network in found]
    write(report(form, rows, COLUMNS, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def row(network: Network, *, whole: bool) -> dict[str, object]:
    """What is shown of a network, under the field names of podman's templates."""
    from seabox.listing.networks import inspected

    facts = inspected(network)
    return {
        "ID": network.id if whole else network.id[:_SHORT],
        "Name": network.name,
        "Driver": network.driver,
        "NetworkInterface": network.interface,
        "Created": go_time(network.created_at),
        "Subnets": facts["subnets"],
        "IPv6Enabled": network.ipv6,
        "Internal": network.internal,
        "DNSEnabled": network.dns,
        "Options": dict(network.options),
        "Labels": ",".join(f"{key}={value}" for key, value in sorted(network.labels.items())),
    }

"""`network ls`, also called `network list`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument
from seabox.model.human import go_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments
    from seabox.model.network import Network
    from seabox.network.networks import Networks

    Test = Callable[[Network], bool]

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
    from seabox.cli.commands.network_inspect import inspected
    from seabox.cli.output import as_json, is_json, report, write

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
    from seabox.cli.commands.network_inspect import inspected

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


def matcher(texts: list[str], networks: Networks | None = None) -> Test:
    """Whether a network fits the conditions: those of one key are alternatives. Raises: InvalidArgument."""
    tests: dict[str, list[Test]] = {}
    for text in texts:
        key, _, value = text.partition("=")
        test = _dangling(value, networks) if key.lower() == "dangling" and networks else _test(key.lower(), value)
        tests.setdefault(key.lower(), []).append(test)
    return lambda network: all(any(test(network) for test in either) for either in tests.values())


def _dangling(value: str, networks: Networks) -> Test:
    """Whether a prune would remove the network, or not. Raises: InvalidArgument."""
    from seabox.cli.kinds import read_bool
    from seabox.network.networks import DEFAULT

    try:
        wanted = read_bool(value)
    except ValueError as problem:
        raise InvalidArgument(f"invalid dangling filter value {value!a}: {problem}") from None
    return lambda network: (network.name != DEFAULT and not networks.users(network.id)) is wanted


def _test(key: str, value: str) -> Test:
    if key == "name":
        import re

        try:
            pattern = re.compile(value)
        except re.error as problem:
            raise InvalidArgument(f"invalid name filter {value!a}: {problem}") from None
        return lambda network: bool(pattern.search(network.name))
    if key == "id":
        return lambda network: network.id.startswith(value)
    if key == "driver":
        return lambda network: network.driver == value
    if key in ("label", "label!"):
        name, equals, wanted = value.partition("=")
        return lambda network: (key == "label") is (
            name in network.labels and (not equals or network.labels[name] == wanted)
        )
    if key == "until":
        import time

        from seabox.logs.times import parse_when

        moment = parse_when(value, now=time.time_ns())
        return lambda network: network.created_at < moment
    raise InvalidArgument(f'invalid filter "{key}"')

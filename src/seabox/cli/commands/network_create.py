"""`network create`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, PAIRS, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("disable-dns", "", BOOL, "No name service in this network"),
        Flag("driver", "d", STRING, "Driver", default="bridge", completion=("bridge", "macvlan", "ipvlan")),
        Flag("gateway", "", LIST, "Gateway of a subnet", metavar="ip"),
        Flag("ignore", "", BOOL, "A network that exists already is no error"),
        Flag("interface-name", "", STRING, "Name of the bridge, or of the parent interface"),
        Flag("internal", "", BOOL, "No way out of this network"),
        Flag("ip-range", "", LIST, "Range of a subnet that containers get addresses from"),
        Flag("ipam-driver", "", STRING, "Accepted: host-local", hidden=True),
        Flag("ipv6", "", BOOL, "An IPv6 subnet as well"),
        Flag("label", "", PAIRS, "Label (KEY=VALUE)"),
        Flag("opt", "o", PAIRS, "Option of the driver (KEY=VALUE)"),
        Flag("subnet", "", LIST, "Subnet in CIDR form"),
    )
    return Command(
        path, flags, "[options] [NAME]", "Create a network", run, most=1,
        examples=("seabox network create web", "seabox network create --subnet 192.0.2.0/24 --internal back"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Create it and print its name."""
    from seabox.errors import InvalidArgument

    if args.text("ipam-driver") not in ("", "host-local"):
        raise InvalidArgument(f"unsupported ipam driver {args.text('ipam-driver')!a}")
    labels = {key: value or "" for key, value in args.pairs("label")}
    options = {key: value or "" for key, value in args.pairs("opt")}
    with engine(args) as on:
        network = on.networks.create(
            args.rest[0] if args.rest else None,
            ignore=args.on("ignore"),
            driver=args.text("driver"),
            subnets=args.texts("subnet"),
            gateways=args.texts("gateway"),
            ip_ranges=args.texts("ip-range"),
            ipv6=args.on("ipv6"),
            internal=args.on("internal"),
            dns=not args.on("disable-dns"),
            interface=args.text("interface-name"),
            labels=labels,
            options=options,
        )
        say(network.name)
    return 0

"""`network connect` and `network disconnect`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    if path.endswith("disconnect"):
        force = Flag("force", "f", BOOL, "A container that is not connected is no error")
        return Command(
            path, (force,), "[options] NETWORK CONTAINER", "Take a container out of a network", disconnect, least=2,
            most=2, completion="networks",
        )  # fmt: skip
    flags = (
        Flag("alias", "", LIST, "Another name for the container in this network"),
        Flag("ip", "", STRING, "IPv4 address"),
        Flag("ip6", "", STRING, "IPv6 address"),
        Flag("mac-address", "", STRING, "MAC address"),
    )
    return Command(
        path, flags, "[options] NETWORK CONTAINER", "Bring a container into a network", connect, least=2, most=2,
        completion="networks",
    )  # fmt: skip


def connect(args: Arguments) -> int:
    """Connect it."""
    options = [f"alias={name}" for name in args.texts("alias")]
    for flag, key in (("ip", "ip"), ("ip6", "ip6"), ("mac-address", "mac")):
        if args.given(flag):
            options.append(f"{key}={args.text(flag)}")
    with engine(args) as on:
        ctr = on.containers.get(args.rest[1])
        ctr.connect(on.networks.get(args.rest[0]), *options)
    return 0


def disconnect(args: Arguments) -> int:
    """Disconnect it."""
    with engine(args) as on:
        ctr = on.containers.get(args.rest[1])
        try:
            ctr.disconnect(on.networks.get(args.rest[0]))
        except Conflict:
            if not args.on("force"):
                raise
    return 0

"""`network inspect`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    form = Flag("format", "f", STRING, "Go template, or json", metavar="format")
    return Command(
        path, (form,), "[options] NETWORK [NETWORK...]", "Show all that is known about networks", run, least=1,
        completion="networks",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it for each; what does not exist is told after the rest."""
    from seabox.cli.complaint import complain
    from seabox.cli.output import as_json, is_json, render, write
    from seabox.listing.networks import inspected
    from seabox.network.errors import NoSuchNetwork

    found: list[dict[str, Any]] = []
    missing = []
    with engine(args) as on:
        for name in args.rest:
            try:
                found.append(inspected(on.networks.get(name)))
            except NoSuchNetwork as problem:
                missing.append(problem)
    form = args.text("format")
    if not form or is_json(form):
        write(as_json(found) if found else "[]\n", sys.stdout)
    else:
        write("".join(render(form, in_go(each)) for each in found), sys.stdout)
    sys.stdout.flush()
    return max([complain(problem) for problem in missing], default=0)


_GO = {
    "name": "Name", "id": "ID", "driver": "Driver", "network_interface": "NetworkInterface", "created": "Created",
    "subnets": "Subnets", "ipv6_enabled": "IPv6Enabled", "internal": "Internal", "dns_enabled": "DNSEnabled",
    "labels": "Labels", "options": "Options", "ipam_options": "IPAMOptions", "subnet": "Subnet",
    "gateway": "Gateway", "lease_range": "LeaseRange", "start_ip": "StartIP", "end_ip": "EndIP",
}  # fmt: skip
_MAPS = ("labels", "options", "ipam_options")


def in_go(shown: object) -> object:
    """What a template sees of it: the same, under the names of the fields of podman's structs."""
    if isinstance(shown, list):
        return [in_go(each) for each in shown]
    if not isinstance(shown, dict):
        return shown
    return {_GO[key]: value if key in _MAPS else in_go(value) for key, value in shown.items()}

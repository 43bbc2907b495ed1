"""What a network is to be: a pure function of what was asked for, what there is, and what the host uses."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from ..model.network import Network, Subnet
from .attach_syntax import check_interface
from .errors import BadSubnet, NetworkExists
from .ipam import check_subnet, free_ipv4, free_ipv6, parse_address, parse_network
from .modes import MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from ..model.network import NetworkRequest
    from .ipam import AnyNetwork

DRIVERS = ("bridge", "macvlan", "ipvlan")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_LETTERS = _FIRST | frozenset("_.-")
_OPTIONS = {
    "bridge": {"mtu", "vlan", "isolate", "metric", "com.docker.network.driver.mtu"},
    "macvlan": {"parent", "mode", "mtu", "metric"},
    "ipvlan": {"parent", "mode", "mtu", "metric"},
}
_MODES = {"macvlan": ("bridge", "private", "vepa", "passthru"), "ipvlan": ("l2", "l3", "l3s")}


def plan(
    request: NetworkRequest, existing: Sequence[Network], host: Sequence[AnyNetwork], *, id: str, now: int,
    prefer: str = "",
) -> Network:  # fmt: skip
    """The network that `request` describes. `host` are the subnets in use on the host, `prefer` the one to try first.

    Raises: InvalidArgument (BadSubnet), NetworkExists, Unsupported.
    """
    name = _name(request.name, existing, _LETTERS | {" "} if request.spaces else _LETTERS)
    if request.driver not in DRIVERS:
        raise InvalidArgument(f"unsupported driver {request.driver}: invalid argument")
    options = _options(request)
    interface = request.interface
    if request.driver == "bridge":
        interface = check_interface(interface) if interface else f"sb-{id[:12]}"
        for other in existing:
            if other.interface == interface and other.driver == "bridge":
                raise InvalidArgument(f"bridge name {interface} already in use")
    else:
        interface = options.pop("parent", interface)  # "": netavark takes the one of the default route
        if interface:
            check_interface(interface)
    return Network(
        id=id,
        name=name,
        created_at=now,
        driver=request.driver,
        interface=interface,
        subnets=_subnets(request, existing, host, id, prefer),
        internal=request.internal,
        dns=request.dns and request.driver == "bridge",
        labels=request.labels,
        options=options,
        noted=request.noted,
    )


def _name(given: str | None, existing: Sequence[Network], letters: Set[str]) -> str:
    taken = {network.name for network in existing}
    if given is None:
        return next(name for number in range(1, 1 << 16) if (name := f"seabox{number}") not in taken)
    if given in (*MODES, "bridge", "default"):
        raise InvalidArgument(f"cannot create network with name {given!a} because it is reserved: invalid argument")
    if not given or given[0] not in _FIRST or not set(given) <= letters or len(given) > 128:
        raise InvalidArgument(
            f"network name {given!a} invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"
        )
    if given in taken:
        raise NetworkExists(given)
    return given


def _options(request: NetworkRequest) -> dict[str, str]:
    for key, value in request.options.items():
        if key not in _OPTIONS[request.driver]:
            raise InvalidArgument(f"unsupported {request.driver} network option {key}")
        if key in ("mtu", "vlan", "metric") or key.endswith(".mtu"):
            if not value.isascii() or not value.isdigit() or int(value) > 65535:
                raise InvalidArgument(f"the {request.driver} option {key} must be a number, not {value!a}")
        elif key == "mode" and value not in _MODES[request.driver]:
            raise InvalidArgument(f"unknown {request.driver} mode {value!a}")
        elif key == "isolate" and value not in ("true", "false", "1", "0"):
            raise InvalidArgument(f"failed to parse isolate option: {value!a}")
    return {("mtu" if key.endswith(".mtu") else key): value for key, value in request.options.items()}


def _subnets(
    request: NetworkRequest, existing: Sequence[Network], host: Sequence[AnyNetwork], id: str, prefer: str
) -> tuple[Subnet, ...]:
    taken = [parse_network(subnet.subnet) for other in existing for subnet in other.subnets]
    given = len(request.subnets)
    for what, values in (("gateway", request.gateways), ("ip range", request.ip_ranges)):
        if len(values) > given:
            raise InvalidArgument(f"every {what} needs a subnet: there are {len(values)}, and {given} subnets")
    if request.driver == "bridge":
        taken += host
    elif not given and not request.ipv4:
        raise Unsupported(f"a {request.driver} network without a subnet would need DHCP: give one with --subnet")
    found: list[Subnet] = []

    def add(text: str, gateway: str = "", ip_range: str = "") -> None:
        found.append(check_subnet(text, gateway, ip_range, taken, request.reserved))
        taken.append(parse_network(text))

    for number, text in enumerate(request.subnets):
        gateway = request.gateways[number] if number < len(request.gateways) else ""
        ip_range = request.ip_ranges[number] if number < len(request.ip_ranges) else ""
        add(text, gateway, ip_range)
    versions = {parse_network(subnet.subnet).version for subnet in found}
    if not versions or (request.ipv4 and 4 not in versions):
        add(free_ipv4(taken, prefer))
    if request.ipv6 and 6 not in versions:
        add(free_ipv6(id, taken))
    kept = {address for subnet in found for address in subnet.reserved.values()}
    for key, text in request.reserved.items():
        if str(parse_address(text)) not in kept:
            raise BadSubnet(f"no subnet has the reserved address {key}={text}")
    if len(found) > 8:
        raise BadSubnet("a network has at most 8 subnets")
    return tuple(found)

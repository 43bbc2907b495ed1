"""Networks in podman's form."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument
from ...listing.network_filters import matcher
from ...listing.networks import inspected
from ...model.times import check_timeout
from ...network.errors import NoSuchNetwork
from ...network.networks import DEFAULT
from .. import networks
from ..response import empty, json, plain
from ..routing import Route, filters, flag, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ...model.network import Connection, Network
    from ..request import Request
    from ..response import Response


_OTHER_FORM = (2, 3)  # versions of podman whose clients describe networks in another way


def _check_version(ask: Request) -> None:
    """Nothing, if the client means what is answered to it here. Raises: InvalidArgument."""
    if ask.version[0] in _OTHER_FORM:
        said = ".".join(map(str, ask.version))
        raise InvalidArgument(f"failed to parse parameter 'version': \"{said}\": given version is not supported")


def list_(on: Engine, ask: Request) -> Response:
    """Every network that the filters fit."""
    _check_version(ask)
    fits = matcher(ask.conditions(), on.networks)
    return json([inspected(network) for network in on.networks.list() if fits(network)])


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one network, with the containers that run in it."""
    _check_version(ask)
    network = on.networks.get(ask.place("name"))
    running = {id: _place(name, has) for id, name, has in networks.running_in(on, network)}
    return json(inspected(network) | {"containers": running})


def _place(name: str, has: Connection) -> dict[str, Any]:
    subnets = [
        {"ipnet": each, "gateway": next((way for way in has.gateways if (":" in way) is (":" in each)), "")}
        for each in has.addresses
    ]  # fmt: skip
    return {"name": name, "interfaces": {has.interface: {"subnets": subnets, "mac_address": has.mac}}}


def exists(on: Engine, ask: Request) -> Response:
    """There is such a network."""
    on.networks.get(ask.place("name"))
    return empty()


# --- made and removed ------------------------------------------------------------------------------------------------


class LeaseRange(msgspec.Struct, kw_only=True):
    """The addresses of a subnet that containers are given."""

    start_ip: str | None = None
    end_ip: str | None = None


class LibpodSubnet(msgspec.Struct, kw_only=True):
    """A subnet that is to be."""

    subnet: str | None = None
    gateway: str | None = None
    lease_range: LeaseRange | None = None


class NetworkRoute(msgspec.Struct, kw_only=True):
    """A route that containers would have."""

    destination: str | None = None
    gateway: str | None = None
    metric: int | None = None


class LibpodNetworkCreate(msgspec.Struct, kw_only=True):
    """A network that is to be."""

    name: str | None = None
    driver: str | None = None
    network_interface: str | None = None
    subnets: list[LibpodSubnet] | None = None
    routes: list[NetworkRoute] | None = None
    ipv6_enabled: bool | None = None
    internal: bool | None = None
    dns_enabled: bool | None = None
    network_dns_servers: list[str] | None = None
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None
    ipam_options: dict[str, str] | None = None


def create(on: Engine, ask: Request) -> Response:
    """The network exists; a container makes it appear on the host."""
    _check_version(ask)
    wanted = ask.json(LibpodNetworkCreate)
    if wanted.routes or wanted.network_dns_servers:
        what = "routes" if wanted.routes else "name servers"
        raise InvalidArgument(f"a network with {what} of its own is not supported")
    if (ipam := (wanted.ipam_options or {}).get("driver", "host-local")) not in ("", "host-local"):
        raise InvalidArgument(f"unsupported ipam driver {ipam!a}")
    found = networks.create(
        on, wanted.name or None, ignore=ask.flag("ignoreIfExists"), driver=wanted.driver or "bridge",
        interface=wanted.network_interface or "", ipv6=bool(wanted.ipv6_enabled), internal=bool(wanted.internal),
        dns=wanted.dns_enabled is not False, labels=wanted.labels or {}, options=wanted.options or {},
        **_subnets(wanted.subnets or []),
    )  # fmt: skip
    return json(inspected(found))


def _subnets(asked: list[LibpodSubnet]) -> dict[str, list[str]]:
    """What the engine is told of them. Raises: InvalidArgument."""
    found: dict[str, list[str]] = {"subnets": [], "gateways": [], "ip_ranges": []}
    for each in asked:
        if not each.subnet:
            raise InvalidArgument("a subnet needs its addresses, in CIDR form")
        found["subnets"].append(each.subnet)
        found["gateways"].append(each.gateway or "")
        found["ip_ranges"].append(_range(each.subnet, each.lease_range or LeaseRange()))
    return found


def _range(subnet: str, asked: LeaseRange) -> str:
    """FIRST-LAST, with the subnet's own bounds for what is not said; "" for all of it. Raises: BadSubnet."""
    if not asked.start_ip and not asked.end_ip:
        return ""
    from ...network.ipam import parse_network

    block = parse_network(subnet)
    return f"{asked.start_ip or block[0]}-{asked.end_ip or block[-1]}"


def update(on: Engine, ask: Request) -> Response:
    """Refused: a network is what it was made as."""
    on.networks.get(ask.place("name"))
    raise InvalidArgument("a network cannot be changed: it has no name servers of its own")


def remove(on: Engine, ask: Request) -> Response:
    """The network does not exist any more; with `force` nor do the containers in it."""
    name, timeout = ask.place("name"), ask.number("timeout")
    check_timeout(timeout)
    try:
        network = on.networks.get(name)
    except NoSuchNetwork:
        if not ask.flag("force"):
            raise
        return json([{"Name": name, "Err": None}])
    if ask.flag("force") and network.name != DEFAULT:
        networks.clear(on, network, timeout)
    on.networks.remove(network.id)
    return json([{"Name": name, "Err": None}])


def prune(on: Engine, ask: Request) -> Response:
    """The networks that no container takes part in are gone; which these were."""
    for key in ask.filters():
        if key not in ("label", "label!", "until"):
            raise InvalidArgument(f'invalid filter "{key}"')
    gone = on.networks.prune(matcher(ask.conditions()))
    return json([{"Name": network.name, "Error": None} for network in gone])


# --- who takes part --------------------------------------------------------------------------------------------------


class LibpodNetworkConnect(msgspec.Struct, kw_only=True):
    """A container that is to take part."""

    container: str | None = None
    aliases: list[str] | None = None
    static_ips: list[str] | None = None
    static_mac: str | None = None
    interface_name: str | None = None


class LibpodNetworkDisconnect(msgspec.Struct, kw_only=True):
    """A container that is not to take part any more."""

    container: str | None = msgspec.field(default=None, name="Container")
    force: bool | None = msgspec.field(default=None, name="Force")


def connect(on: Engine, ask: Request) -> Response:
    """The container takes part in the network, at once if it runs."""
    _check_version(ask)
    network = on.networks.get(ask.place("name"))
    wanted = ask.json(LibpodNetworkConnect)
    words = [f"alias={alias}" for alias in dict.fromkeys(wanted.aliases or ())]
    words += [f"ip={address}" for address in wanted.static_ips or ()]
    words += [f"mac={wanted.static_mac}"] if wanted.static_mac else []
    words += [f"interface_name={wanted.interface_name}"] if wanted.interface_name else []
    networks.connect(on, network, _named(wanted.container), words)
    return plain("OK\n")


def disconnect(on: Engine, ask: Request) -> Response:
    """The container does not take part in the network any more."""
    network: Network = on.networks.get(ask.place("name"))
    wanted = ask.json(LibpodNetworkDisconnect)
    networks.disconnect(on, network, _named(wanted.container))
    return plain("OK\n")


def _named(container: str | None) -> str:
    if not container:
        raise InvalidArgument("a container's name or id is needed")
    return container


_FORCE = flag("force", about="Remove the containers that take part as well")
_TIMEOUT = number("timeout", about="Seconds that they get to end")

ROUTES = (
    Route("GET", "/libpod/networks/json", list_, filters()),
    Route("GET", "/libpod/networks/{name}/json", inspect),
    Route("GET", "/libpod/networks/{name}", inspect),
    Route("GET", "/libpod/networks/{name}/exists", exists, answer=None, status=204),
    Route("POST", "/libpod/networks/create", create, flag("ignoreIfExists"), body=LibpodNetworkCreate),
    Route("POST", "/libpod/networks/prune", prune, filters()),
    Route("POST", "/libpod/networks/{name}/update", update),
    Route("POST", "/libpod/networks/{name}/connect", connect, body=LibpodNetworkConnect, answer="text"),
    Route("POST", "/libpod/networks/{name}/disconnect", disconnect, body=LibpodNetworkDisconnect, answer="text"),
    Route("DELETE", "/libpod/networks/{name}", remove, _FORCE, _TIMEOUT),
)  # fmt: skip

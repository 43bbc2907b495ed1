"""Networks as Docker's clients see them: the default one is `bridge`, and there are `host` and `none`."""

from __future__ import annotations

from ipaddress import ip_address, summarize_address_range

import msgspec

from ...errors import InvalidArgument, NotFound
from ...model.network import Network
from ...model.times import rfc3339
from ...network.errors import NetworkInUse, NoSuchNetwork
from ...network.networks import DEFAULT
from .. import networks
from ..networks import BRIDGE, BUILTIN, HOST, NONE, NotAllowed, docker_name, endpoint_id, engine_name, mode_id
from ..response import empty, json, plain
from ..routing import Route, filters, flag, text
from .network_filters import matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ...model.network import Connection, Subnet
    from ..request import Request
    from ..response import Response

_MODE_DRIVERS = {HOST: "host", NONE: "null"}
_MTU, _BRIDGE_NAME = "com.docker.network.driver.mtu", "com.docker.network.bridge.name"
_WITHOUT_EFFECT = ("com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade")


# --- what there is ---------------------------------------------------------------------------------------------------


def list_(on: Engine, ask: Request) -> Response:
    """Every network that the filters fit, without who takes part in it."""
    fits = matcher(on, ask.filters())
    return json([_shown(network) for network in _all(on) if fits(network)])


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one network."""
    network = _find(on, ask.place("id"))
    if ask.text("scope") not in ("", "local"):
        raise NoSuchNetwork(ask.place("id"))
    if network.name in _MODE_DRIVERS:
        running = networks.running_as(on, network.name)
    else:
        running = networks.running_in(on, on.networks.get(network.id))
    there = {id: _endpoint(id, name, network, has) for id, name, has in running}
    return json(_shown(network) | {"Containers": there})


def _all(on: Engine) -> list[Network]:
    """Every network under the name that it has here."""
    return sorted(
        [*(_renamed(network) for network in on.networks.list()), _mode(HOST), _mode(NONE)],
        key=lambda network: network.name,
    )


def _find(on: Engine, name: str) -> Network:
    """Raises: NoSuchNetwork, AmbiguousName."""
    name = engine_name(name)
    if name in _MODE_DRIVERS:
        return _mode(name)
    try:
        return _renamed(on.networks.get(name))
    except NoSuchNetwork:
        for word in _MODE_DRIVERS:
            if len(name) >= 12 and mode_id(word).startswith(name):
                return _mode(word)
        raise


def _renamed(network: Network) -> Network:
    return msgspec.structs.replace(network, name=docker_name(network.name))


def _mode(name: str) -> Network:
    return Network(id=mode_id(name), name=name, created_at=0, driver=_MODE_DRIVERS[name], dns=False)


def _shown(network: Network) -> dict[str, Any]:
    ipv4 = not network.subnets or any(":" not in subnet.subnet for subnet in network.subnets)
    return {
        "Name": network.name, "Id": network.id, "Created": rfc3339(network.created_at), "Scope": "local",
        "Driver": network.driver, "EnableIPv4": ipv4, "EnableIPv6": network.ipv6,
        "IPAM": {
            "Driver": "default", "Options": None, "Config": [_pool(subnet) for subnet in network.subnets] or None,
        },
        "Internal": network.internal, "Attachable": network.noted.get("attachable") == "true", "Ingress": False,
        "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Containers": {}, "Options": _options(network),
        "Labels": dict(network.labels),
    }  # fmt: skip


def _pool(subnet: Subnet) -> dict[str, Any]:
    found: dict[str, Any] = {"Subnet": subnet.subnet}
    if subnet.first and subnet.last:
        low, high = ip_address(subnet.first), ip_address(subnet.last)
        ranges = list(summarize_address_range(low, high))
        found["IPRange"] = str(ranges[0]) if len(ranges) == 1 else f"{low}-{high}"
    if subnet.gateway:
        found["Gateway"] = subnet.gateway
    if subnet.reserved:
        found["AuxiliaryAddresses"] = dict(subnet.reserved)
    return found


def _options(network: Network) -> dict[str, str]:
    found = {key: value for key, value in network.noted.items() if key != "attachable"}
    found |= {_MTU if key == "mtu" else key: value for key, value in network.options.items() if key != "isolate"}
    if network.name == BRIDGE:
        found |= {
            "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
            "com.docker.network.bridge.enable_ip_masquerade": "true",
            "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0", _BRIDGE_NAME: network.interface,
            _MTU: found.get(_MTU, "1500"),
        }  # fmt: skip
    elif network.driver in ("macvlan", "ipvlan"):
        found["parent"] = network.interface
    return found


def _endpoint(id: str, name: str, network: Network, has: Connection) -> dict[str, str]:
    return {
        "Name": name, "EndpointID": endpoint_id(id, network.id), "MacAddress": has.mac,
        "IPv4Address": next((each for each in has.addresses if ":" not in each), ""),
        "IPv6Address": next((each for each in has.addresses if ":" in each), ""),
    }  # fmt: skip


# --- made and removed ------------------------------------------------------------------------------------------------


class NetworkPool(msgspec.Struct, kw_only=True, rename="pascal"):
    """A subnet, and what is said of it."""

    subnet: str | None = None
    ip_range: str | None = msgspec.field(default=None, name="IPRange")
    gateway: str | None = None
    auxiliary_addresses: dict[str, str] | None = None


class NetworkPools(msgspec.Struct, kw_only=True, rename="pascal"):
    """Where a network's addresses come from."""

    driver: str | None = None
    config: list[NetworkPool] | None = None
    options: dict[str, str] | None = None


class NetworkCreate(msgspec.Struct, kw_only=True, rename="pascal"):
    """A network that is to be. CheckDuplicate is always done; Scope, Ingress and the Config... belong to swarms."""

    name: str | None = None
    check_duplicate: bool | None = None
    driver: str | None = None
    scope: str | None = None
    internal: bool | None = None
    attachable: bool | None = None
    ingress: bool | None = None
    config_only: bool | None = None
    enable_ipv4: bool | None = msgspec.field(default=None, name="EnableIPv4")
    enable_ipv6: bool | None = msgspec.field(default=None, name="EnableIPv6")
    ipam: NetworkPools | None = msgspec.field(default=None, name="IPAM")
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None


def create(on: Engine, ask: Request) -> Response:
    """The network exists; a container makes it appear on the host."""
    wanted = ask.json(NetworkCreate)
    name, driver = wanted.name or "", wanted.driver or "bridge"
    if not name.strip():
        raise InvalidArgument("invalid name: name is empty")
    if name in BUILTIN or name in ("default", DEFAULT):
        raise NotAllowed(f"operation is not permitted on predefined {name} network")
    if driver in _MODE_DRIVERS.values():
        raise NotAllowed(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay" or wanted.ingress or wanted.config_only or wanted.scope not in (None, "", "local"):
        raise NotAllowed("This node is not a swarm manager: seabox has networks of this host only")
    if driver not in ("bridge", "macvlan", "ipvlan"):
        raise NotFound(f'could not find plugin {driver} in v1 plugin registry: plugin "{driver}" not found')
    known, noted, interface = _sorted_options(driver, wanted.options or {})
    if driver != "bridge" and not known.get("parent"):  # dockerd makes one that leads nowhere
        raise InvalidArgument(f"a {driver} network needs its parent interface: the option parent")
    if wanted.attachable:
        noted["attachable"] = "true"
    found = networks.create(
        on, name, spaces=True, driver=driver, internal=bool(wanted.internal), ipv4=wanted.enable_ipv4 is not False,
        ipv6=bool(wanted.enable_ipv6), labels=wanted.labels or {}, options=known, noted=noted, interface=interface,
        **_pools(wanted.ipam),
    )  # fmt: skip
    ignored = [key for key in _WITHOUT_EFFECT if noted.get(key, "true").lower() not in ("true", "1")]
    warning = f"without effect here: {', '.join(ignored)}" if ignored else ""
    return json({"Id": found.id, "Warning": warning}, 201)


def _pools(asked: NetworkPools | None) -> dict[str, Any]:
    """What the engine is told of subnets. Raises: InvalidArgument."""
    if asked is None:
        return {}
    if asked.driver not in (None, "", "default"):
        raise InvalidArgument(f"no IPAM driver {asked.driver!a}: there is only default")
    subnets, gateways, ranges = [], [], []
    reserved: dict[str, str] = {}
    for pool in asked.config or ():
        if not pool.subnet:
            if pool.gateway or pool.ip_range or pool.auxiliary_addresses:
                raise InvalidArgument("a gateway, an address range or auxiliary addresses need a subnet")
            continue
        subnets.append(pool.subnet)
        gateways.append(pool.gateway or "")
        ranges.append(pool.ip_range or "")
        reserved |= pool.auxiliary_addresses or {}
    return {"subnets": subnets, "gateways": gateways, "ip_ranges": ranges, "reserved": reserved}


def _sorted_options(driver: str, asked: dict[str, str]) -> tuple[dict[str, str], dict[str, str], str]:
    """The driver's options that the engine knows, those that are only told again, and the interface's name."""
    known, noted, interface = {}, dict(asked), ""
    if driver == "bridge":
        known["isolate"] = "true"  # as dockerd's are from each other
    for key in asked:
        if key in (_MTU, "mtu"):
            known["mtu"] = noted.pop(key)
        elif key == _BRIDGE_NAME and driver == "bridge":
            interface = asked[key]
        elif key in ("parent", "mode", "macvlan_mode", "ipvlan_mode") and driver != "bridge":
            known[key.rpartition("_")[2]] = noted.pop(key)
    return known, noted, interface


def remove(on: Engine, ask: Request) -> Response:
    """The network does not exist any more."""
    network = _find(on, ask.place("id"))
    if network.name in BUILTIN:
        raise NotAllowed(f"{network.name} is a pre-defined network and cannot be removed")
    try:
        on.networks.remove(network.id)
    except NetworkInUse as problem:
        raise NotAllowed(
            f"error while removing network: network {network.name} id {network.id} has active endpoints: "
            + ", ".join(user[:12] for user in problem.users)
        ) from None
    return empty()


def prune(on: Engine, ask: Request) -> Response:
    """The networks that no container takes part in are gone; which these were."""
    from ...listing.network_filters import matcher as fits_all

    for key in ask.filters():
        if key not in ("label", "label!", "until"):
            raise InvalidArgument(f"invalid filter '{key}'")
    fits = fits_all(ask.conditions())
    return json({"NetworksDeleted": [network.name for network in on.networks.prune(fits)]})


# --- who takes part --------------------------------------------------------------------------------------------------


class EndpointAddresses(msgspec.Struct, kw_only=True):
    """The addresses that a container asks for in a network."""

    ipv4: str | None = msgspec.field(default=None, name="IPv4Address")
    ipv6: str | None = msgspec.field(default=None, name="IPv6Address")


class EndpointConfig(msgspec.Struct, kw_only=True, rename="pascal"):
    """How a container takes part in a network."""

    ipam: EndpointAddresses | None = msgspec.field(default=None, name="IPAMConfig")
    aliases: list[str] | None = None
    ip_address: str | None = msgspec.field(default=None, name="IPAddress")
    mac_address: str | None = None
    links: list[str] | None = None
    driver_opts: dict[str, str] | None = None

    @property
    def words(self) -> list[str]:
        """The same as the engine takes it. Raises: InvalidArgument."""
        found = [f"alias={alias}" for alias in dict.fromkeys(self.aliases or ())]
        found += [f"link={link}" for link in self.links or ()]
        found += networks.driver_words(self.driver_opts or {})
        addresses = self.ipam or EndpointAddresses()
        found += [f"ip={address}" for address in (addresses.ipv4 or self.ip_address, addresses.ipv6) if address]
        return [*found, f"mac={self.mac_address}"] if self.mac_address else found


class NetworkConnect(msgspec.Struct, kw_only=True, rename="pascal"):
    """A container that is to take part."""

    container: str | None = None
    endpoint_config: EndpointConfig | None = None


class NetworkDisconnect(msgspec.Struct, kw_only=True, rename="pascal"):
    """A container that is not to take part any more."""

    container: str | None = None
    force: bool | None = None


def connect(on: Engine, ask: Request) -> Response:
    """The container takes part in the network, at once if it runs."""
    wanted = ask.json(NetworkConnect)
    network = _for_containers(on, ask.place("id"), wanted.container)
    networks.connect(on, network, wanted.container or "", (wanted.endpoint_config or EndpointConfig()).words)
    return plain("OK\n")  # as podman's service says; dockerd says nothing, and its clients read nothing


def disconnect(on: Engine, ask: Request) -> Response:
    """The container does not take part in the network any more."""
    wanted = ask.json(NetworkDisconnect)
    networks.disconnect(on, _for_containers(on, ask.place("id"), wanted.container), wanted.container or "")
    return plain("OK\n")


def _for_containers(on: Engine, name: str, container: str | None) -> Network:
    """The network as the engine knows it. Raises: InvalidArgument, NoSuchNetwork, NotAllowed."""
    if not container:
        raise InvalidArgument("invalid container name or ID: value is empty")
    network = _find(on, name)
    if network.name in _MODE_DRIVERS:
        raise NotAllowed(f"container cannot be connected to, or disconnected from, the {network.name} network")
    return on.networks.get(network.id)


ROUTES = (
    Route("GET", "/networks", list_, filters()),
    Route("GET", "/networks/{id}", inspect, flag("verbose"), text("scope")),
    Route("POST", "/networks/create", create, body=NetworkCreate, status=201),
    Route("POST", "/networks/prune", prune, filters()),
    Route("POST", "/networks/{id}/connect", connect, body=NetworkConnect, answer="text"),
    Route("POST", "/networks/{id}/disconnect", disconnect, body=NetworkDisconnect, answer="text"),
    Route("DELETE", "/networks/{id}", remove, flag("force"), answer=None, status=204),
)  # fmt: skip

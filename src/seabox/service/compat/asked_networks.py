"""Docker's ways to ask for networks and ports: NetworkMode, EndpointsConfig, PortBindings, ExposedPorts."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...network.modes import is_mode
from ..networks import driver_words, engine_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import create_body as body

_NOT_LINKED = ("host", "container")
_UNSAID = ("", "default")


def asked_networks(container: body.CreateBody, host: body.HostConfig) -> tuple[str, ...] | None:
    """The networks as the engine takes them, the first being the one that NetworkMode names; None = nothing said.

    Raises: InvalidArgument.
    """
    endpoints = _endpoints(container)
    mode = "none" if container.network_disabled else host.network_mode or ""
    if host.links and mode.partition(":")[0] in _NOT_LINKED:
        kind = "host type networking" if mode == "host" else "container type network"
        raise InvalidArgument(f"conflicting options: {kind} can't be used with links: they would mean nothing")
    if is_mode(mode):
        for name in endpoints:
            if name != mode:
                raise InvalidArgument(f"container with network mode {mode} cannot be connected to the network {name}")
        return (mode,)
    options = {engine_name(name): list(_options(endpoint)) for name, endpoint in endpoints.items()}
    first = engine_name(mode)
    if mode in _UNSAID and first not in options and options:
        first = next(iter(options))  # as dockerd: the networks that are named stand in the default one's place
    own = options.pop(first, [])
    own += [word for word in (f"link={_link(text)}" for text in host.links or ()) if word not in own]
    if container.mac_address and not any(option.startswith("mac=") for option in own):
        own.append(f"mac={_single(container.mac_address)}")
    if mode in _UNSAID and first == engine_name(mode) and not own and not options:
        return None  # the engine's default, which may be no network at all
    return (_word(first, own), *(_word(name, words) for name, words in options.items()))


def _endpoints(container: body.CreateBody) -> dict[str, body.Endpoint | None]:
    said = container.networking_config
    return (said.endpoints_config if said is not None else None) or {}


def _word(name: str, options: list[str]) -> str:
    return f"{name}:{','.join(options)}"  # with the colon also without options: a comma is no separator then


def _options(endpoint: body.Endpoint | None) -> Iterable[str]:
    if endpoint is None:
        return
    addresses = endpoint.ipam_config
    if addresses is not None:
        if addresses.ipv4_address:
            yield f"ip={_single(addresses.ipv4_address)}"
        if addresses.ipv6_address:
            yield f"ip6={_single(addresses.ipv6_address)}"
    if endpoint.mac_address:
        yield f"mac={_single(endpoint.mac_address)}"
    for alias in dict.fromkeys(endpoint.aliases or ()):
        yield f"alias={_single(alias)}"
    for link in endpoint.links or ():
        yield f"link={_link(link)}"
    yield from map(_single, driver_words(endpoint.driver_opts or {}))


def _link(text: str) -> str:
    """NAME[:ALIAS], or /NAME:/OTHER/ALIAS as Docker shows it, as the engine takes it."""
    name, colon, alias = _single(text).partition(":")
    if not name or (colon and not alias):
        raise InvalidArgument(f"bad format for links: {text}")
    name = name.removeprefix("/")
    return f"{name}:{alias.rpartition('/')[2]}" if colon else name


def _single(text: str) -> str:
    if "," in text:
        raise InvalidArgument(f"invalid network option {text!a}: there is a comma in it")
    return text


def linked_by_default(container: body.CreateBody, host: body.HostConfig) -> list[str]:
    """The containers that this one is linked to in the default network: dockerd wants to know them at once."""
    found = list(host.links or ()) if engine_name(host.network_mode or "") == engine_name("") else []
    for name, endpoint in _endpoints(container).items():
        if engine_name(name) == engine_name(""):
            found += (endpoint.links if endpoint else None) or ()
    return list(dict.fromkeys(_link(text).partition(":")[0] for text in found))


def asked_ports(container: body.CreateBody, host: body.HostConfig) -> tuple[list[str], list[str]]:
    """What is to be published, as the engine takes it, and what the container listens on. Raises: InvalidArgument."""
    published = []
    for inside, places in (host.port_bindings or {}).items():
        for place in places or ():
            address, number = place.host_ip or "", (place.host_port or "0").removesuffix("/tcp")
            address = f"[{address}]" if ":" in address and not address.startswith("[") else address
            published.append(f"{address}:{number}:{inside}" if address else f"{number}:{inside}")
    exposed = dict.fromkeys((*(container.exposed_ports or ()), *(host.port_bindings or ())))
    return published, list(exposed)

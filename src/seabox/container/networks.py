"""A container's networks: joined before it runs, and changed while it does."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager

from ..errors import Conflict, InvalidArgument, NoSuchContainer, StateConflict
from ..kernel import files
from ..model.record import ALIVE, Status
from ..network.errors import AddressesTaken
from ..state.locks import Rank
from . import lifecycle
from .guard import Locked
from .sync import sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from ..model.container import ContainerConfig
    from ..model.network import Attachment, Connection, Endpoint, Membership, Network
    from .links import Links
    from .services import Services, SettingUp


def join(ctr: Locked, given: Mapping[str, Attachment] | None = None) -> Endpoint | None:
    """The container's own network namespace is ready, None if it has none. Given back by release_resources.

    `given`: what it asks of its networks this once, by network id, if not what was said at its creation.
    Raises: AddressesTaken, NetworkFailed, Busy...
    """
    if not ctr.facts.networked:
        return None
    with _setting_up(ctr, given or {}) as network:
        return JoiningNetworks(ctr, network, at_once=True).endpoint


class JoiningNetworks:
    """A network in the making. The bundle is written for its `endpoint`; `complete` it before the container runs."""

    __slots__ = ("_ctr", "_links", "_unfinished", "endpoint")

    def __init__(self, ctr: Locked, network: SettingUp, *, at_once: bool = False) -> None:
        """Raises: StateConflict (a container that it is linked to does not run)."""
        self._ctr = ctr
        self._links = _resolved(ctr, network.links)
        first = at_once or _must_be_first(ctr)
        self.endpoint = self._linked(network.finish() if first else network.foreseen)
        self._unfinished = None if first else network

    def complete(self) -> None:
        """The network is there, and the container's files tell of it. Raises: NetworkFailed, Busy..."""
        if self._unfinished is not None:
            endpoint = self._linked(self._unfinished.finish())
            if endpoint != self.endpoint:
                self._ctr.on.bundles.write_network_files(self._ctr.config, endpoint)

    def _linked(self, endpoint: Endpoint) -> Endpoint:
        return self._links.on(endpoint) if self._links is not None else endpoint


@contextmanager
def joining(ctr: Locked) -> Iterator[JoiningNetworks]:
    """As `join`, under way inside the block: the backend takes longer than the runtime, and needs only the namespace.

    Nothing is at work on it after the block.
    """
    with _setting_up(ctr, {}) as network:
        yield JoiningNetworks(ctr, network)


def _resolved(ctr: Locked, links: Sequence[tuple[Network, str]]) -> Links | None:
    if not links:
        return None
    from .links import Links

    return Links(ctr, links)


def _must_be_first(ctr: Locked) -> bool:
    """Whether there is something for the runtime to do, when it creates the container, that needs its interfaces."""
    if any(name.startswith(("net.", "net/")) for name in ctr.config.sysctls):
        return True
    return any(os.path.isdir(folder) for folder in ctr.config.hooks_dirs or ctr.on.config.hooks_dir)


@contextmanager
def _setting_up(ctr: Locked, given: Mapping[str, Attachment]) -> Iterator[SettingUp]:
    with ExitStack() as work:
        try:
            network = work.enter_context(ctr.on.networking.setting_up(ctr.config, ctr.facts.name, given))
        except AddressesTaken as full:
            with ctr.released():  # our claim keeps others away
                for owner in full.owners:
                    _reclaim(ctr.on, owner)
            network = work.enter_context(ctr.on.networking.setting_up(ctr.config, ctr.facts.name, given))
        yield network


def reserve_ports(ctr: Locked, held: ExitStack) -> tuple[int, ...]:
    """Sockets on the ports of the host that the container publishes, open as long as `held`; for its conmon to keep.

    Raises: PortTaken.
    """
    if not ctr.facts.ports:
        return ()
    from ..network.ports import reserve

    ipv6 = any(member.network.ipv6 for member in ctr.on.networking.memberships(ctr.id))
    found = tuple(reserve(ctr.config.ports, ipv6=ipv6))
    for fd in found:
        held.callback(os.close, fd)
    return found


def _reclaim(on: Services, id: str) -> None:
    """If the container has ended, or its start was killed, it holds no address; no effect while somebody is at it."""
    held = on.locks.try_hold(Rank.CONTAINER, id)
    if held is None:
        return
    try:
        ctr = Locked(on, held, on.store.load(id))
        try:
            sync(ctr)
            if ctr.state.status is Status.STOPPED and ctr.record.claim is None:
                lifecycle.cleanup(ctr)
        finally:
            ctr.close()
    except (NoSuchContainer, StateConflict):
        pass
    finally:
        held.release()


# --- changes while it exists -----------------------------------------------------------------------------------------


def connect(ctr: Locked, network: Network, options: Sequence[str] = ()) -> None:
    """The container takes part in the network, at once if it runs. `options`: "ip=...", "alias=...", "mac=...".

    Raises: InvalidArgument, Conflict (it does already), AddressesTaken, NetworkFailed; it is as before then.
    """
    import msgspec

    from ..network.attach_syntax import check_ips, next_interface, parse_options

    _require_own(ctr)
    members = ctr.on.networking.memberships(ctr.id)
    alive = ctr.state.status in ALIVE
    before = [member for member in members if member.network.id == network.id]
    if before and (before[0].connection is not None or not alive):
        raise Conflict(
            f"container {ctr.id} is already connected to network {network.name!a}: network is already connected"
        )
    members = [member for member in members if member not in before]  # one that a killed `connect` left is made anew
    wanted = parse_options(network, options)
    check_ips(wanted, network)
    taken = {member.attachment.interface for member in members}
    if wanted.interface in taken:
        raise InvalidArgument(f"interface {wanted.interface} is already in use by container {ctr.id}")
    wanted = msgspec.structs.replace(wanted, interface=wanted.interface or next_interface(taken))
    links = _resolved(ctr, [(network, text) for text in wanted.links]) if alive else None
    ctr.on.networking.attach(ctr.id, wanted)
    if not alive:
        ctr.on.networking.tell("connect", network.id, ctr.id)
        return
    fresh = ctr.on.networking.connect(ctr.config, ctr.facts.name, network.id, again=bool(before))
    _add_hosts(ctr, fresh, links)
    _renew_name_servers(ctr)
    ctr.on.networking.tell("connect", network.id, ctr.id)


def disconnect(ctr: Locked, network: Network) -> None:
    """The container does not take part in the network any more, nor its process if it runs.

    Raises: InvalidArgument, Conflict (it does not take part), NetworkFailed.
    """
    _require_own(ctr)
    if not any(member.network.id == network.id for member in ctr.on.networking.memberships(ctr.id)):
        raise Conflict(f"container {ctr.id} is not connected to network {network.name}: network is not connected")
    if ctr.state.status in ALIVE:
        old = ctr.on.networking.disconnect(ctr.config, ctr.facts.name, network.id)
        if old is not None:
            _drop_hosts(ctr, old)
    ctr.on.networking.detach(ctr.id, network.id)
    if ctr.state.status in ALIVE:
        _renew_name_servers(ctr)
    ctr.on.networking.tell("disconnect", network.id, ctr.id)


def reload_network(ctr: Locked) -> None:
    """The firewall rules and interfaces of a running container are made anew. Raises: StateConflict, NetworkFailed."""
    ctr.require(*ALIVE, text=f"container {ctr.id} is not running")
    if ctr.facts.networked:
        ctr.on.networking.reload(ctr.config, ctr.facts.name)


def _require_own(ctr: Locked) -> None:
    if not ctr.facts.networked:
        mode = ctr.config.namespaces.network.partition(":")[0]
        raise InvalidArgument(f'"{mode}" is not supported: invalid network mode')


def _add_hosts(ctr: Locked, fresh: Connection, links: Links | None) -> None:
    names = " ".join(dict.fromkeys((ctr.config.hostname, ctr.facts.name)))
    lines = [f"{address.partition('/')[0]}\t{names}\n" for address in fresh.addresses]
    for text in links.hosts if links is not None else ():
        others, _, address = text.partition(":")
        lines.append(f"{address}\t{others.replace(';', ' ')}\n")
    _rewrite_hosts(ctr, lambda text: text + "".join(lines))


def _drop_hosts(ctr: Locked, old: Connection) -> None:
    gone = {address.partition("/")[0] for address in old.addresses}
    _rewrite_hosts(
        ctr, lambda text: "".join(line for line in text.splitlines(keepends=True) if line.split("\t")[0] not in gone)
    )


def _renew_name_servers(ctr: Locked) -> None:
    """A container that was not told of other servers asks those of the networks that it is in now."""
    if not ctr.config.dns:
        found = [each.connection for each in ctr.on.networking.memberships(ctr.id) if each.connection is not None]
        ctr.on.bundles.write_resolv_conf(ctr.config, found)


def _rewrite_hosts(ctr: Locked, change: Callable[[str], str]) -> None:
    """The file is written in place: the container has this very inode."""
    path = f"{ctr.run_dir}/hosts"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        return
    files.write_file(path, change(text).encode("utf-8", "surrogateescape"), 0o644)


# --- what is shown ---------------------------------------------------------------------------------------------------


def settings(on: Services, id: str, config: ContainerConfig, *, alive: bool) -> dict[str, Any]:
    """NetworkSettings of `inspect`."""
    from ..network.netns import path_of

    members = on.networking.memberships(id) if config.namespaces.network == "bridge" else []
    networks = {member.network.name: _shown(member, id, alive=alive) for member in members}
    single = next(iter(networks.values())) if len(networks) == 1 else {}
    return {
        "EndpointID": "",
        "Gateway": single.get("Gateway", ""),
        "IPAddress": single.get("IPAddress", ""),
        "IPPrefixLen": single.get("IPPrefixLen", 0),
        "IPv6Gateway": single.get("IPv6Gateway", ""),
        "GlobalIPv6Address": single.get("GlobalIPv6Address", ""),
        "GlobalIPv6PrefixLen": single.get("GlobalIPv6PrefixLen", 0),
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "MacAddress": single.get("MacAddress", ""),
        "Bridge": "",
        "SandboxID": "",
        "HairpinMode": False,
        "SandboxKey": path_of(id) if alive else "",
        "Ports": port_bindings(config),
        "Networks": networks,
    }


def port_bindings(config: ContainerConfig) -> dict[str, list[dict[str, str]]]:
    """Where each published port of the container is found on the host: "80/tcp" -> HostIp and HostPort."""
    found: dict[str, list[dict[str, str]]] = {}
    for port in config.ports:
        for number in range(port.count):
            places = found.setdefault(f"{port.container + number}/{port.protocol}", [])
            places.append({"HostIp": port.host_ip, "HostPort": str(port.host + number)})
    return found


def addresses_of(has: Connection | None) -> dict[str, Any]:
    """Where a container is in a network, under the names that podman and docker share; nowhere without a connection."""
    addresses = [address.partition("/") for address in (has.addresses if has else ())]
    ipv4 = next((a for a in addresses if ":" not in a[0]), ("", "", "0"))
    ipv6 = next((a for a in addresses if ":" in a[0]), ("", "", "0"))
    gateways = has.gateways if has else ()
    return {
        "Gateway": next((g for g in gateways if ":" not in g), ""),
        "IPAddress": ipv4[0],
        "IPPrefixLen": int(ipv4[2]),
        "IPv6Gateway": next((g for g in gateways if ":" in g), ""),
        "GlobalIPv6Address": ipv6[0],
        "GlobalIPv6PrefixLen": int(ipv6[2]),
    }


def _shown(member: Membership, id: str, *, alive: bool) -> dict[str, Any]:
    has = member.connection if alive else None
    return {
        "EndpointID": "",
        **addresses_of(has),
        "MacAddress": has.mac if has else "",
        "NetworkID": member.network.name,
        "DriverOpts": None,
        "IPAMConfig": None,
        "Links": None,
        "Aliases": [*member.attachment.aliases, id[:12]],
    }

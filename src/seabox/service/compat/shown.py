"""What Docker's clients are told of a container in lists and inspections alike."""

from __future__ import annotations

import time

from ...container.networks import addresses_of
from ...model.human import duration, since
from ...model.record import ALIVE
from ..networks import docker_name, endpoint_id, mode_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ...container.snapshot import Snapshot
    from ...model.container import ContainerConfig
    from ...model.network import Membership

_STATES = {"initialized": "created", "stopping": "running", "stopped": "exited", "configured": "created"}
NOWHERE: dict[str, Any] = {
    "IPAMConfig": None, "Links": None, "Aliases": None, "MacAddress": "", "DriverOpts": None, "GwPriority": 0,
    "NetworkID": "", "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0, "IPv6Gateway": "",
    "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": None,
}  # fmt: skip


def status_of(seen: Snapshot) -> str:
    """The state in docker's words: created, running, paused, restarting, removing, exited."""
    if seen.state.next_start_at:
        return "restarting"
    return _STATES.get(seen.word, seen.word)


def told(seen: Snapshot) -> str:
    """The state as people read it: "Up 3 seconds (healthy)", "Exited (0) 2 minutes ago"."""
    state, now = seen.state, time.time_ns()
    status = status_of(seen)
    code = state.exit_code if state.exit_code is not None else -1
    if status in ("running", "paused"):
        how = f" ({'health: ' if state.health == 'starting' else ''}{state.health})" if state.health else ""
        how = " (Paused)" if status == "paused" else how
        return f"Up {duration((now - state.started_at) / 1e9)}{how}"
    if status in ("exited", "restarting"):
        word = "Restarting" if status == "restarting" else "Exited"
        return f"{word} ({code}) {since(state.finished_at or now, now)}"
    return "Removal In Progress" if status == "removing" else status.capitalize()


def image_of(config: ContainerConfig) -> str:
    """The image as it was typed, as far as that is known."""
    return config.asked.get("image") or config.image or config.rootfs


def network_mode(config: ContainerConfig) -> str:
    """Whose network it is in; of several of its own the first."""
    mode = config.namespaces.network
    return docker_name(config.networks[0].name) if mode == "bridge" and config.networks else mode


def networks_of(seen: Snapshot, config: ContainerConfig, members: Iterable[Membership]) -> dict[str, dict[str, Any]]:
    """Its part in each network, by the network's name."""
    mode = config.namespaces.network
    alive = seen.state.status in ALIVE
    if mode in ("host", "none"):
        id = mode_id(mode)
        there = {"NetworkID": id, "EndpointID": endpoint_id(config.id, id)} if alive else {}
        return {mode: NOWHERE | there}
    if mode != "bridge":
        return {}
    return {docker_name(member.network.name): _network(seen, config, member, alive) for member in members}


def _network(seen: Snapshot, config: ContainerConfig, member: Membership, alive: bool) -> dict[str, Any]:
    asked, has = member.attachment, member.connection if alive else None
    names = dict.fromkeys((seen.facts.name, *asked.aliases, config.id[:12], config.hostname))
    return NOWHERE | addresses_of(has) | {
        "IPAMConfig": _ipam(asked.ips),
        "Links": (list(asked.links) or None) if member.network.dns else None,  # else they are in HostConfig
        "Aliases": list(asked.aliases) or None,
        "MacAddress": (has.mac if has else "") or asked.mac,
        "DriverOpts": asked.noted or None,
        "NetworkID": member.network.id,
        "EndpointID": endpoint_id(config.id, member.network.id) if alive else "",
        "DNSNames": [name for name in names if name] if member.network.dns else None,
    }


def _ipam(addresses: Iterable[str]) -> dict[str, str] | None:
    found = {"IPv6Address" if ":" in address else "IPv4Address": address for address in addresses}
    return found or None


def mounts_of(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Its mounts, of all that is known of it (podman's form)."""
    found = []
    for mount in about.get("Mounts", ()):
        volume = mount["Type"] == "volume"
        words = [mount["Mode"]] if mount["Mode"] else []
        words += [] if mount["RW"] else ["ro"]
        found.append(
            {"Type": mount["Type"]}
            | ({"Name": mount["Name"]} if volume else {})
            | {"Source": mount["Source"], "Destination": mount["Destination"]}
            | ({"Driver": mount["Driver"]} if volume else {})
            | {"Mode": ",".join(words), "RW": mount["RW"], "Propagation": "" if volume else mount["Propagation"]}
        )
    return found


def ports_of(config: ContainerConfig, *, alive: bool) -> dict[str, list[dict[str, str]] | None]:
    """ "80/tcp" -> where that is found on the host; None for what is not. Nothing while it does not run."""
    if not alive or config.namespaces.network != "bridge":
        return {}
    found: dict[str, list[dict[str, str]] | None] = {}
    for port in config.ports:
        for number in range(port.count):
            place = {"HostIp": port.host_ip or "0.0.0.0", "HostPort": str(port.host + number)}
            key = f"{port.container + number}/{port.protocol}"
            found[key] = [*(found.get(key) or ()), place]
    return found | {name: None for name in config.exposed if name not in found}


def argv_text(config: ContainerConfig) -> str:
    """What is executed, in one line."""
    return " ".join((*config.argv[:1], *(f"'{word}'" if " " in word else word for word in config.argv[1:])))

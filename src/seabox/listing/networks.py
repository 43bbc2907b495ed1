"""What lists and inspections tell of a network, under podman's field names."""

from __future__ import annotations

from seabox.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.model.network import Network, Subnet


def inspected(network: Network) -> dict[str, Any]:
    """Everything about a network, under podman's field names."""
    return {
        "name": network.name,
        "id": network.id,
        "driver": network.driver,
        "network_interface": network.interface,
        "created": rfc3339(network.created_at),
        "subnets": [_subnet(subnet) for subnet in network.subnets],
        "ipv6_enabled": network.ipv6,
        "internal": network.internal,
        "dns_enabled": network.dns,
        "labels": dict(network.labels),
        "options": dict(network.options),
        "ipam_options": {"driver": "host-local"},
    }


def _subnet(subnet: Subnet) -> dict[str, Any]:
    found: dict[str, Any] = {"subnet": subnet.subnet, "gateway": subnet.gateway}
    if subnet.first:
        found["lease_range"] = {"start_ip": subnet.first, "end_ip": subnet.last}
    return found

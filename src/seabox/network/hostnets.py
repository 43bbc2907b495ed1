"""Which subnets this host uses: they cannot be those of a network of ours."""

from __future__ import annotations

import socket
from ipaddress import ip_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ipam import AnyNetwork


def host_subnets(folder: str = "/proc/thread-self/net") -> list[AnyNetwork]:
    """The destinations of the routes of this thread's network namespace, without the default routes."""
    return [*_ipv4(f"{folder}/route"), *_ipv6(f"{folder}/ipv6_route")]


def _lines(path: str) -> list[list[str]]:
    try:
        with open(path) as file:
            return [line.split() for line in file]
    except FileNotFoundError:
        return []


def _ipv4(path: str) -> list[AnyNetwork]:
    """Columns: interface, destination, gateway, flags, ..., mask (8th); hexadecimal, in host order."""
    found: list[AnyNetwork] = []
    for words in _lines(path)[1:]:
        destination, mask = int(words[1], 16), int(words[7], 16)
        if mask:
            packed = destination.to_bytes(4, "little"), mask.to_bytes(4, "little")
            found.append(ip_network("/".join(socket.inet_ntoa(each) for each in packed)))
    return found


def _ipv6(path: str) -> list[AnyNetwork]:
    """Columns: destination, prefix length, ..., interface (10th)."""
    found: list[AnyNetwork] = []
    for words in _lines(path):
        prefix = int(words[1], 16)
        network = ip_network((bytes.fromhex(words[0]), prefix), strict=False)
        if 0 < prefix < 128 and not network.is_link_local and not network.is_multicast and words[9] != "lo":
            found.append(network)
    return found

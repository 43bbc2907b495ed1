"""Subnets and addresses: pure functions, nothing is remembered here."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ..model.digests import sha256_of
from ..model.network import Subnet
from .errors import AddressesTaken, BadSubnet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from ..model.network import Network

    AnyNetwork = IPv4Network | IPv6Network
    AnyAddress = IPv4Address | IPv6Address

_POOL = "10.89.0.0/16", "10.90.0.0/15", "10.92.0.0/14", "10.96.0.0/11", "10.128.0.0/9"


def parse_network(text: str) -> AnyNetwork:
    """The subnet that `text` is in CIDR form. Raises: BadSubnet."""
    try:
        if "/" not in text:
            raise ValueError(text)
        return ip_network(text, strict=False)
    except ValueError:
        raise BadSubnet(f"invalid CIDR address: {text}") from None


def parse_address(text: str) -> AnyAddress:
    """The address that `text` is. Raises: BadSubnet."""
    try:
        if "%" in text:
            raise ValueError(text)
        return ip_address(text)
    except ValueError:
        raise BadSubnet(f'"{text}" is not an ip address') from None


def check_subnet(
    text: str, gateway: str, ip_range: str, taken: Iterable[AnyNetwork], reserved: Mapping[str, str] | None = None
) -> Subnet:
    """A subnet of a network that is to be, with its gateway. Raises: BadSubnet."""
    subnet = parse_network(text)
    if subnet.num_addresses < 4:
        raise BadSubnet(f"subnet {subnet} is too small: it has no room for a gateway and a container")
    if any(overlaps(subnet, other) for other in taken):
        raise BadSubnet(f"subnet {subnet} is already used on the host or by another config")
    way = parse_address(gateway) if gateway else subnet.network_address + 1
    if way not in subnet:
        raise BadSubnet(f"gateway {gateway} not in subnet {subnet}")
    first = last = ""
    if ip_range:
        first, last = _bounds(ip_range, subnet)
    kept = {key: str(address) for key, address in _addresses(reserved or {}) if address in subnet}
    return Subnet(subnet=str(subnet), gateway=str(way), first=first, last=last, reserved=kept)


def _addresses(reserved: Mapping[str, str]) -> Iterator[tuple[str, AnyAddress]]:
    return ((key, parse_address(text)) for key, text in reserved.items())


def _bounds(text: str, subnet: AnyNetwork) -> tuple[str, str]:
    """The first and last address of a range, given as FIRST-LAST or in CIDR form."""
    start, dash, end = text.partition("-")
    if dash:
        low, high = parse_address(start), parse_address(end)
    else:
        block = parse_network(text)
        low, high = block[0], block[-1]
    if low not in subnet or high not in subnet:
        raise BadSubnet(f"ip range {text} not in subnet {subnet}")
    if int(low) > int(high):
        raise BadSubnet(f"ip range {text} ends before it begins")
    return str(low), str(high)


def overlaps(one: AnyNetwork, other: AnyNetwork) -> bool:
    """Whether two subnets share an address."""
    return (one.version == other.version and one[0] in other) or (other.version == one.version and other[0] in one)


def free_ipv4(taken: Sequence[AnyNetwork], first: str = "") -> str:
    """A subnet that nobody uses: `first` if it is free, or a /24 of the pool. Raises: BadSubnet."""
    for candidate in _candidates(first):
        if not any(overlaps(candidate, other) for other in taken):
            return str(candidate)
    raise BadSubnet("could not find free subnet from subnet pools")


def _candidates(first: str) -> Iterator[AnyNetwork]:
    if first:
        yield ip_network(first)
        prefix = ip_network(first).prefixlen
        if prefix < 24:
            for second in range(89, 256):
                yield ip_network(f"10.{second}.0.0/16")
    for pool in _POOL:
        yield from ip_network(pool).subnets(new_prefix=24)


def free_ipv6(seed: str, taken: Sequence[AnyNetwork]) -> str:
    """A unique local /64 that nobody uses, derived from `seed`. Raises: BadSubnet."""
    for attempt in range(16):
        digest = bytes.fromhex(sha256_of(f"{seed}/{attempt}".encode()))
        candidate = ip_network((b"\xfd" + digest[:7] + bytes(8), 64))
        if not any(overlaps(candidate, other) for other in taken):
            return str(candidate)
    raise BadSubnet("could not find free subnet from subnet pools")


def choose(
    network: Network, taken: Mapping[str, str], wanted: Sequence[str], stale: Iterable[str] = ()
) -> list[str]:
    """One address from each subnet of the network; of `taken` the keys are addresses, the values their owners.

    `wanted` addresses go first; each must be in a subnet of its own.
    Raises: BadSubnet, AddressesTaken.
    """
    asked = [parse_address(text) for text in wanted]
    found: list[str] = []
    for subnet in network.subnets:
        block = parse_network(subnet.subnet)
        mine = [address for address in asked if address in block]
        if len(mine) > 1:
            raise BadSubnet(f"more than one static ip in subnet {subnet.subnet} of network {network.name}")
        found.append(_fixed(mine[0], subnet, taken) if mine else _lowest(block, subnet, taken))
        asked = [address for address in asked if address not in mine]
    for address in asked:
        raise BadSubnet(f"requested static ip {address} not in any subnet on network {network.name}")
    return found


def _fixed(address: AnyAddress, subnet: Subnet, taken: Mapping[str, str]) -> str:
    text = str(address)
    block = parse_network(subnet.subnet)
    if text == subnet.gateway or address in _unusable(block):
        raise BadSubnet(f"requested ip address {text} is the gateway, network or broadcast address of {subnet.subnet}")
    if text in subnet.reserved.values():
        raise BadSubnet(f"requested ip address {text} is reserved in {subnet.subnet}")
    if text in taken:
        raise AddressesTaken(
            f"IPAM error: requested ip address {text} is already allocated to container ID {taken[text]}",
            (taken[text],),
        )
    return text


def _unusable(block: AnyNetwork) -> set[AnyAddress]:
    return {block[0], block[-1]} if block.version == 4 else {block[0]}


def _lowest(block: AnyNetwork, subnet: Subnet, taken: Mapping[str, str]) -> str:
    """The lowest free address. A neighbour's cache stays right when one comes back: MAC addresses follow from them."""
    address = parse_address(subnet.first) if subnet.first else block[1]
    last = parse_address(subnet.last) if subnet.last else block[-1]
    unusable = _unusable(block) | {parse_address(text) for text in subnet.reserved.values()}
    while address <= last:  # type: ignore[operator]  # both of one family
        if str(address) not in taken and str(address) != subnet.gateway and address not in unusable:
            return str(address)
        if address == block[-1]:
            break
        address += 1
    raise AddressesTaken(
        f"IPAM error: failed to find free IP in range: {subnet.first or block[1]} - {last}", tuple(set(taken.values()))
    )


def mac_for(network: str, addresses: Sequence[str]) -> str:
    """The MAC address of a container: the same whenever it has the same addresses in the same network."""
    digest = bytes.fromhex(sha256_of(" ".join((network, *addresses)).encode()))
    octets = bytes((digest[0] & 0xFC | 0x02, *digest[1:6]))  # locally administered, not multicast
    return ":".join(f"{octet:02x}" for octet in octets)

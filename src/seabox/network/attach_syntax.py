"""--network NAME[:OPTIONS], --ip, --mac-address and the like: which networks a container takes part in, and how."""

from __future__ import annotations

from msgspec import structs

from ..errors import InvalidArgument
from ..model.network import Attachment
from .ipam import parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..model.container import CreateRequest
    from ..model.network import Network

_INTERFACE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def parse_attachments(
    words: Sequence[str], request: CreateRequest, find: Callable[[str], Network]
) -> tuple[Attachment, ...]:
    """A container's networks. Raises: InvalidArgument, and what `find` raises."""
    found: list[Attachment] = []
    single = [text for text in (request.ip, request.ip6) if text]
    if len(words) > 1 and (single or request.mac_address):
        what = "--ip" if single else "--mac-address"
        raise InvalidArgument(f"{what} can only be set for a single network: invalid argument")
    for word in words:
        name, _, options = word.partition(":")
        network = find(name)
        attachment = _with_options(network, options)
        if network.id in {other.network for other in found}:
            raise InvalidArgument(f"network {network.name} is given twice")
        attachment = Attachment(
            network=network.id,
            name=network.name,
            interface=attachment.interface,
            ips=attachment.ips + tuple(str(parse_address(text)) for text in single),
            mac=attachment.mac or (check_mac(request.mac_address) if request.mac_address else ""),
            aliases=attachment.aliases + tuple(check_alias(text) for text in request.network_aliases),
            links=attachment.links,
            noted=attachment.noted,
        )
        check_ips(attachment, network)
        found.append(attachment)
    return _with_interfaces(found)


def parse_options(network: Network, pairs: Sequence[str]) -> Attachment:
    """The attachment that ip=, ip6=, mac=, alias=, link=, interface_name= and note=NAME= describe.

    Raises: InvalidArgument.
    """
    ips: list[str] = []
    aliases: list[str] = []
    links: list[str] = []
    noted: dict[str, str] = {}
    mac = interface = ""
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not value:
            raise InvalidArgument(f"invalid network option {pair!a}: it must be formatted KEY=VALUE")
        if key in ("ip", "ip6"):
            address = parse_address(value)
            if key == "ip6" and address.version != 6:
                raise InvalidArgument(f'"{value}" is not an IPv6 address')
            ips.append(str(address))
        elif key == "mac":
            mac = check_mac(value)
        elif key == "alias":
            aliases.append(check_alias(value))
        elif key == "link":
            links.append(check_link(value))
        elif key == "note":
            name, _, word = value.partition("=")
            noted[name] = word
        elif key == "interface_name":
            interface = check_interface(value)
        else:
            raise InvalidArgument(f"unknown bridge network option: {key}")
    return Attachment(
        network=network.id, name=network.name, interface=interface, ips=tuple(ips), mac=mac, aliases=tuple(aliases),
        links=tuple(links), noted=noted,
    )  # fmt: skip


def _with_options(network: Network, options: str) -> Attachment:
    return parse_options(network, [pair for pair in options.split(",") if pair])


def check_ips(attachment: Attachment, network: Network) -> None:
    """Nothing, if the addresses fit the network. Raises: BadSubnet."""
    from .ipam import choose

    if attachment.ips:
        choose(network, {}, attachment.ips)


def check_mac(text: str) -> str:
    """The MAC address in lower case. Raises: InvalidArgument."""
    octets = text.lower().replace("-", ":").split(":")
    if len(octets) != 6 or not all(len(o) == 2 and set(o) <= set("0123456789abcdef") for o in octets):
        raise InvalidArgument(f"address {text}: invalid MAC address")
    if int(octets[0], 16) & 1:
        raise InvalidArgument(f"address {text}: a multicast address cannot be the address of an interface")
    return ":".join(octets)


def check_alias(text: str) -> str:
    """A name that other containers may look up. Raises: InvalidArgument."""
    if not text or len(text) > 63 or not set(text) <= _INTERFACE_LETTERS or text[0] in "-.":
        raise InvalidArgument(f"invalid network alias {text!a}")
    return text


def check_link(text: str) -> str:
    """CONTAINER[:ALIAS]. Raises: InvalidArgument."""
    name, colon, alias = text.partition(":")
    if not name or not set(name) <= _INTERFACE_LETTERS or (colon and not alias):
        raise InvalidArgument(f"bad format for links: {text!a}: it must be CONTAINER:ALIAS")
    check_alias(alias or name)
    return text


def check_interface(text: str) -> str:
    """A name that an interface can have. Raises: InvalidArgument."""
    if not text or len(text) > 15 or not set(text) <= _INTERFACE_LETTERS or text in (".", "..", "lo", "all", "default"):
        raise InvalidArgument(f"invalid interface name {text!a}: up to 15 letters, digits, dots and dashes")
    return text


def _with_interfaces(found: Sequence[Attachment]) -> tuple[Attachment, ...]:
    taken = {each.interface for each in found if each.interface}
    if len(taken) != sum(1 for each in found if each.interface):
        raise InvalidArgument("two networks cannot have the same interface name")
    done = []
    for each in found:
        interface = each.interface or next_interface(taken)
        taken.add(interface)
        done.append(structs.replace(each, interface=interface))
    return tuple(done)


def next_interface(taken: set[str]) -> str:
    """The first of eth0, eth1... that is not taken."""
    number = 0
    while f"eth{number}" in taken:
        number += 1
    return f"eth{number}"

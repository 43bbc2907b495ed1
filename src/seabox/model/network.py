"""Networks, and how containers take part in them: the values that rooms exchange and the store keeps."""

from __future__ import annotations

import msgspec


class Subnet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A range of addresses, in CIDR form. `first` and `last` bound what containers are given, "" = no bound."""

    subnet: str
    gateway: str = ""
    first: str = ""
    last: str = ""
    reserved: dict[str, str] = {}  # addresses that no container gets, by what they are for


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One network, fixed when it is created."""

    id: str
    name: str
    created_at: int  # ns
    driver: str = "bridge"  # "bridge" | "macvlan" | "ipvlan"
    interface: str = ""  # the bridge, or the parent of a macvlan or ipvlan
    subnets: tuple[Subnet, ...] = ()
    internal: bool = False
    dns: bool = True
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    noted: dict[str, str] = {}  # options of other engines, without effect here: told to whoever asks

    @property
    def ipv6(self) -> bool:
        """Whether containers get an IPv6 address."""
        return any(":" in subnet.subnet for subnet in self.subnets)


class NetworkRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller of `networks.create` asks for. None = not said."""

    name: str | None = None
    spaces: bool = False  # may be in the name, as Docker has it
    driver: str = "bridge"
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()  # one for each subnet, in order
    ip_ranges: tuple[str, ...] = ()  # one for each subnet, in order
    reserved: dict[str, str] = {}  # addresses that no container gets, by what they are for
    ipv4: bool = False  # a subnet as well where those given are IPv6
    ipv6: bool = False  # likewise where they are IPv4
    internal: bool = False
    dns: bool = True
    interface: str = ""
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    noted: dict[str, str] = {}  # see Network


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A container's part in one network, as asked for."""

    network: str  # id
    name: str  # of the network
    interface: str = ""  # in the container; "" = the next free ethN
    ips: tuple[str, ...] = ()
    mac: str = ""
    aliases: tuple[str, ...] = ()
    links: tuple[str, ...] = ()  # "CONTAINER[:ALIAS]": what it calls others in the network
    noted: dict[str, str] = {}  # options of other engines, without effect here: told to whoever asks


class Connection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a container really has in a network while it runs. Addresses with their prefix length."""

    interface: str
    mac: str = ""
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


class Port(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ports of the host that lead to as many of the container. `host_ip` "" = every address of the host."""

    container: int
    host: int
    count: int = 1
    host_ip: str = ""
    protocol: str = "tcp"  # "tcp" | "udp" | "sctp"


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A container in a network: what was asked for, and what it has if it runs."""

    network: Network
    attachment: Attachment
    connection: Connection | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The network of a container that is about to run, as its files of /etc need it."""

    netns: str  # the file of its network namespace
    addresses: tuple[str, ...] = ()  # without prefix lengths
    gateway: str = ""  # the host, as the container sees it
    nameservers: tuple[str, ...] = ()  # of its networks
    search: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # "NAME[;NAME...]:ADDRESS" of the containers that it is linked to
    env: dict[str, str] = {}  # variables that tell of these

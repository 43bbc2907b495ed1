"""Published ports: what -p, -P and EXPOSE mean, and the reservation of the host's side while a container runs."""

from __future__ import annotations

import errno
import os

import msgspec

from ..errors import InvalidArgument
from ..kernel import sockets
from ..model.network import Port
from .errors import PortTaken
from .ipam import parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PROTOCOLS = ("tcp", "udp", "sctp")
_TRIES = 64
_WHY = {
    errno.EADDRINUSE: "address already in use",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.EACCES: "permission denied",
}
_MOST = 4096  # ports in one mapping: each is a descriptor and several firewall rules


def parse_publish(text: str) -> Port:
    """`[[ip:][hostPort[-last]]:]containerPort[-last][/protocol]`; host 0 = to be chosen. Raises: InvalidArgument."""
    rest, slash, protocol = text.partition("/")
    protocol = _protocol(protocol, text) if slash else "tcp"
    address = ""
    if rest.startswith("["):
        address, bracket, rest = rest[1:].partition("]:")
        if not bracket or ":" not in address:
            raise InvalidArgument(f'invalid port format for "{text}": an IPv6 address must be in brackets')
        host, _, container = rest.rpartition(":")
    else:
        parts = rest.split(":")
        if len(parts) > 3:
            raise InvalidArgument("invalid port format. Format is [[hostIP:]hostPort:]containerPort")
        container, host = parts[-1], parts[-2] if len(parts) > 1 else ""
        address = parts[0] if len(parts) == 3 else ""
        if len(parts) == 3 and not address:
            raise InvalidArgument(f'"{text}": hostIP cannot be empty')
    if address:
        address = str(parse_address(address))
        address = "" if address == "0.0.0.0" else address
    inside, count = _range("container", container)
    outside, width = _range("host", host) if host and host != "0" else (0, count)
    if width != count:
        if count != 1:
            raise InvalidArgument(f"container and host port ranges have different lengths: {count} vs {width}")
        raise InvalidArgument(f"a range of host ports needs as many container ports: {text}")
    return Port(container=inside, host=outside, count=count, host_ip=address, protocol=protocol)


def parse_expose(text: str) -> Port:
    """`containerPort[-last][/protocol]`. Raises: InvalidArgument."""
    numbers, slash, protocol = text.partition("/")
    first, count = _range("container", numbers)
    return Port(container=first, host=0, count=count, protocol=_protocol(protocol, text) if slash else "tcp")


def _protocol(text: str, whole: str) -> str:
    if text.lower() not in _PROTOCOLS:
        raise InvalidArgument(f'unrecognized protocol "{text}" in port mapping "{whole}"')
    return text.lower()


def _range(side: str, text: str) -> tuple[int, int]:
    """The first port and how many there are."""
    if not text:
        raise InvalidArgument(f"must provide a non-empty {side} port to publish")
    low, dash, high = text.partition("-")
    first = _number(low, text)
    last = _number(high, text) if dash else first
    if last < first:
        raise InvalidArgument(f"the end of the range of {side} ports must be above its start: {text}")
    if last - first >= _MOST:
        raise InvalidArgument(f"at most {_MOST} ports can be published together: {text}")
    return first, last - first + 1


def _number(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise InvalidArgument(f'port numbers must be between 1 and 65535 (inclusive), got "{whole}"')
    return int(text)


def settle(published: Iterable[Port], exposed: Iterable[Port], *, publish_all: bool) -> tuple[Port, ...]:
    """Every mapping with a host port of its own; free ones are chosen where none was given. Binds sockets for that.

    Raises: InvalidArgument if two of them want the same port, PortTaken if nothing is free.
    """
    wanted = list(dict.fromkeys(published))
    if publish_all:
        inside = {(port.protocol, number) for port in wanted for number in _inside(port)}
        for port in exposed:
            wanted += [
                Port(container=number, host=0, protocol=port.protocol)
                for number in _inside(port)
                if (port.protocol, number) not in inside
            ]
    used: set[tuple[str, str, int]] = set()
    for port in wanted:
        for number in range(port.host, port.host + port.count if port.host else 0):
            key = (port.protocol, port.host_ip, number)
            if key in used:
                raise InvalidArgument(f"conflicting port mappings for host port {number} (protocol {port.protocol})")
            used.add(key)
    return tuple(port if port.host else _with_free_port(port) for port in wanted)


def _inside(port: Port) -> range:
    return range(port.container, port.container + port.count)


def _with_free_port(port: Port) -> Port:
    """The mapping on host ports that were free this moment."""
    for _ in range(_TRIES):
        fd = sockets.reserve_port(port.host_ip, 0, port.protocol)
        try:
            number = sockets.port_of(fd)
        finally:
            os.close(fd)
        chosen = msgspec.structs.replace(port, host=number)
        if number + port.count > 65536:
            continue
        try:
            for fd in reserve([chosen]):
                os.close(fd)
        except PortTaken:
            continue
        return chosen
    raise PortTaken("failed to find an available host port")


def reserve(ports: Sequence[Port], *, ipv6: bool = False) -> list[int]:
    """Descriptors that keep these ports of the host from everybody else as long as somebody has them open.

    Raises: PortTaken naming the first that somebody has.
    """
    held: list[int] = []
    try:
        for port in ports:
            for number in range(port.host, port.host + port.count):
                for address in (port.host_ip,) if port.host_ip or not ipv6 else ("", "::"):
                    held.append(_reserve(address, number, port.protocol))
    except BaseException:
        for fd in held:
            os.close(fd)
        raise
    return held


def _reserve(address: str, number: int, protocol: str) -> int:
    try:
        return sockets.reserve_port(address, number, protocol)
    except OSError as problem:
        why = _WHY.get(problem.errno or 0)
        if why is None:
            raise
        family = f"{protocol}6" if ":" in address else f"{protocol}4"
        place = f"[{address}]:{number}" if ":" in address else f"{address}:{number}"
        raise PortTaken(
            f"cannot listen on the {protocol.upper()} port: listen {family} {place}: bind: {why}"
        ) from None


def shown(ports: Iterable[Port]) -> str:
    """The mappings as `ps` shows them: 0.0.0.0:8080->80/tcp, 127.0.0.1:53-54->53-54/udp."""
    found = []
    for port in ports:
        host, inside = str(port.host), str(port.container)
        if port.count > 1:
            host, inside = f"{host}-{port.host + port.count - 1}", f"{inside}-{port.container + port.count - 1}"
        address = f"[{port.host_ip}]" if ":" in port.host_ip else port.host_ip or "0.0.0.0"
        found.append(f"{address}:{host}->{inside}/{port.protocol}")
    return ", ".join(found)

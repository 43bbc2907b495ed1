"""-p, -P and EXPOSE."""

from __future__ import annotations

import os
import socket

import pytest

from seabox.errors import InvalidArgument
from seabox.model.network import Port
from seabox.network.errors import PortTaken
from seabox.network.ports import parse_expose, parse_publish, reserve, settle, shown


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("80", Port(container=80, host=0)),
        ("8080:80", Port(container=80, host=8080)),
        ("8080:80/udp", Port(container=80, host=8080, protocol="udp")),
        ("8080:80/SCTP", Port(container=80, host=8080, protocol="sctp")),
        ("127.0.0.1:8080:80", Port(container=80, host=8080, host_ip="127.0.0.1")),
        ("127.0.0.1::80", Port(container=80, host=0, host_ip="127.0.0.1")),
        ("0.0.0.0:8080:80", Port(container=80, host=8080)),
        ("[::1]:8080:80", Port(container=80, host=8080, host_ip="::1")),
        ("[::1]::80", Port(container=80, host=0, host_ip="::1")),
        ("8000-8002:80-82", Port(container=80, host=8000, count=3)),
        ("80-82", Port(container=80, host=0, count=3)),
    ],
)
def test_publish(text: str, port: Port) -> None:
    assert parse_publish(text) == port


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "0", "65536", "80:", "a:80", "80:80:80:80", "1.2.3:80:80", "8000-8001:80", "80/icmp", "8080:80-79",
        "8000-8001:80-82", "::80", "[::1:80", "[127.0.0.1]:80:80", "-1:80", "80 ", "٨٠", "1-65535",
    ],
)  # fmt: skip
def test_a_bad_port_is_one_line(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_publish(text)
    assert "\n" not in str(refused.value)


def test_expose() -> None:
    assert parse_expose("53-54/udp") == Port(container=53, host=0, count=2, protocol="udp")


def test_free_ports_are_chosen_and_exposed_ones_published() -> None:
    found = settle([parse_publish("80"), parse_publish("9999:81")], [parse_expose("80-82")], publish_all=True)
    assert [port.container for port in found] == [80, 81, 82]
    assert all(port.host for port in found)
    assert len({port.host for port in found}) == 3
    assert settle([], [parse_expose("80")], publish_all=False) == ()


def test_one_host_port_for_two() -> None:
    with pytest.raises(InvalidArgument, match="conflicting port mappings for host port 8081"):
        settle([parse_publish("8080-8081:80-81"), parse_publish("8081:90")], [], publish_all=False)
    both = [parse_publish("127.0.0.1:18080:80"), parse_publish("18080:80/udp")]
    assert settle(both, [], publish_all=False) == tuple(both)


def test_a_reserved_port_is_nobody_elses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(PortTaken, match=f"listen tcp4 127.0.0.1:{number}: bind: address already in use"):
            reserve([Port(container=80, host=number, host_ip="127.0.0.1")])
    held = reserve([Port(container=80, host=number, host_ip="127.0.0.1")])
    try:
        with pytest.raises(PortTaken) as refused:
            reserve([Port(container=80, host=number)])
        assert refused.value.exit_code == 126
    finally:
        for fd in held:
            os.close(fd)
    with pytest.raises(PortTaken, match="cannot assign requested address"):
        reserve([Port(container=80, host=number, host_ip="192.0.2.1")])


def test_shown() -> None:
    ports = [Port(container=80, host=8080), Port(container=53, host=530, count=2, host_ip="::1", protocol="udp")]
    assert shown(ports) == "0.0.0.0:8080->80/tcp, [::1]:530-531->53-54/udp"

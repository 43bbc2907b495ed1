"""What a network is to be."""

from __future__ import annotations

from typing import Any

import pytest

from seabox.errors import InvalidArgument, Unsupported
from seabox.model.network import Network, NetworkRequest
from seabox.network.errors import NetworkExists
from seabox.network.hostnets import host_subnets
from seabox.network.ipam import parse_network
from seabox.network.plan import plan

ID = "ab" * 32


def planned(*existing: Network, host: tuple[str, ...] = (), prefer: str = "", **fields: Any) -> Network:
    networks = [parse_network(text) for text in host]
    return plan(NetworkRequest(**fields), existing, networks, id=ID, now=5, prefer=prefer)


def test_a_bridge_by_default() -> None:
    found = planned(name="web")
    assert (found.driver, found.interface, found.dns, found.ipv6) == ("bridge", "sb-abababababab", True, False)
    assert [subnet.subnet for subnet in found.subnets] == ["10.89.0.0/24"]
    assert planned(found, name="other", interface="br1").subnets[0].subnet == "10.89.1.0/24"
    assert planned(found, interface="br1").name == "seabox1"


def test_the_hosts_subnets_are_avoided() -> None:
    assert planned(name="a", host=("10.89.0.0/16",)).subnets[0].subnet == "10.90.0.0/24"
    assert planned(name="a", host=("10.88.0.0/16",), prefer="10.88.0.0/16").subnets[0].subnet == "10.89.0.0/16"


def test_both_families() -> None:
    found = planned(name="six", ipv6=True)
    assert found.ipv6
    assert [":" in subnet.subnet for subnet in found.subnets] == [False, True]


def test_ipv4_beside_ipv6() -> None:
    """Only if it is asked for."""
    for ipv4, families in ((False, [True]), (True, [True, False])):
        found = planned(name="six", subnets=("fd00:7::/64",), ipv4=ipv4)
        assert [":" in subnet.subnet for subnet in found.subnets] == families


def test_macvlan_has_a_parent_and_no_name_service() -> None:
    """Without a parent that is said netavark takes the interface of the default route, as for podman."""
    found = planned(name="lan", driver="macvlan", options={"parent": "eth7", "mode": "vepa"}, subnets=("10.1.0.0/24",))
    assert (found.interface, found.options, found.dns) == ("eth7", {"mode": "vepa"}, False)
    assert planned(name="lan", driver="macvlan", subnets=("10.1.0.0/24",)).interface == ""
    with pytest.raises(Unsupported, match="would need DHCP"):
        planned(name="lan", driver="macvlan", options={"parent": "eth7"})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "-x"}, "names must match"),
        ({"name": ""}, "names must match"),
        ({"name": "a/b"}, "names must match"),
        ({"name": "a b"}, "names must match"),
        ({"name": " b", "spaces": True}, "names must match"),
        ({"name": "host"}, "because it is reserved"),
        ({"name": "x", "driver": "overlay"}, "unsupported driver overlay: invalid argument"),
        ({"name": "x", "options": {"nope": "1"}}, "unsupported bridge network option nope"),
        ({"name": "x", "options": {"mtu": "big"}}, "must be a number"),
        ({"name": "x", "interface": "much-too-long-name"}, "invalid interface name"),
        ({"name": "x", "gateways": ("10.1.0.1",)}, "every gateway needs a subnet"),
        ({"name": "x", "subnets": ("10.1.0.0/24", "10.1.0.128/25")}, "already used"),
        ({"name": "x", "subnets": ("10.1.0.0/24",), "reserved": {"a": "10.2.0.1"}}, "no subnet has the reserved"),
    ],
)
def test_a_bad_request_is_one_line(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words) as refused:
        planned(**fields)
    assert "\n" not in str(refused.value)


def test_a_name_is_given_once() -> None:
    with pytest.raises(NetworkExists, match=r"^network name web already used: network already exists$"):
        planned(planned(name="web"), name="web", interface="br1")


def test_the_hosts_routes_are_read(tmp_path: Any) -> None:
    (tmp_path / "route").write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100580A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    nothing = f"{'0' * 32} 00"
    rest = f"{nothing} {'0' * 32} 00000100 00000001 00000000 00000001"
    (tmp_path / "ipv6_route").write_text(
        f"fd000000000000010000000000000000 40 {rest} eth0\nfe80{'0' * 28} 40 {rest} eth0\n{nothing} {rest} lo\n"
    )
    assert [str(each) for each in host_subnets(str(tmp_path))] == ["10.88.0.0/16", "fd00:0:0:1::/64"]
    assert host_subnets(str(tmp_path / "nothing")) == []

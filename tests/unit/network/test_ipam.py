"""Addresses and subnets."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.model.network import Network, Subnet
from seabox.network.errors import AddressesTaken, BadSubnet
from seabox.network.ipam import check_subnet, choose, free_ipv4, free_ipv6, mac_for, overlaps, parse_network


def network(*subnets: str, **fields: str) -> Network:
    return Network(
        id="n" * 64,
        name="net",
        created_at=0,
        subnets=tuple(
            Subnet(subnet=text, gateway=str(ip_network(text)[1]), **fields)  # type: ignore[arg-type]
            for text in subnets
        ),
    )


def test_the_lowest_free_address_of_each_subnet() -> None:
    both = network("10.1.0.0/24", "fd00::/64")
    assert choose(both, {}, ()) == ["10.1.0.2", "fd00::2"]
    assert choose(both, {"10.1.0.2": "a", "fd00::2": "a", "10.1.0.4": "b"}, ()) == ["10.1.0.3", "fd00::3"]


def test_a_full_subnet_names_who_has_its_addresses() -> None:
    small = network("10.1.0.0/29")
    taken = {f"10.1.0.{n}": f"owner{n}" for n in range(2, 7)}
    with pytest.raises(AddressesTaken, match=r"failed to find free IP in range: 10\.1\.0\.1 - 10\.1\.0\.7") as full:
        choose(small, taken, ())
    assert set(full.value.owners) == set(taken.values())


def test_a_range_is_kept() -> None:
    ranged = network("10.1.0.0/24", first="10.1.0.100", last="10.1.0.101")
    assert choose(ranged, {"10.1.0.100": "a"}, ()) == ["10.1.0.101"]
    assert choose(ranged, {}, ["10.1.0.7"]) == ["10.1.0.7"]
    with pytest.raises(AddressesTaken):
        choose(ranged, {"10.1.0.100": "a", "10.1.0.101": "b"}, ())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("10.2.0.1", "requested static ip 10.2.0.1 not in any subnet on network net"),
        ("10.1.0.1", "requested ip address 10.1.0.1 is the gateway"),
        ("10.1.0.0", "is the gateway, network or broadcast address"),
        ("10.1.0.255", "is the gateway, network or broadcast address"),
        ("nonsense", '"nonsense" is not an ip address'),
        ("fe80::1%eth0", "is not an ip address"),
    ],
)
def test_an_address_that_cannot_be_given(wanted: str, words: str) -> None:
    with pytest.raises(BadSubnet, match=words):
        choose(network("10.1.0.0/24"), {}, [wanted])


def test_an_address_that_somebody_has() -> None:
    with pytest.raises(AddressesTaken, match=r"^IPAM error: requested ip address 10.1.0.9 is already allocated to "
                                             r"container ID abc$"):  # fmt: skip
        choose(network("10.1.0.0/24"), {"10.1.0.9": "abc"}, ["10.1.0.9"])


@given(st.sets(st.integers(0, 15)), st.booleans())
def test_what_is_chosen_is_usable_and_free(taken: set[int], wide: bool) -> None:
    net = network("10.1.0.0/28")
    owners = {str(ip_network("10.1.0.0/28")[n]): "x" for n in taken}
    try:
        (found,) = choose(net, owners, ())
    except AddressesTaken:
        assert set(range(2, 15)) <= taken
        return
    assert found not in owners
    assert ip_address(found) in list(ip_network("10.1.0.0/28").hosts())[1:]


@pytest.mark.parametrize(
    ("subnet", "gateway", "ip_range", "words"),
    [
        ("10.1", "", "", "invalid CIDR address: 10.1"),
        ("10.1.0.0", "", "", "invalid CIDR address"),
        ("10.1.0.0/33", "", "", "invalid CIDR address"),
        ("10.1.0.0/31", "", "", "is too small"),
        ("10.9.0.0/16", "", "", "subnet 10.9.0.0/16 is already used on the host or by another config"),
        ("10.8.0.0/15", "", "", "already used"),
        ("10.1.0.0/24", "10.2.0.1", "", "gateway 10.2.0.1 not in subnet 10.1.0.0/24"),
        ("10.1.0.0/24", "", "10.1.1.0/25", "ip range 10.1.1.0/25 not in subnet"),
        ("10.1.0.0/24", "", "10.1.0.9-10.1.0.5", "ends before it begins"),
    ],
)
def test_a_bad_subnet(subnet: str, gateway: str, ip_range: str, words: str) -> None:
    with pytest.raises(BadSubnet, match=words):
        check_subnet(subnet, gateway, ip_range, [parse_network("10.9.7.0/24")])


def test_a_good_subnet() -> None:
    assert check_subnet("10.1.0.9/24", "", "10.1.0.128/25", []) == Subnet(
        subnet="10.1.0.0/24", gateway="10.1.0.1", first="10.1.0.128", last="10.1.0.255"
    )


def test_reserved_addresses() -> None:
    """Nobody gets them, and each subnet keeps those that are in it."""
    subnet = check_subnet("10.1.0.0/24", "", "", [], {"router": "10.1.0.2", "printer": "10.2.0.2"})
    assert subnet.reserved == {"router": "10.1.0.2"}
    net = Network(id="ab", name="net", created_at=0, subnets=(subnet,))
    assert choose(net, {}, ()) == ["10.1.0.3"]
    with pytest.raises(BadSubnet, match=r"10\.1\.0\.2 is reserved in 10\.1\.0\.0/24"):
        choose(net, {}, ["10.1.0.2"])


def test_free_subnets_avoid_what_is_taken() -> None:
    assert free_ipv4([], "10.88.0.0/16") == "10.88.0.0/16"
    assert free_ipv4([parse_network("10.88.4.0/24")], "10.88.0.0/16") == "10.89.0.0/16"
    assert free_ipv4([parse_network("10.89.0.0/24")]) == "10.89.1.0/24"
    six = parse_network(free_ipv6("seed", []))
    assert six.is_private
    assert six.prefixlen == 64
    assert free_ipv6("seed", [six]) != str(six)
    with pytest.raises(BadSubnet, match="could not find free subnet"):
        free_ipv4([parse_network("10.0.0.0/8")], "10.88.0.0/16")


@given(st.integers(0, 2**32 - 1), st.integers(8, 30), st.integers(0, 2**32 - 1), st.integers(8, 30))
def test_overlaps_is_symmetric(one: int, width: int, other: int, size: int) -> None:
    left, right = ip_network((one, width), strict=False), ip_network((other, size), strict=False)
    assert overlaps(left, right) is overlaps(right, left) is left.overlaps(right)  # type: ignore[arg-type]


def test_a_mac_address_follows_from_the_addresses() -> None:
    first = mac_for("net", ["10.1.0.2"])
    assert first == mac_for("net", ["10.1.0.2"]) != mac_for("net", ["10.1.0.3"])
    assert int(first[:2], 16) & 3 == 2

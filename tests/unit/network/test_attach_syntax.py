"""--network and what goes with it."""

from __future__ import annotations

from typing import Any

import pytest

from seabox.errors import InvalidArgument, SeaboxError
from seabox.model.container import CreateRequest
from seabox.model.network import Attachment, Network, Subnet
from seabox.network.attach_syntax import check_mac, parse_attachments
from seabox.network.errors import NoSuchNetwork
from seabox.network.modes import words_of


def find(name: str) -> Network:
    if name == "missing":
        raise NoSuchNetwork(name)
    third = {"bridge": 88}.get(name, 90 + len(name))
    subnet = Subnet(subnet=f"10.{third}.0.0/24", gateway=f"10.{third}.0.1")
    return Network(id=name * 8, name=name, created_at=0, subnets=(subnet,))


def attachments(*words: str, **fields: Any) -> tuple[Attachment, ...]:
    return parse_attachments(words, CreateRequest(**fields), find)


def test_several_networks_with_options() -> None:
    one, two = attachments("a:ip=10.91.0.7,mac=02-00-00-00-00-01,alias=x,alias=y", "bb:interface_name=lan0")
    assert (one.interface, one.ips, one.mac, one.aliases) == ("eth0", ("10.91.0.7",), "02:00:00:00:00:01", ("x", "y"))
    assert (two.name, two.interface) == ("bb", "lan0")
    assert attachments("a", "bb", network_aliases=("z",))[1].aliases == ("z",)


def test_words() -> None:
    assert words_of(None, "none") == ("none",)
    assert words_of("a,b", "none") == ("a", "b")
    assert words_of(("a:ip=10.0.0.1,mac=x", "b"), "none") == ("a:ip=10.0.0.1,mac=x", "b")


def test_ip_of_the_only_network() -> None:
    assert attachments("a", ip="10.91.0.9")[0].ips == ("10.91.0.9",)


@pytest.mark.parametrize(
    ("words", "fields", "text"),
    [
        (("a", "bb"), {"ip": "10.91.0.9"}, "--ip can only be set for a single network"),
        (("a", "bb"), {"mac_address": "02:00:00:00:00:01"}, "--mac-address can only be set for a single network"),
        (("a", "a"), {}, "network a is given twice"),
        (("a:ip=10.1.1.1",), {}, "requested static ip 10.1.1.1 not in any subnet on network a"),
        (("a:nope=1",), {}, "unknown bridge network option: nope"),
        (("a:ip",), {}, "must be formatted KEY=VALUE"),
        (("a:alias=b c",), {}, "invalid network alias"),
        (("a:interface_name=x", "bb:interface_name=x"), {}, "the same interface name"),
        (("missing",), {}, "^unable to find network with name or ID missing: network not found$"),
    ],
)
def test_a_bad_one_is_one_line(words: tuple[str, ...], fields: dict[str, Any], text: str) -> None:
    with pytest.raises(SeaboxError, match=text) as refused:
        attachments(*words, **fields)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "02:00", "02:00:00:00:00:zz", "01:00:00:00:00:01", "2:0:0:0:0:1"])
def test_a_bad_mac_address(text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^address {text}: "):
        check_mac(text)

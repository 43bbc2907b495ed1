"""Networks as clients see them."""

from __future__ import annotations

from typing import Any

import pytest

from seabox.service.networks import docker_name, engine_name, mode_id
from service.served import Served


def test_names() -> None:
    """The default network is `bridge` to Docker's clients, and whatever they call it is found."""
    assert docker_name("seabox") == "bridge"
    assert docker_name("web") == "web"
    assert {engine_name(word) for word in ("", "default", "bridge", "seabox")} == {"seabox"}
    assert engine_name("web") == "web"
    assert engine_name(mode_id("host")) == engine_name("host") == "host"


def test_what_there_is_from_the_start(served: Served) -> None:
    found = {each["Name"]: each for each in served.get("/networks").json}
    assert {name: each["Driver"] for name, each in found.items()} == {
        "bridge": "bridge", "host": "host", "none": "null",
    }  # fmt: skip
    assert found["bridge"]["Options"]["com.docker.network.bridge.default_bridge"] == "true"
    for name, each in found.items():
        for word in (name, each["Id"], each["Id"][:12]):
            assert served.get(f"/networks/{word}").json["Name"] == name
        assert served.delete(f"/networks/{name}").status == 403
        assert served.post("/networks/create", {"Name": name}).status == 403
    assert [each["name"] for each in served.get("/libpod/networks/json").json] == ["seabox"]


def test_a_networks_life(served: Served) -> None:
    """What was asked for is told again, to the clients of both APIs."""
    pool = {"Subnet": "172.28.0.0/16", "IPRange": "172.28.5.0/24", "Gateway": "172.28.5.254",
            "AuxiliaryAddresses": {"a": "172.28.5.1", "b": "172.28.1.6"}}  # fmt: skip
    options = {"com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.name": "sbtest0", "own": "1"}
    wanted = {
        "Name": "web", "CheckDuplicate": True, "Attachable": True, "Internal": True, "Labels": {"a": "b"},
        "IPAM": {"Driver": "default", "Config": [pool], "Options": None}, "Options": options,
    }  # fmt: skip
    made = served.post("/networks/create", wanted)
    assert made.status == 201
    assert made.json["Warning"] == ""
    assert served.post("/networks/create", {"Name": "web"}).status == 409
    shown = served.get(f"/networks/{made.json['Id'][:12]}", verbose=True, scope="local").json
    assert shown["IPAM"] == {"Driver": "default", "Options": None, "Config": [pool]}
    assert shown["Options"] == options
    assert (shown["Attachable"], shown["Internal"], shown["EnableIPv6"], shown["Labels"]) == (
        True, True, False, {"a": "b"},
    )  # fmt: skip
    assert served.get("/networks/web", scope="swarm").status == 404
    libpod = served.get("/libpod/networks/web/json").json
    assert (libpod["network_interface"], libpod["options"], libpod["internal"]) == (
        "sbtest0", {"isolate": "true", "mtu": "1400"}, True,
    )  # fmt: skip
    assert served.get("/libpod/networks/web/exists").status == 204
    assert served.delete("/networks/web").status == 204
    assert served.delete("/networks/web").status == served.get("/networks/web").status == 404
    assert served.get("/libpod/networks/web/exists").status == 404


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"Name": "x", "Driver": "host"}, 403),
        ({"Name": "x", "Driver": "overlay"}, 403),
        ({"Name": "x", "Driver": "nope"}, 404),
        ({"Name": ""}, 400),
        ({"Name": "a/b"}, 400),
        ({"Name": "x", "IPAM": {"Config": [{"Subnet": "10.10.134.0/65"}]}}, 400),
        ({"Name": "x", "IPAM": {"Config": [{"Gateway": "10.10.134.1"}]}}, 400),
        ({"Name": "x", "IPAM": {"Config": [{"Subnet": "10.7.0.0/24", "AuxiliaryAddresses": {"a": "10.8.0.1"}}]}}, 400),
        ({"Name": "x", "IPAM": {"Driver": "dhcp"}}, 400),
        ({"Name": "x", "Labels": ["a"]}, 400),
    ],
)
def test_what_cannot_be_made(served: Served, wanted: dict[str, Any], status: int) -> None:
    assert served.post("/networks/create", wanted).status == status


def test_both_families(served: Served) -> None:
    """Docker's networks have IPv4 unless they are told not to; podman's what they were given."""
    pool = {"Subnet": "fd00:7::/64"}
    for name, more, families in (
        ("both", {"EnableIPv6": True}, (True, True)), ("six", {"EnableIPv6": True, "EnableIPv4": False}, (False, True)),
    ):  # fmt: skip
        made = served.post("/networks/create", {"Name": name, "IPAM": {"Config": [pool]}} | more)
        shown = served.get(f"/networks/{made.json['Id']}").json
        assert (shown["EnableIPv4"], shown["EnableIPv6"]) == families
        assert served.delete(f"/networks/{name}").status == 204
    made = served.post("/libpod/networks/create", {"name": "six", "subnets": [{"subnet": "fd00:7::/64"}]})
    assert [each["subnet"] for each in made.json["subnets"]] == ["fd00:7::/64"]


def test_a_name_with_a_space(served: Served) -> None:
    """Docker has them."""
    assert served.post("/networks/create", {"Name": "test 01"}).status == 201
    assert served.get("/networks/test%2001").json["Name"] == "test 01"
    assert served.post("/libpod/networks/create", {"name": "test 02"}).status == 400
    assert served.delete("/networks/test%2001").status == 204


def test_filters(served: Served) -> None:
    for name in ("one", "two"):
        assert served.post("/networks/create", {"Name": name, "Labels": {"a": name, "b": "c"}}).status == 201

    def listed(**conditions: list[str]) -> list[str]:
        return sorted(each["Name"] for each in served.get("/networks", filters=conditions).json)

    assert listed(type=["custom"]) == listed(dangling=["true"]) == listed(label=["b=c"]) == ["one", "two"]
    assert listed(type=["builtin"]) == listed(dangling=["0"]) == ["bridge", "host", "none"]
    assert listed(label=["a=one", "b"]) == listed(name=["^one$"]) == ["one"]
    assert listed(label=["a=one", "a=two"]) == listed(scope=["swarm"]) == listed(name=["nope"]) == []
    assert listed(driver=["null"]) == ["none"]
    assert listed(id=[mode_id("host")[:10]], name=["host", "one"]) == ["host"]
    for wrong in ({"what": ["x"]}, {"type": ["x"]}, {"dangling": ["true", "0"]}, {"dangling": ["x"]}, {"name": ["("]}):
        assert served.get("/networks", filters=wrong).status == 400
    assert served.post("/networks/prune", filters={"name": ["one"]}).status == 400
    assert served.post("/networks/prune", filters={"until": ["500000"]}).json == {"NetworksDeleted": []}
    assert served.post("/networks/prune", filters={"label": ["a=one"]}).json == {"NetworksDeleted": ["one"]}
    assert served.post("/libpod/networks/prune").json == [{"Name": "two", "Error": None}]


def test_podman_3_says_it_in_another_way(served: Served) -> None:
    """Its clients are told so: what they say of a network would be lost."""
    for method, path in (("GET", "json"), ("GET", "bridge/json"), ("POST", "create"), ("POST", "bridge/connect")):
        answer = served.ask(method, f"/v3.4.0/libpod/networks/{path}")
        assert (answer.status, answer.json["cause"]) == (400, "given version is not supported")
    assert served.get("/v4.0.0/libpod/networks/json").status == 200


def test_libpod(served: Served) -> None:
    """podman's forms: a range of addresses, keys in any case, what is refused."""
    wanted = {"name": "net", "Labels": {"abc": "val"}, "dns_enabled": False, "subnets": [
        {"subnet": "10.11.13.0/24", "gateway": "10.11.13.1", "lease_range": {"end_ip": "10.11.13.63"}},
    ]}  # fmt: skip
    made = served.post("/libpod/networks/create", wanted)
    assert made.status == 200
    assert made.json["subnets"] == [
        {"subnet": "10.11.13.0/24", "gateway": "10.11.13.1",
         "lease_range": {"start_ip": "10.11.13.0", "end_ip": "10.11.13.63"}},
    ]  # fmt: skip
    assert (made.json["labels"], made.json["dns_enabled"]) == ({"abc": "val"}, False)
    assert served.post("/libpod/networks/create", wanted).status == 409
    assert served.post("/libpod/networks/create", wanted, ignoreIfExists=True).json["id"] == made.json["id"]
    shown = served.get("/libpod/networks/net/json").json
    assert shown["containers"] == {}
    assert served.get("/libpod/networks/net").json == shown
    for wrong in ({"subnets": [{}]}, {"routes": [{"destination": "10.9.0.0/24"}]}, {"driver": "nope"}, {"name": 5},
                  {"driver": "macvlan", "network_interface": "eth9"}):  # fmt: skip
        assert served.post("/libpod/networks/create", wrong).status == 400
    lan = {"name": "lan", "driver": "macvlan", "subnets": [{"subnet": "10.11.14.0/24"}]}
    assert served.post("/libpod/networks/create", lan).json["network_interface"] == ""
    refused = served.post("/networks/create", {"Name": "wan", "Driver": "macvlan", "IPAM": {"Config": [
        {"Subnet": "10.11.15.0/24"},
    ]}})  # fmt: skip
    assert (refused.status, "parent interface" in refused.json["message"]) == (400, True)
    assert served.post("/libpod/networks/net/update", {}).status == 400
    assert [each["name"] for each in served.get("/libpod/networks/json", filters={"label": ["abc"]}).json] == ["net"]
    assert served.delete("/libpod/networks/net").json == [{"Name": "net", "Err": None}]
    assert served.delete("/libpod/networks/net").json["cause"] == "network not found"
    assert served.delete("/libpod/networks/net", force=True).status == 200

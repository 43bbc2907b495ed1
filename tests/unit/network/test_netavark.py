"""What netavark is told and what it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seabox.model.container import ContainerConfig
from seabox.model.network import Attachment, Connection, Membership, Network, Port, Subnet
from seabox.network.netavark import Netavark, connections, document

GOLDEN = Path(__file__).parent / "golden"
CONFIG = ContainerConfig(
    id="c" * 64, name="web", created_at=0, argv=("true",), hostname="boat",
    ports=(Port(container=80, host=8080, count=2, host_ip="127.0.0.1"), Port(container=53, host=53, protocol="udp")),
)  # fmt: skip


def member(name: str, interface: str, *, driver: str = "bridge", **fields: object) -> Membership:
    network = Network(
        id=name * 8, name=name, created_at=0, driver=driver, interface=f"br-{name}",
        subnets=(Subnet(subnet="10.1.0.0/24", gateway="10.1.0.1"), Subnet(subnet="fd00::/64", gateway="fd00::1")),
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    return Membership(
        network=network, attachment=Attachment(network=network.id, name=name, interface=interface, aliases=("www",))
    )


CASES = {
    "bridge": [member("front", "eth0")],
    "two": [member("front", "eth0", internal=True, dns=False), member("back", "eth1", options={"mtu": "1400"})],
    "macvlan": [member("lan", "eth0", driver="macvlan", options={"mode": "bridge"})],
    "ipvlan": [member("lan", "eth0", driver="ipvlan", options={"mode": "l3"})],
    "none": [],
}


@pytest.mark.parametrize("name", CASES)
def test_document(name: str) -> None:
    members = CASES[name]
    addresses = {each.network.id: ["10.1.0.2", "fd00::2"] for each in members}
    told = document(CONFIG, "web", members, addresses, {each.network.id: "02:00:00:00:00:01" for each in members})
    path = GOLDEN / f"{name}.json"
    assert json.loads(told) == json.loads(path.read_text())


def test_answer() -> None:
    answer = {
        "n1": {
            "dns_search_domains": ["dns.podman"], "dns_server_ips": ["10.1.0.1"],
            "interfaces": {
                "eth0": {
                    "mac_address": "02:00:00:00:00:01",
                    "subnets": [{"gateway": "10.1.0.1", "ipnet": "10.1.0.2/24"}, {"ipnet": "fd00::2/64"}],
                }
            },
        },
        "n2": {"interfaces": {"eth1": {}}},
    }  # fmt: skip
    assert connections(answer) == {
        "n1": Connection(
            interface="eth0", mac="02:00:00:00:00:01", addresses=("10.1.0.2/24", "fd00::2/64"),
            gateways=("10.1.0.1",), nameservers=("10.1.0.1",), search=("dns.podman",),
        ),
        "n2": Connection(interface="eth1"),
    }  # fmt: skip


def test_a_name_server_left_by_a_caller_that_died_is_gone_before_the_next_one(tmp_path: Path) -> None:
    """It has no names any more; were it still there, netavark would tell it of the new ones, and it would go."""
    names = tmp_path / "aardvark-dns"
    names.mkdir()
    (names / "aardvark.pid").write_text("1")
    (tmp_path / "lock").write_text("busy\n")
    program = tmp_path / "netavark"
    program.write_text("#!/bin/sh\necho {}\n")
    program.chmod(0o755)
    idle = subprocess.Popen(
        ["aardvark-dns", "-c", "print(flush=True); import signal; signal.pause()", str(names)],
        executable=sys.executable, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert idle.stdout is not None
        assert idle.stdout.readline() == b"\n"
        with Netavark(str(program), "", str(tmp_path)).setting_up("/run/netns/x", b"{}") as answer:
            assert answer() == {}
        assert idle.wait(60) == -signal.SIGKILL
        assert not (names / "aardvark.pid").exists()
    finally:
        idle.kill()
        idle.communicate()

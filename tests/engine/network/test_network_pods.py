"""A pod's network: neighbours on localhost, ports published once for all, and what becomes of them."""

from __future__ import annotations

import pytest

import seabox
from engine.cli.command_line import CommandLine
from engine.network.test_network_cli import SLEEP, cli
from engine.network.test_network_reach import get, idle, reach, web
from seabox.errors import SeaboxError
from seabox.network import netns

__all__ = ["cli"]


@pytest.mark.parametrize("runtime", ["runc", "crun"], indirect=True)
def test_a_neighbour_and_the_host_reach_a_web_server(engine: seabox.Engine) -> None:
    engine.networks.create("front")
    pod = engine.pods.create("shop", network="front", publish=["127.0.0.1:18090:80"], network_aliases=["www"])
    client = idle(engine, pod="shop", name="client")
    server = web(engine, "server", pod="shop")
    other = idle(engine, network="front")
    host = server.exec_run(["hostname"]).stdout.decode().strip()
    assert host == "shop"
    assert reach(client, "http://localhost/") == reach(client, "http://server/") == "shop"
    assert get("127.0.0.1", 18090) == "shop"
    for name in ("www", f"{pod.id[:12]}-infra"):
        assert reach(other, f"http://{name}/") == "shop"
    pod.restart(timeout=0)  # with another network namespace
    server.exec_run(["sh", "-c", "until wget -q -O /dev/null http://localhost/; do :; done"], timeout=60)
    assert get("127.0.0.1", 18090) == "shop"
    assert reach(client, "http://localhost/") == "shop"
    pod.stop(timeout=0)
    assert pod.infra is not None
    assert not netns.is_pinned(pod.infra.id)
    with pytest.raises(ConnectionRefusedError):
        get("127.0.0.1", 18090)
    pod.remove()
    other.remove(force=True, timeout=0)


def test_a_taken_port_is_an_error_of_the_infra_container(engine: seabox.Engine) -> None:
    first = engine.pods.create("one", network="bridge", publish=["127.0.0.1:18091:80"])
    first.start()
    web(engine, "first", pod="one")
    second = engine.pods.create("two", network="bridge", publish=["127.0.0.1:18091:80"])
    idle_one = engine.containers.create("busybox", ["sleep", "1000"], pod="two")
    with pytest.raises(SeaboxError, match="ddress already in use"):
        idle_one.start(recursive=True)
    assert second.status == "Created"
    assert get("127.0.0.1", 18091) == "one"


def test_ports_and_names_of_a_pod_on_the_command_line(cli: CommandLine) -> None:
    options = ("--add-host", "away:10.9.8.7", "--dns", "10.1.2.3", "--dns-search", "lan", "--dns-opt", "ndots:3")
    mac = "92:d0:c6:0a:29:33"
    id = cli.ok("pod", "create", *options, "--mac-address", mac, "--network", "bridge", "-p", "18092:80", "shop")
    cli.ok("run", "-d", "--pod", "shop", "--name", "one", "--stop-timeout", "0", *SLEEP)
    assert "0.0.0.0:18092->80/tcp" in cli.ok("ps", "--filter", "name=one", "--format", "{{.Ports}}")
    assert cli.ok("port", "one") == "80/tcp -> 0.0.0.0:18092"
    hosts = cli.ok("exec", "one", "cat", "/etc/hosts").splitlines()
    assert "10.9.8.7\taway" in hosts
    assert any(line.endswith(f"\tshop {id[:12]}-infra") for line in hosts)
    cli.ok("run", "--rm", "--pod", "shop", "--name", "gone", "busybox", "grep", "127.0.0.1.gone", "/etc/hosts")
    assert cli.ok("exec", "one", "cat", "/etc/hosts").splitlines() == hosts
    assert cli.ok("exec", "one", "cat", "/etc/resolv.conf").split()[-6:] == (
        "search lan nameserver 10.1.2.3 options ndots:3".split()
    )
    assert mac in cli.ok("exec", "one", "ip", "link", "show")
    fields = ("PortBindings", "StaticMAC", "Networks", "DNSServer")
    seen = " ".join(f"{{{{.InfraConfig.{field}}}}}" for field in fields)
    about = cli.ok("pod", "inspect", "--format", seen, "shop")
    assert mac in about
    assert "18092" in about
    assert about.endswith("[seabox] [10.1.2.3]")
    assert cli.ok("pod", "ps", "--filter", "network=bridge", "--format", "{{.Name}} {{.Networks}}") == "shop seabox"
    wrong = cli("run", "--pod", "shop", "-p", "1:1", *SLEEP)
    assert wrong.code == 125
    assert wrong.err.startswith("Error: invalid config provided: published or exposed ports must be defined when the")
    for share in ("net", "ipc"):
        host = cli.ok("pod", "create", "--share", share, "--network", "host", f"{share}onhost")
        assert cli.ok("pod", "inspect", "--format", "{{.InfraConfig.HostNetwork}}", host) == "true"

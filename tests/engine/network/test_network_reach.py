"""Who reaches whom: the host by a published port, containers by name and address, nobody from an internal network."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

import seabox
from engine.home import Home
from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.kernel import files
from seabox.network import netns

_WEB = "mkdir -p /www && hostname >/www/index.html && httpd -p {port} -h /www && echo ready && exec sleep 1000"


def web(engine: seabox.Engine, name: str, *, port: str = "80", **options: object) -> Container:
    """A container that serves its host name on this port, and has said that it does."""
    ctr = engine.containers.create("busybox", ["sh", "-c", _WEB.format(port=port)], name=name, **options)  # type: ignore[arg-type]
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    return ctr


def idle(engine: seabox.Engine, **options: object) -> Container:
    return engine.containers.run("busybox", ["sleep", "1000"], stop_timeout=0, **options)  # type: ignore[arg-type]


def fetch(ctr: Container, url: str) -> tuple[int, str]:
    """wget in the container: its exit code and what it got, once; see also `reach`."""
    done = ctr.exec_run(["wget", "-q", "-O", "-", url], timeout=60)  # -T makes this busybox crash
    return done.code, done.stdout.decode().strip()


def reach(ctr: Container, url: str) -> str:
    """What wget gets in the container, as soon as it gets something: a name server is told of names by a signal."""
    deadline = time.monotonic() + 60
    while (found := fetch(ctr, url))[0] != 0:
        assert time.monotonic() < deadline, found
    return found[1]


def get(address: str, port: int) -> str:
    """What the host gets from there."""
    connection = http.client.HTTPConnection(address, port, timeout=60)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().strip()
    finally:
        connection.close()


@pytest.mark.parametrize("runtime", ["runc", "crun"], indirect=True)
def test_a_web_server_is_reached_by_its_published_port_and_by_name(engine: seabox.Engine) -> None:
    engine.networks.create("front")
    server = web(engine, "web", network="front", publish=["127.0.0.1:18080:80"], network_aliases=["www"])
    assert get("127.0.0.1", 18080) == server.id[:12]
    client = idle(engine, network="front")
    for name in ("web", "www", server.id[:12], "web.dns.podman"):
        assert reach(client, f"http://{name}/") == server.id[:12]
    assert fetch(client, "http://nobody/")[0] != 0
    server.remove(force=True, timeout=0)
    with pytest.raises(ConnectionRefusedError):
        get("127.0.0.1", 18080)


def test_a_port_range_a_chosen_port_and_udp(engine: seabox.Engine) -> None:
    server = web(
        engine, "web", network="bridge", publish=["18081-18082:80-81", "80", "127.0.0.1::5353/udp"], expose=["99"],
        publish_all=True,
    )  # fmt: skip
    ports = server.inspect()["NetworkSettings"]["Ports"]
    assert ports["80/tcp"][0]["HostPort"] == "18081"
    assert ports["81/tcp"] == [{"HostIp": "", "HostPort": "18082"}]
    assert ports["5353/udp"][0]["HostIp"] == "127.0.0.1"
    assert "99/tcp" in ports
    chosen = int(ports["80/tcp"][1]["HostPort"])
    assert get("127.0.0.1", 18081) == get("127.0.0.1", chosen) == server.id[:12]


def test_a_taken_port_is_one_error_and_nothing_is_left(engine: seabox.Engine) -> None:
    with socket.create_server(("127.0.0.1", 18083)):
        late = engine.containers.create("busybox", ["true"], network="bridge", publish=["127.0.0.1:18083:80"])
        with pytest.raises(SeaboxError, match=r"^cannot listen on the TCP port: listen tcp4 127\.0\.0\.1:18083: bind: "
                                              r"address already in use$") as refused:  # fmt: skip
            late.start()
        assert refused.value.exit_code == 126
    first = web(engine, "first", network="bridge", publish=["127.0.0.1:18083:80"])
    with pytest.raises(SeaboxError, match="address already in use"):
        late.start()
    assert late.snapshot().status == "created"
    assert get("127.0.0.1", 18083) == first.id[:12]
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", 18083)).close()  # the port stays the container's
    first.remove(force=True, timeout=0)
    late.start()


def test_the_port_is_free_when_the_container_has_ended(engine: seabox.Engine) -> None:
    ctr = idle(engine, network="bridge", publish=["127.0.0.1:18084:80"])
    ctr.stop(timeout=0)
    socket.create_server(("127.0.0.1", 18084)).close()
    ctr.start()


def test_an_internal_network_has_no_way_out(engine: seabox.Engine) -> None:
    engine.networks.create("back", internal=True)
    engine.networks.create("other")
    server = web(engine, "web", network="back")
    outside = web(engine, "outside", network="other")
    client = idle(engine, network="back")
    assert reach(client, "http://web/") == server.id[:12]
    address = outside.inspect()["NetworkSettings"]["IPAddress"]
    assert fetch(client, f"http://{address}/")[0] != 0
    assert b"default" not in client.exec_run(["ip", "route"]).stdout


def test_ipv6(engine: seabox.Engine) -> None:
    network = engine.networks.create("six", ipv6=True, subnets=["fd00:5ea::/64", "10.77.1.0/24"])
    server = web(engine, "web", port="[::]:80", network="six:ip6=fd00:5ea::99,ip=10.77.1.9", publish=["[::1]:18085:80"])
    seen = server.inspect()["NetworkSettings"]
    assert (seen["GlobalIPv6Address"], seen["GlobalIPv6PrefixLen"]) == ("fd00:5ea::99", 64)
    assert (seen["IPAddress"], seen["IPPrefixLen"]) == ("10.77.1.9", 24)
    assert network.ipv6
    client = idle(engine, network="six")
    assert reach(client, "http://[fd00:5ea::99]/") == server.id[:12]
    assert f"fd00:5ea::99\t{server.id[:12]} web" in server.exec_run(["cat", "/etc/hosts"]).stdout.decode()
    assert get("fd00:5ea::99", 80) == server.id[:12]


def test_two_networks_with_aliases_of_their_own(engine: seabox.Engine) -> None:
    for name in ("one", "two", "three"):
        engine.networks.create(name)
    server = web(engine, "web", network=["one:alias=first", "two:alias=second,mac=02:00:00:00:00:07", "three"])
    assert sorted(server.inspect()["NetworkSettings"]["Networks"]) == ["one", "three", "two"]
    assert server.inspect()["NetworkSettings"]["Networks"]["two"]["MacAddress"] == "02:00:00:00:00:07"
    in_one, in_two = idle(engine, network="one"), idle(engine, network="two")
    assert reach(in_one, "http://first/") == reach(in_two, "http://second/") == server.id[:12]
    assert fetch(in_one, "http://second/")[0] != 0
    server.stop(timeout=0)
    server.start()
    assert len(server.inspect()["NetworkSettings"]["Networks"]) == 3


def test_a_running_container_is_connected_and_disconnected(engine: seabox.Engine) -> None:
    front, back = engine.networks.create("front"), engine.networks.create("back")
    server = web(engine, "web", network="front", publish=["127.0.0.1:18086:80"])
    client = idle(engine, network="back")
    assert fetch(client, "http://db/")[0] != 0
    server.connect(back, "alias=db", "ip=" + str(back.subnets[0].gateway)[:-1] + "77")
    assert reach(client, "http://db/") == server.id[:12]
    assert server.inspect()["NetworkSettings"]["Networks"]["back"]["IPAddress"].endswith(".77")
    with pytest.raises(SeaboxError, match="already connected"):
        server.connect(back)
    server.disconnect(back)
    assert fetch(client, "http://db/")[0] != 0
    assert get("127.0.0.1", 18086) == server.id[:12]
    with pytest.raises(SeaboxError, match="not connected"):
        server.disconnect(back)
    server.reload_network()
    assert get("127.0.0.1", 18086) == server.id[:12]
    server.disconnect(front)
    assert server.inspect()["NetworkSettings"]["Networks"] == {}
    server.connect(front)
    assert reach(idle(engine, network="front"), "http://web/") == server.id[:12]


def test_a_neighbour_shares_the_network(engine: seabox.Engine) -> None:
    server = web(engine, "web", network="bridge")
    client = idle(engine, network="container:web")
    assert reach(client, "http://127.0.0.1/") == server.id[:12]


def test_a_namespace_made_by_somebody_else(engine: seabox.Engine, home: Home) -> None:
    from seabox.kernel import mounts
    from seabox.kernel.namespaces import make_network_namespace

    path = f"{home.folder}/net"
    make_network_namespace(path)
    try:
        ctr = idle(engine, network=f"ns:{path}")
        assert ctr.exec_run(["readlink", "/proc/self/ns/net"]).stdout.strip() != b""
        ctr.remove(force=True, timeout=0)
    finally:
        mounts.umount(path)
        files.remove_file(path)


@pytest.fixture
def parent() -> Iterator[str]:
    """An interface that could be one of the machine's."""
    subprocess.run(["ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"], check=True)
    try:
        for name in ("lan0", "lan1"):
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield "lan0"
    finally:
        subprocess.run(["ip", "link", "del", "lan0"], check=True)


def test_macvlan(home: Home, parent: str) -> None:
    with home.engine() as engine:
        engine.networks.create("lan", driver="macvlan", subnets=["10.66.0.0/24"], options={"parent": parent})
        server = web(engine, "web", network="lan:ip=10.66.0.5")
        assert server.inspect()["NetworkSettings"]["IPAddress"] == "10.66.0.5"
        assert reach(idle(engine, network="lan"), "http://10.66.0.5/") == server.id[:12]


def test_a_driver_that_this_netavark_does_not_know(home: Home, parent: str) -> None:
    """ipvlan came with a later netavark than some have: then it is one clear line, and nothing is left."""
    with home.engine() as engine:
        engine.networks.create("lan", driver="ipvlan", subnets=["10.66.0.0/24"], options={"parent": parent})
        ctr = engine.containers.create("busybox", ["true"], network="lan")
        with suppress(SeaboxError):
            ctr.start()
            return
        with pytest.raises(SeaboxError, match=r"^[^\n]*ipvlan[^\n]*$"):
            ctr.start()
        assert engine.networks.leases("lan") == {}
        assert not netns.is_pinned(ctr.id)

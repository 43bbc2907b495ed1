"""What a container has in its networks, over a checkpoint: addresses, connections, ports."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import count, counting, has_gone_on
from seabox.container.container import Container
from seabox.container.dumping import CheckpointFailed
from seabox.network.errors import AddressesTaken, NoSuchNetwork

SERVER = ("sh", "-c", "nc -ll -p 7000 -e sh -c 'n=0; while read x; do n=$((n+1)); echo $n $x; done'")


def serving(engine: seabox.Engine, name: str, **options: object) -> Container:
    """A container that answers each line on port 7000 with a number that grows by connection."""
    options.setdefault("network", "bridge")
    ctr = engine.containers.run("busybox", SERVER, name=name, **options)  # type: ignore[arg-type]
    assert ctr.exec_run(["sh", "-c", "until grep -q ':1B58 ' /proc/net/tcp6; do :; done"]).code == 0
    return ctr


def place(ctr: Container) -> tuple[str, str]:
    """The container's address and MAC address."""
    settings = ctr.inspect()["NetworkSettings"]
    return settings["IPAddress"], settings["MacAddress"]


def connect(ctr: Container) -> socket.socket:
    """A connection to its server."""
    return socket.create_connection((place(ctr)[0], 7000), timeout=60)


def ask(connection: socket.socket, word: str) -> bytes:
    """The answer to a line."""
    connection.sendall(f"{word}\n".encode())
    return connection.recv(100)


@BOTH
def test_a_server_with_a_client(engine: seabox.Engine) -> None:
    """The client does not notice; and what is to become of the connection has to be said."""
    ctr = serving(engine, "server")
    had = place(ctr)
    with closing(connect(ctr)) as client:
        assert ask(client, "hello") == b"1 hello\n"
        with pytest.raises(CheckpointFailed, match="--tcp-established"):
            ctr.checkpoint()
        assert ask(client, "still") == b"2 still\n"
        ctr.checkpoint(tcp_established=True)
        ctr.restore()
        assert place(ctr) == had
        assert ask(client, "again") == b"3 again\n"
        children = ctr.fork(2)
        assert ask(client, "mine") == b"4 mine\n"
        assert len({place(each)[0] for each in (ctr, *children)}) == 3
        for each in children:
            with closing(connect(each)) as other:
                assert ask(other, "new") == b"1 new\n"
        ctr.checkpoint(tcp_close=True)
        ctr.restore()
        with pytest.raises(ConnectionError):
            ask(client, "closed") or ask(client, "closed")
    with closing(connect(ctr)) as client:
        assert ask(client, "anew") == b"1 anew\n"
    assert ctr.exec_run(["cat", "/proc/sys/net/ipv4/ping_group_range"]).stdout == b"0\t0\n"


def test_addresses_come_back_unless_not_wanted(engine: seabox.Engine, tmp_path: Path) -> None:
    engine.networks.create("lan", subnets=["10.71.0.0/24"])
    ctr = counting(engine, "one", network="lan:ip=10.71.0.9,mac=02:00:00:00:00:09")
    assert place(ctr) == ("10.71.0.9", "02:00:00:00:00:09")
    ctr.checkpoint(export=tmp_path / "c.tar", keep=True)
    ctr.restore(keep=True)
    assert place(ctr) == ("10.71.0.9", "02:00:00:00:00:09")
    ctr.stop(timeout=0)
    ctr.restore(keep=True, ignore_static_mac=True)
    assert place(ctr)[0] == "10.71.0.9"
    assert place(ctr)[1] != "02:00:00:00:00:09"
    ctr.stop(timeout=0)
    ctr.restore(keep=True, ignore_static_ip=True)
    assert place(ctr)[0] != "10.71.0.9"
    (other,) = engine.containers.restore(tmp_path / "c.tar", name="other")  # another container: other addresses
    assert place(other)[0] not in ("10.71.0.9", place(ctr)[0])
    assert has_gone_on(other, count(other))
    other.remove(force=True, timeout=0)
    ctr.stop(timeout=0)
    holder = counting(engine, "holder", network="lan:ip=10.71.0.9")
    with pytest.raises(AddressesTaken):
        ctr.restore()
    assert (ctr.status, ctr.snapshot().state.checkpointed_at > 0) == ("exited", True)
    holder.remove(force=True, timeout=0)
    ctr.restore()
    assert place(ctr)[0] == "10.71.0.9"


def test_on_another_store(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """Networks are found by name; one that is not there is missed."""
    engine.networks.create("lan", subnets=["10.72.0.0/24"])
    ctr = counting(engine, "one", network="lan")
    had = place(ctr)
    ctr.checkpoint(export=tmp_path / "c.tar")
    ctr.remove()
    with pytest.raises(NoSuchNetwork, match="lan"):
        elsewhere.containers.restore(tmp_path / "c.tar")
    assert elsewhere.containers.list() == []
    elsewhere.networks.create("lan", subnets=["10.72.0.0/24"])
    (made,) = elsewhere.containers.restore(tmp_path / "c.tar")
    try:
        assert place(made) == had
        assert has_gone_on(made, count(made))
    finally:
        made.remove(force=True, timeout=0)


def test_published_ports(engine: seabox.Engine, tmp_path: Path) -> None:
    """They come back; a fork gets others; an import those that are asked for."""
    ctr = serving(engine, "server", publish=["127.0.0.1:18080:7000"])
    ctr.checkpoint(export=tmp_path / "c.tar")
    ctr.restore()
    with closing(socket.create_connection(("127.0.0.1", 18080), timeout=60)) as client:
        assert ask(client, "hello") == b"1 hello\n"
    (child,) = ctr.fork()
    ((port,),) = child.inspect()["NetworkSettings"]["Ports"].values()
    assert port["HostPort"] != "18080"
    with closing(socket.create_connection(("127.0.0.1", int(port["HostPort"])), timeout=60)) as client:
        assert ask(client, "child") == b"1 child\n"
    (made,) = engine.containers.restore(tmp_path / "c.tar", name="other", publish=["127.0.0.1:18081:7000"])
    with closing(socket.create_connection(("127.0.0.1", 18081), timeout=60)) as client:
        assert ask(client, "other") == b"1 other\n"
    assert made.snapshot().facts.ports == "127.0.0.1:18081->7000/tcp"

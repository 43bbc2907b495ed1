"""A container's streams by websocket: what comes over them, who may have one, how they end."""

from __future__ import annotations

import select
import threading
from typing import cast

import pytest
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from service.served import Served

ALL = "stream=1&stdin=1&stdout=1&stderr=1"
HANDSHAKE = {
    "Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


def shake(path: str, extra: dict[str, str] | None = None) -> bytes:
    headers = {"Host": "d", **HANDSHAKE, **(extra or {})}
    return "".join([f"GET {path} HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in headers.items()), "\r\n"]).encode()


class WebSocket:
    """A client of a container's streams, connected."""

    def __init__(self, served: Served, path: str, *, early: Event | None = None) -> None:
        self.protocol = Connection(ConnectionType.CLIENT)
        self.socket = served.connect()
        self.socket.sendall(shake(path) + (self.protocol.send(early) if early else b""))
        found = b""
        while b"\r\n\r\n" not in found:
            piece = self.socket.recv(65536)
            assert piece, found
            found += piece
        head, _, rest = found.partition(b"\r\n\r\n")
        self.head = head.decode().split("\r\n")
        self.protocol.receive_data(rest)

    def send(self, event: Event) -> None:
        self.socket.sendall(self.protocol.send(event))

    def next(self) -> Event:
        """What the service says next."""
        while True:
            for event in self.protocol.events():
                return event
            data = self.socket.recv(65536)
            assert data, "the connection ended without a farewell"
            self.protocol.receive_data(data)

    def rest(self) -> bytes:
        """All messages up to the service's farewell, which is answered; then the connection ends."""
        found = b""
        while not isinstance(event := self.next(), CloseConnection):
            assert isinstance(event, BytesMessage)
            found += event.data
        assert event.code == 1000
        self.send(event.response())
        assert self.protocol.state is ConnectionState.CLOSED
        assert self.socket.recv(1) == b""
        self.socket.close()
        return found


def test_before_it_starts(served: Served) -> None:
    """Input that comes with the handshake is kept; both outputs come as they are."""
    script = "read a; read b; echo $a $b; echo no >&2"
    ctr = served.engine.containers.create("busybox", ["sh", "-c", script], stdin=True)
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}", early=TextMessage(data="bright\n"))
    assert wire.head[0].startswith("HTTP/1.1 101 ")
    assert {"Upgrade: websocket", "Connection: Upgrade"} <= set(wire.head)
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in wire.head
    wire.send(BytesMessage(data=b"bi"))
    wire.send(BytesMessage(data=b"rd\n"))
    ctr.start()
    assert sorted(wire.rest().splitlines()) == [b"bright bird", b"no"]
    assert ctr.wait(timeout=60) == 0


def test_a_terminal(served: Served) -> None:
    """Its bytes are no frames, and the keys leave it."""
    ctr = served.engine.containers.run("busybox", ["sh", "-c", "stty raw -echo; echo ready; cat"], tty=True)
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}&logs=1&detachKeys=x,y")
    found = b""
    while b"ready" not in found:
        found += cast(BytesMessage, wire.next()).data
    wire.send(TextMessage(data="é"))
    found = b""
    while len(found) < 2:
        found += cast(BytesMessage, wire.next()).data
    assert found.decode() == "é"
    wire.send(TextMessage(data="xy"))
    assert wire.rest() == b""
    assert ctr.status == "running"


def test_a_ping_is_answered(served: Served) -> None:
    ctr = served.engine.containers.run("busybox", ["sleep", "1000"])
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}")
    wire.send(Ping(payload=b"there?"))
    assert wire.next() == Pong(payload=b"there?")
    wire.socket.close()


def test_who_leaves_has_said_it_all(served: Served) -> None:
    """What was sent before the farewell is input; the container goes on."""
    ctr = served.engine.containers.run("busybox", ["sh", "-c", "wc -c; sleep 1000"], stdin=True)
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}")
    for _ in range(20):
        wire.send(BytesMessage(data=bytes(100_000)))
    wire.send(CloseConnection(code=1001))
    assert isinstance(wire.next(), CloseConnection)
    assert wire.socket.recv(1) == b""
    wire.socket.close()
    lines = ctr.logs(follow=True, timeout=30)
    assert next(lines).payload == b"2000000\n"
    assert ctr.status == "running"


def test_much_output_and_a_client_that_is_slow(served: Served) -> None:
    """It does not stall the container, and gets all of it."""
    script = "head -c 10000000 /dev/zero; echo over >&2"
    ctr = served.engine.containers.create("busybox", ["sh", "-c", script], log_driver="none")
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}")
    ctr.start()
    assert ctr.wait(timeout=60) == 0
    found = wire.rest()
    assert len(found) == 10_000_005
    assert found.replace(b"\0", b"") == b"over\n"


@pytest.mark.parametrize("frames", [b"\x81\x03abc", b"\xff\xff\xff\xff\xff\xff", b"\x89\xfe\x10\x00\x00\x00\x00\x00"])
def test_what_is_no_websocket(served: Served, frames: bytes) -> None:
    """Frames without a mask, of no known kind, or larger than they may be: a farewell that says so."""
    ctr = served.engine.containers.run("busybox", ["sleep", "1000"])
    wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}")
    wire.socket.sendall(frames)
    event = wire.next()
    assert isinstance(event, CloseConnection)
    assert event.code == 1002
    wire.socket.close()


def test_clients_that_hang_up_leave_nothing(served: Served) -> None:
    """Not even a thread, whether or not the container takes what they had sent."""
    ctr = served.engine.containers.run("busybox", ["sleep", "1000"], stdin=True)
    for amount in (0, 1_000_000):
        wire = WebSocket(served, f"/containers/{ctr.id}/attach/ws?{ALL}")
        wire.send(Ping())
        assert wire.next() == Pong()  # the thread is there
        wire.socket.setblocking(False)
        poller = select.poll()
        poller.register(wire.socket, select.POLLOUT)
        data = memoryview(wire.protocol.send(BytesMessage(data=bytes(amount))))
        while data and poller.poll(200):
            data = data[wire.socket.send(data) :]
        wire.socket.close()
        for thread in [each for each in threading.enumerate() if each.name == "seabox-websocket"]:
            thread.join(10)
            assert not thread.is_alive()


def test_the_beginning(served: Served) -> None:
    """Older clients need not say which streams; who asks for none is told farewell at once."""
    ctr = served.engine.containers.run("busybox", ["echo", "hello"])
    ctr.wait(timeout=60)
    assert WebSocket(served, f"/v1.41/containers/{ctr.id}/attach/ws?logs=1").rest() == b"hello\n"
    assert WebSocket(served, f"/v1.42/containers/{ctr.id}/attach/ws?logs=1").rest() == b""


@pytest.mark.parametrize(("wrong", "status"), [
    ({"Upgrade": "tcp"}, 400), ({"Sec-WebSocket-Version": "8"}, 400), ({"Sec-WebSocket-Key": "short"}, 400),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Origin": "http://d", "Sec-Fetch-Mode": "websocket"}, 403), ({"Origin": "http://d"}, 404),
])  # fmt: skip
def test_who_may(served: Served, wrong: dict[str, str], status: int) -> None:
    """No web page; but libraries say that they are one of the service's own."""
    with served.connect() as client:
        client.sendall(shake(f"/containers/nope/attach/ws?{ALL}", wrong))
        assert client.recv(65536).startswith(b"HTTP/1.1 %d " % status)

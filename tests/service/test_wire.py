"""What clients do on the wire, without an engine: framing, taking over, hanging up, and what is refused."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from seabox.engine import Engine
from seabox.errors import Cancelled, NoSuchContainer
from seabox.kernel.watch import Watch
from seabox.service import connection
from seabox.service.guard import Guard
from seabox.service.listening import SocketInUse, listen
from seabox.service.request import Request
from seabox.service.response import Response, Stream
from seabox.service.response import json as as_json
from seabox.service.routing import Route, filters, flag, number, text
from seabox.service.server import Server

Ask = Callable[[bytes], bytes]
gone = threading.Event()
BIG = 4_000_000  # bytes, many times what a socket holds


def echo(on: Engine, ask: Request) -> Response:
    return as_json({
        "flag": ask.flag("f"), "number": ask.number("n"), "text": ask.text("t"), "filters": ask.filters(),
        "version": ask.version,
    })  # fmt: skip


def body(on: Engine, ask: Request) -> Response:
    return as_json(ask.json(dict[str, int]))


def archive(on: Engine, ask: Request) -> Response:
    return as_json({"length": sum(len(piece) for piece in ask.pieces)})


def stream(on: Engine, ask: Request) -> Response:
    return Stream(b"%d," % each for each in range(3))


def breaks(on: Engine, ask: Request) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"begin"
        raise NoSuchContainer("it went away")

    return Stream(pieces())


def big(on: Engine, ask: Request) -> Response:
    return Stream(iter((bytes(BIG),)))


def hijack(on: Engine, ask: Request) -> None:
    typed = ask.typed
    taken = ask.take_over("application/vnd.docker.raw-stream")
    with socket.socket(fileno=socket.dup(taken.fileno())) as wire:
        while data := wire.recv(1000):
            typed += data
        wire.sendall(b"got " + typed)
    taken.close()


def wait(on: Engine, ask: Request) -> Response:
    try:
        with Watch(ask.cancel) as watch:
            watch.wait(30)
    except Cancelled:
        gone.set()
        raise
    return as_json("nobody left")


def missing(on: Engine, ask: Request) -> Response:
    raise NoSuchContainer(ask.place("name"))


ROUTES = (
    Route("POST", "/libpod/body", body, body=dict),
    Route("GET", "/echo", echo, flag("f"), number("n", 7), text("t"), filters()),
    Route("POST", "/body", body, body=dict), Route("PUT", "/archive", archive, body="raw"),
    Route("GET", "/big", big, answer="raw"),
    Route("GET", "/stream", stream, answer="raw"), Route("GET", "/breaks", breaks, answer="raw"),
    Route("POST", "/hijack", hijack, answer="stream"), Route("GET", "/wait", wait),
    Route("GET", "/things/{name}/json", missing), Route("GET", "/libpod/things/{name...}/json", missing),
)  # fmt: skip


class Service:
    """A service on a unix socket, and a way to say things to it byte for byte."""

    def __init__(self, path: Path, *, tcp: bool = False, **how: Any) -> None:
        self.path = str(path)
        self.listener = listen("tcp://127.0.0.1:0" if tcp else f"unix://{path}")
        self.server = Server(cast(Engine, None), [self.listener], ROUTES, **how)
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()

    def connect(self) -> socket.socket:
        client = socket.socket(self.listener.family)
        client.settimeout(10)
        client.connect(self.listener.getsockname())
        return client

    def say(self, data: bytes, *, end: bool = True) -> bytes:
        """All that comes back; `end`: we send no more after it."""
        with self.connect() as client:
            client.sendall(data)
            if end:
                client.shutdown(socket.SHUT_WR)
            found = b""
            while piece := client.recv(65536):
                found += piece
            return found

    def get(self, target: str, method: str = "GET", headers: str = "") -> tuple[int, Any]:
        head, _, rest = self.say(
            f"{method} {target} HTTP/1.1\r\nHost: d\r\n{headers}Connection: close\r\n\r\n".encode()
        ).partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(rest) if rest else None

    def close(self) -> None:
        self.server.stop()
        self.thread.join(20)
        self.listener.close()
        assert not self.thread.is_alive()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    found = Service(tmp_path / "s.sock")
    yield found
    found.close()


def test_parameters(service: Service) -> None:
    """They are what the route says, in all of docker's spellings; a version goes before the path."""
    assert service.get("/v1.41/echo?f=1&n=5&t=a%20b&filters=%7B%22a%22%3A%7B%22b%22%3Atrue%7D%7D") == (
        200, {"flag": True, "number": 5, "text": "a b", "filters": {"a": ["b"]}, "version": [1, 41]},
    )  # fmt: skip
    assert service.get("/echo?F=1&N=5")[1]["number"] == 5
    assert service.get("/echo?f=0&filters=%7B%22a%22%3A%5B%22b%22%5D%7D")[1] == {
        "flag": False, "number": 7, "text": "", "filters": {"a": ["b"]}, "version": [1, 44],
    }  # fmt: skip


def test_more_slashes_than_are_needed(service: Service) -> None:
    assert service.get("//echo")[0] == service.get("/v1.41//echo")[0] == 200


def test_a_parameter_that_is_given_twice(service: Service) -> None:
    """dockerd takes the first: docker-py says `dockerfile` twice, once with its text."""
    assert service.get("/echo?t=one&t=two")[1]["text"] == "one"


@pytest.mark.parametrize("query", ["f=maybe", "n=x", "n=99999999999999999999", "filters=%5B1%5D", "filters=x", "t=%00"])
def test_wrong_parameters(service: Service, query: str) -> None:
    status, told = service.get(f"/echo?{query}")
    assert status == 400
    assert told["message"]


def test_errors(service: Service) -> None:
    """What failed and why, in one form for both APIs; a wrong method, a wrong path, a version that is too old."""
    text = 'no container with name or ID "a/b" found: no such container'
    assert service.get("/libpod/things/a/b/json") == (
        404, {"message": text, "cause": "no such container", "response": 404},
    )  # fmt: skip
    assert service.get("/things/a%2Fb/json") == (
        404, {"message": "No such container: a/b", "cause": "no such container", "response": 404},
    )  # fmt: skip
    assert service.get("/v1.23/echo")[0] == 400
    assert service.get("/stream", "POST")[0] == 405
    assert service.get("/nothing")[0] == 404


def test_bodies(service: Service) -> None:
    def post(data: bytes, kind: str = "application/json", path: str = "/body") -> bytes:
        head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        return service.say(head.encode() + data)

    assert post(b'{"a":1}').endswith(b'{"a":1}')
    assert post(b"").endswith(b"{}")
    assert post(b"[1]").startswith(b"HTTP/1.1 400 ")
    assert post(b'{"a":1}}').startswith(b"HTTP/1.1 400 ")
    assert post(b'{"a":1}}', path="/libpod/body").endswith(b'{"a":1}')  # podman reads no further than it needs
    assert post(b"{}", "text/plain").startswith(b"HTTP/1.1 415 ")
    assert b"HTTP/1.1 413 " in post(b'"' + b"a" * (9 << 20) + b'"')
    chunked = b"PUT /archive HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    told = service.say(chunked + b"5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n")
    assert told.endswith(b'{"length":8}')


def test_streams(service: Service) -> None:
    """One goes on after its client has said that it sends no more; one that breaks is seen to be broken."""
    told = service.say(b"GET /stream HTTP/1.1\r\nHost: d\r\n\r\n")
    assert told.endswith(b"2\r\n0,\r\n2\r\n1,\r\n2\r\n2,\r\n0\r\n\r\n")
    assert not service.say(b"GET /breaks HTTP/1.1\r\nHost: d\r\n\r\n").endswith(b"0\r\n\r\n")


def test_a_slow_client(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets all of a large piece, as long as it takes a bit of it now and then."""
    monkeypatch.setattr(connection, "STALLED", 0.3)
    with service.connect() as client:
        client.sendall(b"GET /big HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        got = 0
        while piece := client.recv(100_000):
            got += len(piece)
            select.poll().poll(20)
    assert got > BIG


def test_requests_follow_each_other(service: Service) -> None:
    one = b"GET /echo?n=%d HTTP/1.1\r\nHost: d\r\n\r\n"
    told = service.say(one % 1 + one % 2 + one % 3)
    assert told.count(b"HTTP/1.1 200 ") == 3
    assert [told.find(b'"number":%d' % each) > 0 for each in (1, 2, 3)] == [True] * 3


@pytest.mark.parametrize("upgrade", ["", "Connection: Upgrade\r\nUpgrade: tcp\r\n"])
@pytest.mark.parametrize("length", ["", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n"])
def test_taking_over(service: Service, upgrade: str, length: str) -> None:
    """What a client sends with its request, and its end, is not lost."""
    rest = "0\r\n\r\n" if "chunked" in length else ""
    told = service.say(f"POST /hijack HTTP/1.1\r\nHost: d\r\n{upgrade}{length}\r\n{rest}early data".encode())
    assert told.startswith(b"HTTP/1.1 101 UPGRADED\r\n" if upgrade else b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b"\r\n\r\ngot early data")


@pytest.mark.parametrize("tcp", [False, True])
def test_the_head_of_a_stream_comes_alone(tmp_path: Path, tcp: bool) -> None:
    """docker-py reads it through a buffer, and then the stream from the socket itself: it loses what came along."""
    service = Service(tmp_path / "s.sock", tcp=tcp)
    for _ in range(10):
        with service.connect() as client:
            client.sendall(b"POST /hijack HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            assert select.select([client], [], [], 10)[0]
            assert client.recv(65536).endswith(b"\r\n\r\n")
            assert client.recv(65536) == b"got "
    service.close()


def test_a_client_that_hangs_up(service: Service) -> None:
    """Its request ends."""
    gone.clear()
    client = service.connect()
    client.sendall(b"GET /wait HTTP/1.1\r\nHost: d\r\n\r\n")
    client.close()
    assert gone.wait(10)


def test_the_end_of_the_service(tmp_path: Path) -> None:
    """Requests that wait are told; what sends nothing does not hold it up."""
    service = Service(tmp_path / "s.sock")
    with service.connect() as waits, service.connect():
        waits.sendall(b"GET /wait HTTP/1.1\r\nHost: d\r\n\r\n")
        gone.clear()
        client = service.get("/echo")
        assert client[0] == 200
        service.close()
        assert b"HTTP/1.1 499 " in waits.recv(1000) or gone.is_set()


def test_it_ends_when_nobody_asks(tmp_path: Path) -> None:
    service = Service(tmp_path / "s.sock", linger=0.1)
    service.thread.join(10)
    assert not service.thread.is_alive()
    service.listener.close()


@pytest.mark.parametrize("request_", [
    b"GET /echo HTTP/1.1\r\nfoo bar\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost : d\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: d\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
])  # fmt: skip
def test_what_two_servers_would_read_differently(service: Service, request_: bytes) -> None:
    told = service.say(request_ + b"GET /echo HTTP/1.1\r\nHost: d\r\n\r\n")
    assert told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert told.count(b"HTTP/1.1 ") == 1


def test_web_pages_are_refused(service: Service, tmp_path: Path) -> None:
    assert service.get("/echo", headers="Origin: http://evil.example\r\n")[0] == 403
    named = Service(tmp_path / "n.sock", guard=Guard(frozenset({"localhost"})))
    try:
        assert named.get("/echo")[0] == 403
        assert named.get("/echo", headers="")[0] == 403
    finally:
        named.close()


def test_pages_that_may_ask(tmp_path: Path) -> None:
    """Those of the one origin that was named: what a browser sends for another has its effect before it is refused."""
    one = Service(tmp_path / "s.sock", guard=Guard(origin="http://good.example"))
    try:
        assert one.get("/echo", headers="Origin: http://good.example\r\nSec-Fetch-Mode: cors\r\n")[0] == 200
        assert one.get("/echo", headers="Origin: http://evil.example\r\nSec-Fetch-Mode: cors\r\n")[0] == 403
        assert one.get("/echo", headers="Origin: null\r\n")[0] == 403
        assert one.get("/echo")[0] == 200
    finally:
        one.close()


def test_a_second_service(service: Service) -> None:
    with pytest.raises(SocketInUse):
        listen(f"unix://{service.path}")


def test_too_many(tmp_path: Path) -> None:
    """Those beyond the limit are told so at once."""
    service = Service(tmp_path / "s.sock", most=2)
    try:
        with service.connect() as one, service.connect() as two:
            for each in (one, two):
                each.sendall(b"GET /echo HTTP/1.1\r\nHost: d\r\n\r\n")
                assert each.recv(1000).startswith(b"HTTP/1.1 200 ")
            assert service.get("/echo") == (503, {"message": "too many connections"})
        assert service.path
    finally:
        service.close()

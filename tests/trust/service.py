"""S5: the HTTP service and what anybody may send it: random requests, two in one, huge ones, half ones, too many."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from seabox.errors import SeaboxError
from seabox.kernel.watch import Watch
from seabox.service.openapi import document
from seabox.service.routes import ROUTES

from .world import NAME, SLEEPER, Tally, World

PORT = 18088
_CLIENTS = 4
_PATIENCE = 2.0  # s for an answer to begin
_BRIEF = 0.3  # s, where the answer may be long in coming, or without an end: these are hung up on
_WORDS = [
    NAME, "busybox", "busybox:latest", "nobody", "bridge", "podman", "host", "none", "", "-1", "0", "1.5", "a" * 300,
    "../..", "/", "sha256:" + "0" * 64, "%", "\u202e\U0001f6a2", "a b", "a=b", "true", "{}", "[]", "/tmp", "sh",
    "127.0.0.1", "80/tcp",
]  # fmt: skip
# there is no network, and no swarm
_UNREACHED = re.compile(rb"lookup \S+|dial tcp|connection refused|pinging container registry|not (?:a swarm|part of a)")
_WAITS = ("attach", "logs", "events", "wait", "stats", "start", "build", "top")
_ELSEWHERE = ("auth", "distribution", ".*/search", "images/create", ".*/pull", ".*/push", ".*/registry")
_SWARM = ("swarm", "services", "nodes", "tasks", "configs")


class Service:
    """A service of this world, in a process of its own, reached by TCP inside of this network namespace."""

    def __init__(self, world: World) -> None:
        argv = [*world.command_line(), "system", "service", "--time", "0", f"tcp://127.0.0.1:{PORT}"]
        environment = {**os.environ, "SEABOX_NETWORK": "none"}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `close`
        self.process = subprocess.Popen(argv, stderr=self._said, env=environment)
        with Watch(timeout=20) as pause:
            while not answers():
                pause.wait(0.05)

    def memory(self) -> int:
        """MB that it has in memory."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) // 1024

    def close(self) -> str:
        """It has ended as it should; what it said of errors that nobody expected."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._said.seek(0)
        said = self._said.read()
        self._said.close()
        return said if code == 0 else f"ended with {code}: {said}"


def connect() -> socket.socket:
    """A connection to the service."""
    return socket.create_connection(("127.0.0.1", PORT), timeout=_PATIENCE)


def answers() -> bool:
    """Whether a service is there."""
    with suppress(OSError), connect() as client:
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return client.recv(100).startswith(b"HTTP/1.1 200 ")
    return False


def requests(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S5: no request, whatever is in it, gets more than a refusal, and none gets another's answer."""
    tally = Tally()
    service = Service(world)
    with ExitStack() as undo:
        undo.callback(service.close)
        half_open = [connect() for _ in range(5)]
        for each in half_open:
            each.sendall(b"GET /_ping HTTP/1.1\r\nHost:")
        began = time.monotonic()
        two_in_one(tally)
        yield tally
        _large(service, tally, 40 if sample else 400)
        from_web_pages(tally)
        _too_many(service, tally)
        yield tally
        _half(half_open, began, tally)
        _random(world, service, tally, sample or 20_000, seed)
        yield tally
        if sample is None:
            _schemathesis(world, tally, seed)
        undo.pop_all()
        said = service.close()
        tally.failures += [line for line in said.splitlines() if "Error" in line or "ended with" in line]
    yield tally


def _say(data: bytes) -> bytes:
    found = b""
    with suppress(OSError), connect() as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            found += piece
    return found


HIDDEN = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
_ONE_CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
_NO_CHUNK = b"0\r\n\r\n" + HIDDEN
_LENGTHS: dict[bytes, int | None] = {  # how a body's length is said, and what that is; None: not to be understood
    b"": 0, b"Content_Length: 9": 0, b"Content-Length: 0": 0, b"Content-Length:\t3": 3, b"Content-Length: 5": 5,
    b"Content-Length: %d" % len(_ONE_CHUNK): len(_ONE_CHUNK), b"Content-Length : 0": None, b"Content-Length: +0": None,
    b"Content-Length: 0x0": None, b"Content-Length: 0, 4": None, b"Content-Length: 0\r\nContent-Length: 4": None,
    b"Content-Length: -1": None, b"Content-Length: 1_0": None, b"Content-Length:": None,
}  # fmt: skip
_CODINGS: dict[bytes, bool | None] = {  # whether it means that the body comes in chunks; None: not to be understood
    b"": False, b"Transfer_Encoding: chunked": False, b"X: x\r\n Transfer-Encoding: chunked": False,
    b"Transfer-Encoding: chunked": True, b"Transfer-Encoding:\tchunked": True, b"Transfer-Encoding: Chunked": True,
    b"Transfer-Encoding : chunked": None, b"Transfer-Encoding: xchunked": None, b"Transfer-Encoding: chunked, a": None,
    b"Transfer-Encoding: gzip, chunked": None, b"Transfer-Encoding:\x0bchunked": None,
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity": None,
}  # fmt: skip


def two_in_one(tally: Tally) -> None:
    """A second request is answered where by the rules of HTTP the first has ended before it, and nowhere else."""
    for (length, said), (coding, chunked) in product(_LENGTHS.items(), _CODINGS.items()):
        for body in (_ONE_CHUNK, _NO_CHUNK):
            head = b"\r\n".join(line for line in (length, coding) if line)
            told = _say(b"POST /_ping HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body)
            both = bool(chunked) and length.startswith(b"Content-Length")
            if said is None or chunked is None or both:
                right = b"ApiVersion" not in told and told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
            else:
                rest = body[5 if body is _NO_CHUNK else len(body) :] if chunked else body[said:]
                right = (b"ApiVersion" in told) is rest.startswith(HIDDEN) or rest[:1] in (b"\r", b"\n")
            if not right:
                tally.failures.append(f"two in one: {head!r} {body[:8]!r}: {told[:60]!r}")
            tally.kills += 1


def _large(service: Service, tally: Tally, megabytes: int) -> None:
    """JSON of more than 8 MiB is refused; an archive of any size does not stay in memory."""
    told = _status("POST", "/containers/create", b'{"Image":"' + b"a" * (9 << 20) + b'"}')
    if told != 413:
        tally.failures.append(f"a body of 9 MiB: {told}")
    before = service.memory()
    piece = random.Random(1).randbytes(1 << 20)
    most = before
    with suppress(OSError), connect() as client:
        client.settimeout(60)
        head = f"POST /images/load HTTP/1.1\r\nHost: localhost\r\nContent-Length: {megabytes << 20}\r\n\r\n"
        client.sendall(head.encode())
        for _ in range(megabytes):
            client.sendall(piece)
            most = max(most, service.memory())
        client.recv(1000)
    if most - before > 32:
        tally.failures.append(f"{megabytes} MiB in the body took {most - before} MB of memory")
    tally.kills += 2


def from_web_pages(tally: Tally) -> None:
    """What a browser sends for a page, or for another name of ours, is refused."""
    for headers in (
        {"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Host": f"evil.example:{PORT}"},
        {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Content-Type": "text/plain"},
    ):  # fmt: skip
        told = _status("POST", "/containers/create?name=csrf", b'{"Image":"busybox","Cmd":["true"]}', headers)
        if told != 403:
            tally.failures.append(f"{headers}: {told}")
        tally.kills += 1


def _too_many(service: Service, tally: Tally) -> None:
    """The 513th connection is told so, and the others are served; afterwards all is as before."""
    with ExitStack() as undo:
        clients = [undo.enter_context(connect()) for _ in range(560)]
        with suppress(OSError):
            told = clients[-1].recv(1000)
            if told and not told.startswith(b"HTTP/1.1 503 "):
                tally.failures.append(f"too many connections: {told[:40]!r}")
    with Watch(timeout=30) as pause:
        while not answers():
            pause.wait(0.1)
    tally.kills += len(clients)


def _half(clients: list[socket.socket], began: float, tally: Tally) -> None:
    """Requests that do not go on are cut within 10 s."""
    for client in clients:
        client.settimeout(max(0.1, began + 12 - time.monotonic()))
        try:
            client.recv(1000)
        except OSError as problem:
            tally.failures.append(f"a request that does not go on: {problem}")
        client.close()
        tally.kills += 1


def _status(
    method: str, target: str, body: bytes | None, headers: dict[str, str] | None = None, patience: float = _PATIENCE
) -> int:
    """The status that one request gets, 0 if there was none in time, or if it tells of another server's failure."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=patience)
    try:
        known = {"Host": "localhost", "Content-Type": "application/json"}
        connection.request(method, target, body, known | (headers or {}))
        response = connection.getresponse()
        told = response.read(4096)
        return 0 if response.status >= 500 and _UNREACHED.search(told) else response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _random(world: World, service: Service, tally: Tally, count: int, seed: int) -> None:
    """So many requests of several clients at once: none is answered with an error of ours."""
    described = document(ROUTES)
    lock = threading.Lock()
    share = 200
    for first in range(0, count, share):
        _furnish(world)

        def client(number: int, first: int = first) -> None:
            chance = random.Random(f"{seed} {first} {number}")
            for _ in range(min(share, count - first) // _CLIENTS or 1):
                method, target, body = _request(chance, described)
                waits = any(f"/{word}" in target for word in _WAITS)
                status = _status(method, target, body, patience=_BRIEF if waits else _PATIENCE)
                with lock:
                    tally.kills += 1
                    if status >= 500 and status != 501:
                        tally.failures.append(f"{status}: {method} {target[:300]} {(body or b'')[:600]!r}")

        threads = [threading.Thread(target=client, args=(number,)) for number in range(_CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if service.process.poll() is not None or not answers():
            tally.failures.append("the service is gone")
            return


def _furnish(world: World) -> None:
    """There is something for requests to be about."""
    with suppress(SeaboxError):
        world.clear()
    if not world.engine.images.exists("busybox"):
        world.engine.images.embed("busybox")
    with suppress(SeaboxError):
        world.engine.containers.run("busybox", SLEEPER, name=NAME, stop_timeout=0)


def _request(chance: random.Random, described: dict[str, Any]) -> tuple[str, str, bytes | None]:
    path, methods = chance.choice(list(described["paths"].items()))
    method, operation = chance.choice(list(methods.items()))
    query: list[tuple[str, str]] = []
    for each in operation["parameters"]:
        if each["in"] == "path":
            word = chance.choice([NAME, NAME, "busybox", *_WORDS]) or "x"
            path = path.replace(f"{{{each['name']}}}", quote(word, safe=""))
        elif chance.random() < 0.3:
            known = each.get("schema") or each["content"]["application/json"]["schema"]
            value = _value(chance, known, described, 0)
            plain = value if isinstance(value, str) else json.dumps(value)
            query.append((each["name"], plain))
    body: bytes | None = None
    if (content := operation.get("requestBody", {}).get("content")) is not None:
        if "application/json" in content:
            body = json.dumps(_value(chance, content["application/json"]["schema"], described, 0)).encode()
            if chance.random() < 0.05:
                body = body[: chance.randrange(len(body) + 1)]
        else:
            body = chance.randbytes(chance.choice([0, 10, 512, 5000]))
    version = chance.choice(["", "", "/v1.41", "/v5.0.0", "/v1.24", "/v999.1"])
    return method.upper(), version + path + ("?" + urlencode(query) if query else ""), body


def _value(chance: random.Random, schema: dict[str, Any], described: dict[str, Any], depth: int) -> Any:
    """Something that the schema allows, mostly."""
    if chance.random() < 0.03:
        return chance.choice([None, -1, "", [], {}, 1e300, True, "\0", [[]], {"": None}])
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _value(chance, chance.choice(choices), described, depth)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        if depth > 6:
            return {}
        given = {key: _value(chance, each, described, depth + 1) for key, each in schema.get("properties", {}).items()
                 if chance.random() < (0.15 if depth else 0.3) or key in ("Image", "image", "Cmd")}  # fmt: skip
        if isinstance(more := schema.get("additionalProperties"), dict):
            for _ in range(chance.randrange(3)):
                given[chance.choice(_WORDS)] = _value(chance, more, described, depth + 1)
        return given
    if kind == "array":
        return [_value(chance, schema.get("items", {}), described, depth + 1) for _ in range(chance.randrange(3))]
    if kind == "integer":
        return chance.choice([0, 1, -1, 7, 1 << 20, 1 << 31, (1 << 63) - 1, -(1 << 63)])
    if kind == "number":
        return chance.choice([0, 0.5, -1.5, 1e18])
    if kind == "boolean":
        return chance.random() < 0.5
    return chance.choice(_WORDS)


def _schemathesis(world: World, tally: Tally, seed: int) -> None:
    """What schemathesis makes of our description, where it is installed."""
    program = shutil.which("schemathesis", path=f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
    if program is None:
        return
    _furnish(world)
    left_out = "|".join(f"/{each}" for each in (*_WAITS, *_SWARM, *_ELSEWHERE))
    with tempfile.TemporaryDirectory(prefix="seabox-schemathesis-") as folder:
        done = subprocess.run(
            [program, "run", f"http://127.0.0.1:{PORT}/openapi.json", "--checks",
             "status_code_conformance,content_type_conformance,response_schema_conformance",
             "--max-examples", "25", "--seed", str(seed), "--workers", "1", "--request-timeout", "3",
             "--suppress-health-check", "all", "--exclude-path-regex", left_out,
             "--continue-on-failure", "--no-color", "--report", "junit", "--report-dir", folder],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        if "generated" in line or "Test cases" in line:
            tally.kills += next((int(word) for word in line.replace(",", "").split() if word.isdecimal()), 0)
    if done.returncode:
        tally.failures.append(f"schemathesis: {done.stdout[-9000:]}")

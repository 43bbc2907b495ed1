"""A service over an engine of a test's own, and a client that says what it is told and no more."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

import seabox
from engine.home import SLEEPER, Home
from seabox.service.listening import listen, withdraw
from seabox.service.routes import ROUTES
from seabox.service.server import Server

PATIENCE = 30.0  # s that a test waits for an answer


class Answer:
    """What came back: status, headers (names in small letters) and the whole body."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:500]!r}>"

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The values of a body that is a stream of them."""
        return [json.loads(line) for line in self.body.splitlines() if line]


class Unix(HTTPConnection):
    """A connection to a unix socket."""

    def __init__(self, path: str, timeout: float = PATIENCE) -> None:
        super().__init__("d", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Served:
    """A running service over `engine`, which is there for what a test wants to know without it."""

    def __init__(self, home: Home, engine: seabox.Engine) -> None:
        self.home, self.engine = home, engine
        self.path = f"{home.folder}/s.sock"
        self._listener = listen(f"unix://{self.path}")
        self._server = Server(engine, [self._listener], ROUTES)
        self._thread = threading.Thread(target=self._server.serve)
        self._thread.start()

    def close(self) -> None:
        """The service has ended, and all its threads."""
        self._server.stop()
        self._thread.join(PATIENCE)
        withdraw(self._listener)
        self._listener.close()
        assert not self._thread.is_alive()
        del self._server  # whose descriptors go with it

    def connect(self) -> socket.socket:
        """A connection, to say things byte for byte."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(self.path)
        return client

    def begin(
        self, method: str, path: str, /, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any
    ) -> HTTPResponse:
        """The answer's beginning, as soon as it has come; read the rest, and close it.

        `body`: bytes go as they are, everything else as JSON. `query`: what is not a text goes as JSON too.
        """
        told = {"Connection": "close"} | dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        words = {
            key: [_word(each) for each in value] if isinstance(value, list) else _word(value)
            for key, value in query.items()
        }
        connection = Unix(self.path)
        try:
            joint = "&" if "?" in path else "?"
            target = path + (joint + urlencode(words, doseq=True) if words else "")
            connection.request(method, target, body, told)
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def ask(
        self, method: str, path: str, /, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Answer:
        """The whole answer; see `begin`."""
        with self.begin(method, path, body, headers, **query) as response:
            return Answer(response)

    def get(self, path: str, /, **query: Any) -> Answer:
        """What is at `path`."""
        return self.ask("GET", path, **query)

    def post(self, path: str, /, body: Any = None, **query: Any) -> Answer:
        """What came of it."""
        return self.ask("POST", path, body, **query)

    def delete(self, path: str, /, **query: Any) -> Answer:
        """What came of it."""
        return self.ask("DELETE", path, **query)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def create(served: Served, *command: str, **options: Any) -> seabox.Container:
    """A container that runs `command`, or sleeps until it is stopped."""
    return served.engine.containers.create("busybox", command or SLEEPER, **options)


def told(response: HTTPResponse) -> Any:
    """The value of an answer that was begun, whole; the connection is closed."""
    with response:
        return json.loads(response.read())

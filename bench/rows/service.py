"""What the HTTP service takes: memory once it has served a little, and a container's whole life over its socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from measure import Row, environment, milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

_REQUESTS = 20


def rows(place: Place) -> list[Row]:
    """The rows of this group."""

    def started(undo: ExitStack) -> dict[str, Service]:
        services = {"CLI": Service(place.seabox("system", "service", "--time", "0"), f"{place.volatile}/seabox.sock")}
        if place.podman:
            services["podman"] = Service(
                place.podman_argv("system", "service", "--time", "0"), f"{place.volatile}/podman.sock"
            )  # fmt: skip
        for each in services.values():
            undo.callback(each.close)
            for _ in range(_REQUESTS):
                each.request("GET", "/containers/json?all=true")
            each.run()
        return services

    def memory(undo: ExitStack) -> Ways:
        return {subject: each.memory for subject, each in started(undo).items()}

    def life(undo: ExitStack) -> Ways:
        return {subject: milliseconds(each.run) for subject, each in started(undo).items()}

    return [
        Row(f"memory of the service after {_REQUESTS} requests and a container", memory, "MB", times=3),
        Row("create, start, wait, rm over the service", life, "ms"),
    ]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class Service:
    """A service on a unix socket, in a process of its own."""

    def __init__(self, argv: Sequence[str], path: str) -> None:
        self._path = path
        self._process = subprocess.Popen(
            [*argv, f"unix://{path}"], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                self.request("GET", "/_ping")
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                os.sched_yield()

    def request(self, method: str, target: str, body: object = None) -> bytes:
        """What a request gets. Raises: OSError, SystemExit (it was refused)."""
        connection = _Connection(self._path)
        try:
            connection.request(
                method, f"/v1.41{target}", None if body is None else json.dumps(body),
                {"Content-Type": "application/json"},
            )  # fmt: skip
            response = connection.getresponse()
            found = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise SystemExit(f"{method} {target}: {response.status} {found.decode()}")
        return found

    def run(self) -> None:
        """A container was created, started, waited for and removed."""
        limits = [{"Name": name, "Soft": most, "Hard": most} for name, most in (("nofile", 20000), ("nproc", 10000))]
        created = self.request("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none", "Ulimits": limits},
        })  # fmt: skip
        name = json.loads(created)["Id"]
        self.request("POST", f"/containers/{name}/start")
        self.request("POST", f"/containers/{name}/wait")
        self.request("DELETE", f"/containers/{name}")

    def memory(self) -> float:
        """MB in memory."""
        with open(f"/proc/{self._process.pid}/status") as file:
            return int(file.read().partition("VmRSS:")[2].split()[0]) / 1024

    def close(self) -> None:
        """It has ended."""
        self._process.terminate()
        self._process.wait(30)

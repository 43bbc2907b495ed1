"""What people do with docker compose: two services, a network, a volume, one that waits for the other's health."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.service.conftest import need
from clients.service.running import Running

FILE = """\
services:
  web:
    image: busybox
    command: ["sh", "-c", "echo served >/data/index.html; echo begins; exec httpd -f -p 80 -h /data"]
    volumes: [data:/data]
    networks: {lan: {aliases: [www]}}
    ports: ["80"]
    healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1/"], interval: 1s, retries: 30}
    stop_grace_period: 0s
  asks:
    image: busybox
    command: ["sh", "-c", "wget -q -O - http://www/; exec sleep 1000"]
    environment: {WORD: said}
    networks: [lan]
    depends_on: {web: {condition: service_healthy}}
    stop_grace_period: 0s
networks: {lan: {}}
volumes: {data: {}}
"""


class Project:
    """A directory with a compose file, and the program on it."""

    def __init__(self, service: Running, program: str, folder: Path) -> None:
        self._service, self._program, self.folder = service, program, folder

    def __call__(self, *words: str) -> str:
        """What the command printed; it worked."""
        done = self._service.call(self._program, "--ansi", "never", *words, cwd=self.folder)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture
def compose(service: Running, tmp_path: Path) -> Iterator[Project]:
    """The program in a directory `shop` with the file; after the test nothing of it is left."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "compose.yaml").write_text(FILE)
    project = Project(service, need("docker-compose"), folder)
    yield project
    project("down", "--volumes", "--timeout", "0")
    assert project("ps", "--all", "--quiet") == ""


def rows(text: str) -> dict[str, dict[str, object]]:
    """What `ps --format json` prints, by service."""
    return {row["Service"]: row for row in map(json.loads, text.splitlines())}


def test_up_and_down(compose: Project) -> None:
    compose("up", "--detach")
    found = rows(compose("ps", "--format", "json"))
    assert {name: (row["State"], row["Health"]) for name, row in found.items()} == {
        "web": ("running", "healthy"), "asks": ("running", ""),
    }  # fmt: skip
    assert "served" in compose("logs", "asks")
    assert compose("exec", "-T", "asks", "sh", "-c", "echo $WORD") == "said\n"
    assert compose("port", "web", "80").strip().rpartition(":")[2].isdigit()
    assert "sleep 1000" in compose("top", "asks")
    before = {name: row["ID"] for name, row in found.items()}
    compose("up", "--detach")  # nothing has changed: nothing is made anew
    assert {name: row["ID"] for name, row in rows(compose("ps", "--format", "json")).items()} == before
    compose("restart", "--timeout", "0", "asks")
    compose("stop", "--timeout", "0")
    assert {row["State"] for row in rows(compose("ps", "--all", "--format", "json")).values()} == {"exited"}
    compose("start")
    compose("up", "--detach", "--scale", "asks=2")
    assert len(compose("ps", "--quiet", "asks").split()) == 2
    compose("down", "--timeout", "0")
    assert "shop_data" in compose("config", "--volumes") or compose("config", "--volumes") == "data\n"


def test_a_run_and_a_build(compose: Project) -> None:
    assert compose("run", "--rm", "--no-deps", "-T", "asks", "echo", "once") == "once\n"
    (compose.folder / "compose.yaml").write_text("services: {built: {build: ., image: shop-built}}\n")
    (compose.folder / "Dockerfile").write_text("FROM busybox\nCMD echo from the image\n")
    assert "built" in compose("config", "--services")

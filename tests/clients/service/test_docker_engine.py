"""docker network, volume, info and system: its CLI on a real service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from clients.service.conftest import need
from clients.service.running import Running

Docker = Callable[..., str]


@pytest.fixture
def docker(service: Running) -> Docker:
    """What a command of docker's prints; it has to succeed."""
    program = need("docker")

    def call(*words: str) -> str:
        done = service.call(program, *words)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    return call


def refused(service: Running, *words: str) -> str:
    """What docker complains of."""
    done = service.call(need("docker"), *words)
    assert done.returncode == 1
    return done.stderr.decode()


def test_networks(docker: Docker, service: Running) -> None:
    id = docker("network", "create", "--subnet", "10.77.0.0/24", "--label", "a=b", "--internal", "web")
    assert re.fullmatch("[0-9a-f]{64}", id)
    assert set(docker("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}").splitlines()) == {
        "bridge bridge local", "host host local", "none null local", "web bridge local",
    }  # fmt: skip
    assert docker("network", "ls", "-q", "--no-trunc", "--filter", "label=a=b", "--filter", "type=custom") == id
    (shown,) = json.loads(docker("network", "inspect", "web"))
    assert (shown["Id"], shown["Internal"], shown["IPAM"]["Config"]) == (
        id, True, [{"Subnet": "10.77.0.0/24", "Gateway": "10.77.0.1"}],
    )  # fmt: skip
    assert "already exists" in refused(service, "network", "create", "web")
    assert "not found" in refused(service, "network", "inspect", "nobody")
    assert "pre-defined" in refused(service, "network", "rm", "bridge")
    assert docker("network", "prune", "--force", "--filter", "label=a") == "Deleted Networks:\nweb"


def test_containers_in_networks(docker: Docker, service: Running) -> None:
    for name in ("one", "two"):
        docker("network", "create", name)
    ctr = docker("run", "--detach", "--name", "c", "--network", "one", "busybox", "sleep", "1000")
    docker("network", "connect", "--alias", "www", "two", "c")
    assert "already connected" in refused(service, "network", "connect", "two", "c")
    (shown,) = json.loads(docker("network", "inspect", "--verbose", "two"))
    assert shown["Containers"][ctr]["Name"] == "c"
    assert "active endpoints" in refused(service, "network", "rm", "two")
    docker("network", "disconnect", "--force", "two", "c")
    assert docker("network", "rm", "two") == "two"
    docker("rm", "--force", "c")
    assert docker("network", "rm", "one") == "one"


def test_volumes(docker: Docker, service: Running) -> None:
    assert docker("volume", "create", "--label", "a=b", "data") == docker("volume", "create", "data") == "data"
    tmpfs = docker("volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "ram")
    (shown,) = json.loads(docker("volume", "inspect", tmpfs))
    assert shown["Options"] == {"type": "tmpfs", "device": "tmpfs"}
    assert docker("volume", "ls", "-q", "--filter", "label=a=b") == "data"
    assert "required plugin missing" in refused(service, "volume", "create", "--driver", "nope", "x")
    ctr = docker("create", "-v", "data:/d", "-v", "/anonymous", "busybox", "true")
    assert "being used" in refused(service, "volume", "rm", "data")
    docker("rm", ctr)
    assert docker("volume", "rm", "ram") == "ram"
    assert docker("volume", "prune", "--force").startswith("Deleted Volumes:\n")  # what nobody named
    assert docker("volume", "ls", "-q") == "data"
    assert docker("volume", "prune", "--all", "--force").splitlines()[:2] == ["Deleted Volumes:", "data"]
    docker("volume", "rm", "--force", "data")


def test_the_engine(docker: Docker) -> None:
    told = docker("info")
    assert "Cgroup Driver: cgroupfs" in told
    assert "Default Runtime: runc" in told
    assert docker("info", "--format", "{{.Swarm.LocalNodeState}} {{.Images}} {{.OSType}}") == "inactive 1 linux"
    assert "conmon:" in docker("version")
    assert docker("version", "--format", "{{.Server.APIVersion}}") == "1.44"
    assert docker("plugin", "ls", "-q") == ""


def test_room(docker: Docker) -> None:
    docker("create", "--name", "c", "busybox", "true")
    rows = [line.split("  ")[0] for line in docker("system", "df").splitlines()]
    assert rows == ["TYPE", "Images", "Containers", "Local Volumes", "Build Cache"]
    assert "busybox" in docker("system", "df", "--verbose")
    assert "Deleted Containers:" in docker("system", "prune", "--force", "--volumes")
    assert docker("ps", "--all", "--quiet") == ""

"""podman-remote and podman-py: networks, volumes and the engine itself on a real service."""

from __future__ import annotations

import json

import podman
import pytest
from podman.domain.ipam import IPAMConfig, IPAMPool
from podman.errors import NotFound

from clients.service.conftest import need
from clients.service.running import Running


def said(service: Running, *words: str, code: int = 0) -> str:
    """What a command of podman-remote's prints; it ends with `code`."""
    done = service.call(need("podman-remote"), *words)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode().strip()


def test_networks(service: Running) -> None:
    create = ("network", "create", "--subnet", "10.66.0.0/24", "--label", "a=b")
    assert said(service, *create, "net") == said(service, *create, "--ignore", "net") == "net"
    said(service, *create, "net", code=125)
    (shown,) = json.loads(said(service, "network", "inspect", "net"))
    assert shown["subnets"] == [{"subnet": "10.66.0.0/24", "gateway": "10.66.0.1"}]
    said(service, "network", "exists", "net")
    said(service, "network", "exists", "none", code=1)
    assert said(service, "network", "ls", "--quiet", "--filter", "label=a=b") == "net"
    said(service, "create", "--name", "c", "busybox", "true")
    said(service, "network", "connect", "--alias", "x", "net", "c")
    said(service, "network", "rm", "net", code=2)
    assert said(service, "network", "rm", "--force", "net") == "net"
    said(service, "network", "rm", "net", code=1)
    assert said(service, "ps", "--all", "--quiet") == ""


def test_volumes(service: Running) -> None:
    for flag in ("--label=a=b", "--ignore"):
        assert said(service, "volume", "create", flag, "v") == "v"
    said(service, "volume", "create", "v", code=125)
    assert json.loads(said(service, "volume", "inspect", "v"))[0]["Labels"] == {"a": "b"}
    said(service, "volume", "exists", "v")
    assert said(service, "volume", "rm", "v") == "v"
    said(service, "volume", "rm", "v", code=1)
    said(service, "volume", "create", "w")
    assert said(service, "volume", "prune", "--force") == "w"


def test_the_engine(service: Running) -> None:
    assert json.loads(said(service, "info", "--format", "json"))["host"]["os"] == "linux"
    assert said(service, "version", "--format", "{{.Server.APIVersion}}") == "5.0.0"
    said(service, "create", "--name", "c", "busybox", "true")
    assert [line.split()[0] for line in said(service, "system", "df").splitlines()[1:]] == [
        "Images", "Containers", "Local",
    ]  # fmt: skip
    assert said(service, "system", "check") == ""
    assert said(service, "system", "prune", "--force").startswith("Deleted Containers\n")


def test_podman_py(podman_client: podman.PodmanClient) -> None:
    pool = IPAMPool(subnet="10.11.13.0/24", iprange="10.11.13.0/26", gateway="10.11.13.1")
    net = podman_client.networks.create("net", dns_enabled=False, ipam=IPAMConfig(pool_configs=[pool]))
    assert podman_client.networks.exists("net")
    assert "net" in [each.name for each in podman_client.networks.list()]
    net.remove(force=True)
    with pytest.raises(NotFound):
        podman_client.networks.get("net")
    podman_client.networks.create("other")
    assert podman_client.networks.prune()["NetworksDeleted"] == ["other"]
    volume = podman_client.volumes.create("v", labels={"a": "b"})
    assert podman_client.volumes.get("v").attrs == volume.attrs
    assert podman_client.volumes.prune()["VolumesDeleted"] == ["v"]
    with pytest.raises(NotFound):
        podman_client.volumes.get("v")
    assert "host" in podman_client.info()
    assert podman_client.version()["ApiVersion"] == "1.44"
    assert set(podman_client.df()) >= {"Images", "Containers", "Volumes"}

"""Secrets with podman-py and docker-py."""

from __future__ import annotations

import docker
import podman
import pytest
from docker.errors import NotFound as NoneOfDockers
from podman.errors import APIError, NotFound

from clients.service.conftest import UNCLOSED

pytestmark = UNCLOSED


def test_podman_py(podman_client: podman.PodmanClient) -> None:
    """All of its SecretsManager, and containers that are made with secrets."""
    secrets = podman_client.secrets
    made = secrets.create("token", b"bytes")
    try:
        assert (made.name, len(made.id)) == ("token", 25)
        assert secrets.exists("token")
        assert not secrets.exists("nobody")
        assert [each.id for each in secrets.list()] == [made.id] == [secrets.get("token").id]
        with pytest.raises(APIError, match="secret name in use"):
            secrets.create("token", b"other")
        script = ["sh", "-c", "cat /run/secrets/token /x; echo $T"]
        ctr = podman_client.containers.create(
            "busybox", script, secrets=["token", {"source": "token", "target": "/x"}], secret_env={"T": "token"}
        )
        try:
            ctr.start()
            assert ctr.wait() == 0
            assert b"".join(ctr.logs()) == b"bytesbytesbytes\n"
        finally:
            ctr.remove(force=True)
    finally:
        made.remove()
    for call in (secrets.get, secrets.remove):
        with pytest.raises(NotFound):
            call("token")
    assert secrets.list() == []


def test_docker_py(docker_client: docker.DockerClient) -> None:
    made = docker_client.secrets.create(name="token", data=b"bytes", labels={"a": "b"})
    try:
        assert docker_client.secrets.get(made.id).attrs["Spec"]["Labels"] == {"a": "b"}
        assert [each.name for each in docker_client.secrets.list(filters={"name": "token"})] == ["token"]
    finally:
        assert docker_client.secrets.get(made.id).remove()
    with pytest.raises(NoneOfDockers):
        docker_client.secrets.get(made.id)

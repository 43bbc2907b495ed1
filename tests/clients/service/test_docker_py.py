"""What programs do with docker-py."""

from __future__ import annotations

import docker


def test_it_is_there(docker_client: docker.DockerClient) -> None:
    assert docker_client.ping()
    assert docker_client.version()["ApiVersion"] == docker_client.api._version

"""Real clients on a real service, one service for each file of tests; nothing may be left of it."""

from __future__ import annotations

import gc
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import docker
import podman
import pytest
from docker.models.containers import Container

from clients.service.running import Running, client
from engine import hostview
from engine.conftest import _copy, _require, seed
from engine.home import Home
from engine.network import lan
from seabox.config import find_program
from seabox.kernel import cgroups
from seabox.testing.census import take

__all__ = ["seed"]

# docker-py and podman-py leave sockets to the garbage collector, which complains of them.
UNCLOSED = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def idle(client: docker.DockerClient, **options: Any) -> Container:
    """A running container that does nothing."""
    return client.containers.run("busybox", ["sleep", "1000"], detach=True, **options)


@pytest.fixture(scope="module")
def place() -> Iterator[None]:
    """The tests of a file are in a network namespace of their own, as the service is."""
    _require("runc")
    for program in ("netavark", "aardvark-dns", "iptables", "ip"):
        if not find_program(program):
            pytest.skip(f"{program} is not installed")
    try:
        namespace, view = lan.lan(), lan.view(False)
    except OSError as problem:
        pytest.skip(f"no network or mount namespace may be made here: {problem}")
    with hostview.inside(view), lan.inside(namespace):
        yield


@pytest.fixture(scope="module")
def service(place: None, seed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running service with the image `busybox`; at its end the census of tests/engine/conftest.py."""
    folder = tmp_path_factory.mktemp("service")
    home = Home(str(folder), f"/seabox-test-{uuid.uuid4().hex[:8]}", "runc")
    shutil.copytree(seed, home.root, symlinks=True, copy_function=_copy)
    with ExitStack() as undo:
        undo.callback(cgroups.remove, home.cgroup_parent, kill=True)
        census = take(home.root, home.runroot, cgroup_parent=home.cgroup_parent)
        running = Running(home)
        try:
            yield running
        finally:
            complaints = running.close()
            home.clear()
            gc.collect()  # descriptors of what only a cycle keeps
        assert census.left_since() == []
        assert lan.traces() == []
        assert "Traceback" not in complaints, complaints


@pytest.fixture(scope="module")
def docker_client(service: Running) -> Iterator[docker.DockerClient]:
    """docker-py's."""
    found = docker.DockerClient(base_url=service.url, timeout=60)
    yield found
    found.close()


@pytest.fixture(scope="module")
def podman_client(service: Running) -> Iterator[podman.PodmanClient]:
    """podman-py's."""
    found = podman.PodmanClient(base_url=service.url, timeout=60)
    yield found
    found.close()


def need(name: str) -> str:
    """The path of a client program; the test is skipped where it is not to be had."""
    found = client(name)
    if not found:
        pytest.skip(f"{name} is not to be had here: setup/clients-prefix says why")
    return found

"""Images that come and go: docker's command line, docker-py and podman-py, and a registry beside the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import podman
import podman.errors
import pytest

from clients.service.conftest import need
from clients.service.running import Running
from engine.images.conftest import PASSWORD, REGISTRY, USER, Registry


@pytest.fixture(scope="module")
def harbour(place: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that lets in who has the password."""
    if REGISTRY is None or not Path("/usr/bin/htpasswd").exists():
        pytest.skip("docker-registry or htpasswd (apache2-utils) is not installed")
    found = Registry(tmp_path_factory.mktemp("harbour"), guarded=True)
    yield found
    found.close()


def cli(service: Running, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> str:
    done = service.call("env", "DOCKER_BUILDKIT=0", need("docker"), *words, stdin=stdin, cwd=cwd)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_command_line(service: Running, harbour: Registry, tmp_path: Path) -> None:
    name = f"{harbour.host}/cli/busybox:1"
    cli(service, "tag", "busybox", name)
    refused = service.call(need("docker"), "push", name)
    assert refused.returncode == 1
    assert "Login Succeeded" in cli(
        service, "login", "-u", USER, "--password-stdin", harbour.host, stdin=PASSWORD.encode()
    )  # fmt: skip
    assert "1: digest: sha256:" in cli(service, "push", name)
    cli(service, "rmi", name)
    assert f"Status: Downloaded newer image for {name}" in cli(service, "pull", name) or (
        f"Status: Image is up to date for {name}" in cli(service, "pull", name)
    )
    cli(service, "save", "-o", f"{tmp_path}/saved.tar", name, "busybox")
    cli(service, "rmi", name)
    assert f"Loaded image: {name}" in cli(service, "load", "-i", f"{tmp_path}/saved.tar")
    assert service.call(need("docker"), "pull", f"{harbour.host}/cli/missing:1").returncode == 1
    cli(service, "logout", harbour.host)


def test_a_build_by_the_command_line(service: Running, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("ahoy\n")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nARG WHO\nCOPY note /note\nRUN echo $WHO >>/note; cat /note\n")
    said = cli(service, "build", "--network", "none", "-t", "built:1", "--build-arg", "WHO=sailor", ".", cwd=tmp_path)
    assert "ahoy\nsailor\n" in said
    assert said.endswith("Successfully tagged built:1\n")
    id = cli(service, "build", "-q", "--network", "none", "--build-arg", "WHO=sailor", ".", cwd=tmp_path).strip()
    assert id == cli(service, "inspect", "-f", "{{.Id}}", "built:1").strip()
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN exit 9\n")
    done = service.call("env", "DOCKER_BUILDKIT=0", need("docker"), "build", "--network", "none", ".", cwd=tmp_path)
    assert (done.returncode, b"returned a non-zero code: 9" in done.stderr) == (9, True)


def test_docker_py(docker_client: docker.DockerClient, harbour: Registry, tmp_path: Path) -> None:
    images, account = docker_client.images, {"username": USER, "password": PASSWORD}
    name = f"{harbour.host}/py/busybox"
    images.get("busybox").tag(name, "1")
    assert "Pushed" in images.push(name, "1", auth_config=account)
    assert "errorDetail" in images.push(name, "1", auth_config=account | {"password": "wrong"})
    pulled = images.pull(name, "1", auth_config=account)
    assert f"{name}:1" in pulled.tags
    with pytest.raises(docker.errors.APIError):
        images.pull(name, "2", auth_config=account)
    with pytest.raises(docker.errors.APIError, match="unknown operating system"):
        images.pull(name, "1", platform="foobar", auth_config=account)
    assert [image.id for image in images.load(b"".join(pulled.save(named=f"{name}:1")))] == [pulled.id]
    with pytest.raises(docker.errors.ImageLoadError):
        images.load(b"no archive")
    with pytest.raises(docker.errors.ImageNotFound):
        next(docker_client.api.get_image("missing"))
    data = images.get_registry_data(f"{name}:1", auth_config=account)
    assert (data.id[:7], data.has_platform("linux/amd64")) == ("sha256:", True)
    assert docker_client.login(USER, PASSWORD, registry=harbour.host)["Status"] == "Login Succeeded"
    with pytest.raises(docker.errors.APIError):
        docker_client.login(USER, "wrong", registry=harbour.host, reauth=True)
    (tmp_path / "Dockerfile").write_text("FROM busybox\nLABEL a=b\n")
    image, log = images.build(path=str(tmp_path), tag="py:1", labels={"c": "d"}, network_mode="none")
    assert (image.tags, image.labels["c"]) == (["py:1"], "d")
    assert any("Step 1/" in line.get("stream", "") for line in log)
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN false\n")
    with pytest.raises(docker.errors.BuildError):
        images.build(path=str(tmp_path), network_mode="none")
    assert docker_client.api.prune_builds()["SpaceReclaimed"] > 0


def test_podman_py(podman_client: podman.PodmanClient, harbour: Registry, tmp_path: Path) -> None:
    images, account = podman_client.images, {"username": USER, "password": PASSWORD}
    name = f"{harbour.host}/podman/busybox"
    images.get("busybox").tag(name, "1")
    images.push(name, "1", auth_config=account, tlsVerify=False)
    pulled = images.pull(name, "1", auth_config=account, tls_verify=False)
    assert f"{name}:1" in pulled.tags
    with pytest.raises(podman.errors.ImageNotFound):
        images.pull(name, "missing", auth_config=account, tls_verify=False)
    saved = b"".join(pulled.save())
    assert [image.id for image in images.load(saved)] == [pulled.id]
    (tmp_path / "Containerfile").write_text("FROM busybox\nLABEL a=b\n")
    image, log = images.build(path=str(tmp_path), dockerfile="Containerfile", tag="podmans:1", network_mode="none")
    assert image.labels["a"] == "b"
    assert any(b"STEP 1/" in line for line in log)
    (tmp_path / "Containerfile").write_text("FROM busybox\nRUN false\n")
    with pytest.raises(podman.errors.BuildError):
        images.build(path=str(tmp_path), dockerfile="Containerfile", network_mode="none")

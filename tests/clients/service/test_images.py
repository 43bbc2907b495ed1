"""Images with docker's command line, docker-py and podman-py."""

from __future__ import annotations

import json

import docker
import podman
import podman.errors
import pytest

from clients.service.conftest import need
from clients.service.running import Running
from seabox.config import find_program


def run(service: Running, *words: str) -> str:
    """What docker's command line says of itself; it has worked."""
    done = service.call(need("docker"), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def refused(service: Running, *words: str) -> str:
    """Why docker's command line did not work."""
    done = service.call(need("docker"), *words)
    assert done.returncode == 1
    return done.stderr.decode().strip()


def test_docker_images(service: Running) -> None:
    run(service, "tag", "busybox", "web:1")
    run(service, "tag", "busybox", "r.example:5000/team/web")
    form = ("--format", "{{.Repository}}:{{.Tag}}")
    assert run(service, "images", *form, "web").splitlines() == ["web:1"]
    assert set(run(service, "images", *form).splitlines()) >= {
        "web:1", "r.example:5000/team/web:latest", "localhost/busybox:latest",
    }  # fmt: skip
    assert run(service, "images", *form, "busybox") == "localhost/busybox:latest"
    assert run(service, "images", *form, "--filter", "reference=r.*/team/*") == "r.example:5000/team/web:latest"
    id = run(service, "images", "--quiet", "--no-trunc", "web:1")
    assert run(service, "image", "inspect", "--format", "{{.Id}}", "web:1") == id
    assert run(service, "inspect", "--format", "{{.Config.Cmd}} {{.Os}}", id) == "[sh] linux"
    assert json.loads(run(service, "history", "--format", "json", "web:1"))["CreatedBy"].startswith("seabox image")
    assert run(service, "rmi", "web:1") == "Untagged: web:1"
    assert run(service, "rmi", "r.example:5000/team/web") == "Untagged: r.example:5000/team/web:latest"
    assert "No such image: web:1" in refused(service, "rmi", "web:1")
    assert "No such object: web" in refused(service, "inspect", "web")
    assert "invalid reference format" in refused(service, "tag", "busybox", "NO")


def test_docker_commit(service: Running) -> None:
    ctr = service.call(need("docker"), "create", "busybox", "sh", "-c", "exit 3").stdout.decode().strip()
    try:
        id = run(service, "commit", "-m", "said", "-a", "me", "-c", 'CMD ["ls"]', "-c", "LABEL a=b", ctr, "saved:1")
        assert run(service, "inspect", "-f", "{{.Config.Cmd}} {{.Author}} {{.Comment}}", "saved:1") == "[ls] me said"
        assert run(service, "images", "--quiet", "--no-trunc", "--filter", "label=a=b") == id
        nameless = run(service, "commit", ctr)
        assert run(service, "images", "--quiet", "--no-trunc", "--filter", "dangling=true") == nameless
        assert nameless in run(service, "image", "prune", "--force")
        assert "container" in refused(service, "rmi", "busybox")
        other = run(service, "commit", ctr, "other")
        assert f"deleted: {other}" in run(service, "image", "prune", "--all", "--force", "--filter", "label!=a")
        assert "untagged: saved:1" in run(service, "image", "prune", "--all", "--force")
    finally:
        service.call(need("docker"), "rm", "--force", ctr)


def test_docker_py(docker_client: docker.DockerClient) -> None:
    image = docker_client.images.get("busybox")
    assert image.tags == ["localhost/busybox:latest"]
    assert image.tag("some/where", "tag")
    assert image in docker_client.images.list("some/where")
    assert image in docker_client.images.list(name="some/where:tag")
    assert image in docker_client.images.list(all=True)
    assert docker_client.images.list(filters={"dangling": True}) == []
    image.reload()
    assert "some/where:tag" in image.tags
    assert image.history()[0]["Id"] == image.id
    docker_client.images.remove("some/where:tag")
    assert docker_client.images.list("some/where") == []
    with pytest.raises(docker.errors.ImageNotFound):
        docker_client.images.get("some/where:tag")
    with pytest.raises(docker.errors.ImageNotFound):
        docker_client.images.remove("nothing")
    ctr = docker_client.containers.create("busybox", ["true"])
    try:
        made = ctr.commit("made", "here", changes=["EXPOSE 8000", 'CMD ["bash"]'], conf={"User": "me"})
        assert made.attrs["Parent"] == image.id
        config = made.attrs["Config"]
        assert (config["ExposedPorts"], config["Cmd"], config["User"]) == ({"8000/tcp": {}}, ["bash"], "me")
        assert {"Deleted": made.id} in docker_client.api.remove_image(made.id, force=True)
        assert docker_client.images.prune({"dangling": False})["SpaceReclaimed"] == 0
    finally:
        ctr.remove()


def test_podman_py(podman_client: podman.PodmanClient) -> None:
    image = podman_client.images.get("busybox")
    assert image.tags == ["localhost/busybox:latest"]
    assert image.tag("localhost/box", "unit")
    image.reload()
    assert "localhost/box:unit" in image.tags
    assert image.id in [step["Id"] for step in image.history()] + [f"sha256:{image.history()[0]['Id']}"]
    assert podman_client.images.exists("localhost/box:unit")
    assert [each.id for each in podman_client.images.list(filters={"reference": "box:unit"})] == [image.id]
    told = podman_client.images.remove("localhost/box:unit")
    assert {"Untagged": "localhost/box:unit"} in told
    assert {"ExitCode": 0} in told
    assert not podman_client.images.exists("localhost/box:unit")
    with pytest.raises(podman.errors.ImageNotFound):
        podman_client.images.get("localhost/box:unit")
    if find_program("buildah"):
        image.reload()
        manifest = podman_client.manifests.create("localhost/unit/all", ["busybox"])
        assert len(manifest.attrs["manifests"]) == 1
        assert podman_client.manifests.exists(manifest.names)
        manifest.add([image])
        assert any(manifest.id in digest for digest in image.attrs["RepoDigests"])
        assert podman_client.manifests.get("localhost/busybox").id == manifest.id
        manifest.remove(image.attrs["RepoDigests"][0])
        assert manifest.attrs["manifests"] == []
        podman_client.manifests.remove("localhost/unit/all")
        with pytest.raises(podman.errors.APIError):
            podman_client.manifests.create("InvalidManifestName")
    assert podman_client.images.prune() == {"ImagesDeleted": [], "SpaceReclaimed": 0}


def test_podman_remote(service: Running) -> None:
    def said(*words: str, code: int = 0) -> str:
        done = service.call(need("podman-remote"), *words)
        assert done.returncode == code, (words, done.stderr)
        return (done.stdout if code == 0 else done.stderr).decode().strip()

    id = said("image", "inspect", "--format", "{{.Id}}", "busybox")
    said("tag", "busybox", "web:1", "r.example:5000/team/web")
    assert said("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=team/web") == (
        "\n".join(sorted(("localhost/busybox:latest", "localhost/web:1", "r.example:5000/team/web:latest")))
    )  # fmt: skip
    assert said("images", "--quiet", "--no-trunc", "web:1") == f"sha256:{id}"
    assert json.loads(said("history", "--format", "json", "web:1"))[0]["id"] == id
    assert said("image", "tree", "web:1").startswith("Image ID: ")
    said("image", "exists", "web:1")
    said("image", "exists", "nothing", code=1)
    assert "image not known" in said("image", "inspect", "nothing", code=125)
    said("untag", "web:1", "r.example:5000/team/web")
    assert said("rmi", "web:1") == "Untagged: localhost/web:1"
    assert "image not known" in said("rmi", "nothing", code=1)
    ctr = said("create", "busybox", "sh")
    try:
        made = said("commit", "--quiet", "--change", "CMD ls", "--author", "me", ctr, "made")
        assert said("image", "inspect", "--format", "{{.Author}} {{.Config.Cmd}}", "made") == "me [/bin/sh -c ls]"
        assert "in use" in said("rmi", "busybox", code=2)
        assert f"Deleted: {made}" in said("rmi", "made")
        nameless = said("commit", "--quiet", ctr)
        assert said("image", "prune", "--force") == nameless
    finally:
        said("rm", "--force", ctr)


def test_podman_remotes_lists(service: Running) -> None:
    def said(*words: str) -> str:
        done = service.call(need("podman-remote"), "manifest", *words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.decode().strip()

    if not find_program("buildah"):
        pytest.skip("buildah is not installed")
    id = said("create", "all")
    said("add", "--arch", "arm64", "--annotation", "a=b", "all", "busybox")
    (entry,) = json.loads(said("inspect", "all"))["manifests"]
    assert (entry["platform"]["architecture"], entry["annotations"]) == ("arm64", {"a": "b"})
    said("annotate", "--os", "plan9", "all", entry["digest"])
    assert json.loads(said("inspect", id))["manifests"][0]["platform"]["os"] == "plan9"
    said("remove", "all", entry["digest"])
    assert not json.loads(said("inspect", "all"))["manifests"]
    said("exists", "all")
    said("rm", "all")
    assert service.call(need("podman-remote"), "manifest", "exists", "all").returncode == 1

"""What programs do with the images, networks and volumes of docker-py."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import APIError, BuildError, ImageNotFound, NotFound
from docker.types import IPAMConfig, IPAMPool, Mount

from clients.service.conftest import UNCLOSED, idle

pytestmark = UNCLOSED

@pytest.fixture
def client(docker_client: docker.DockerClient) -> Iterator[docker.DockerClient]:
    """The client; after the test nothing is left but the image."""
    yield docker_client
    for ctr in docker_client.containers.list(all=True):
        ctr.remove(force=True, v=True)
    for network in docker_client.networks.list():
        if network.name not in ("bridge", "host", "none"):
            network.remove()
    for volume in docker_client.volumes.list():
        volume.remove()
    for image in docker_client.images.list():
        for tag in image.tags:
            if not tag.endswith("busybox:latest"):
                docker_client.images.remove(tag, force=True)


def test_images(client: docker.DockerClient) -> None:
    image = client.images.get("busybox")
    assert image.id.startswith("sha256:")
    assert image.attrs["Os"] == "linux"
    assert image.attrs["RootFS"]["Type"] == "layers"
    assert client.images.get(image.short_id).id == image.id
    assert image.tag("place/name", tag="v1")
    assert client.images.get("place/name:v1").id == image.id
    image.reload()
    assert "place/name:v1" in image.tags
    assert [each.id for each in client.images.list("place/name")] == [image.id]
    assert client.images.list(filters={"reference": "nosuch*"}) == []
    assert client.images.list(filters={"dangling": True}) == []
    assert len(image.history()) >= 1
    client.images.remove("place/name:v1")
    with pytest.raises(ImageNotFound):
        client.images.get("place/name:v1")
    with pytest.raises(ImageNotFound):
        client.images.remove("place/name:v1")
    ctr = idle(client)
    with pytest.raises(APIError) as refused:
        client.images.remove("busybox")
    assert refused.value.status_code == 409
    ctr.remove(force=True)


def test_saved_and_loaded(client: docker.DockerClient) -> None:
    image = client.images.get("busybox")
    image.tag("saved", "one")
    data = b"".join(client.images.get("saved:one").save(named="saved:one"))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert "manifest.json" in tar.getnames()
    client.images.remove("saved:one")
    loaded = client.images.load(data)
    assert [each.id for each in loaded] == [image.id]
    assert "saved:one" in loaded[0].tags


def test_committed(client: docker.DockerClient) -> None:
    ctr = client.containers.run("busybox", ["sh", "-c", "echo kept >/kept"], detach=True)
    ctr.wait()
    image = ctr.commit("committed", "v2", message="why", author="who", changes=["CMD cat /kept", "ENV A=b"])
    assert image.tags[0].endswith("committed:v2")
    assert "A=b" in image.attrs["Config"]["Env"]
    assert image.attrs["Author"] == "who"
    assert client.containers.run("committed:v2", remove=True) == b"kept\n"
    exported = b"".join(ctr.export())
    said = client.api.import_image_from_data(exported, repository="imported", tag="t")
    assert "sha256:" in said
    assert client.containers.run("imported:t", "cat /kept", remove=True) == b"kept\n"


def test_built(client: docker.DockerClient, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\nARG WORD=no\nENV WORD=$WORD\nCOPY file /file\nLABEL who=us\nCMD cat /file\n"
    )
    (tmp_path / "file").write_text("from the context\n")
    image, log = client.images.build(path=str(tmp_path), tag="built:1", buildargs={"WORD": "yes"}, rm=True)
    assert any("STEP" in line.get("stream", "").upper() for line in log)
    assert "built:1" in " ".join(image.tags)
    assert image.labels["who"] == "us"
    assert "WORD=yes" in image.attrs["Config"]["Env"]
    assert client.containers.run("built:1", remove=True) == b"from the context\n"
    again, _ = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nLABEL x=y\n"), tag="built:2")
    assert again.labels["x"] == "y"
    with pytest.raises(BuildError):
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nCOPY nosuch /\n"))


def test_pulls_that_fail(client: docker.DockerClient) -> None:
    """The error is the client's own, whichever way the service tells of it."""
    with pytest.raises(APIError):
        client.images.pull("127.0.0.1:1/nosuch", tag="latest")
    image = client.images.get("busybox")
    image.tag("127.0.0.1:1/nosuch", "latest")
    said = client.api.push("127.0.0.1:1/nosuch", tag="latest", stream=True, decode=True)
    assert any("error" in line for line in said)


def test_pruned(client: docker.DockerClient) -> None:
    image, _ = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nLABEL gone=soon\n"))
    found = client.images.prune()
    assert any(image.id in (each.get("Deleted") or "") for each in found["ImagesDeleted"])
    with pytest.raises(ImageNotFound):
        client.images.get(image.id)
    assert client.images.get("busybox")


def test_networks(client: docker.DockerClient) -> None:
    network = client.networks.create(
        "lan", driver="bridge", labels={"a": "b"}, internal=True,
        ipam=IPAMConfig(pool_configs=[IPAMPool(subnet="10.77.0.0/24", gateway="10.77.0.1")]),
    )  # fmt: skip
    assert client.networks.get("lan").id == network.id
    assert [each.name for each in client.networks.list(filters={"label": "a=b"})] == ["lan"]
    assert [each.id for each in client.networks.list(names=["lan"])] == [network.id]
    assert network.attrs["Internal"] is True
    assert network.attrs["IPAM"]["Config"][0]["Subnet"] == "10.77.0.0/24"
    one = idle(client, network="lan", name="one")
    two = client.containers.create("busybox", ["sleep", "1000"], name="two")
    network.connect(two, aliases=["second"], ipv4_address="10.77.0.77")
    two.start()
    two.reload()
    at = two.attrs["NetworkSettings"]["Networks"]["lan"]
    assert (at["IPAddress"], at["NetworkID"], at["IPAMConfig"]) == (
        "10.77.0.77", network.id, {"IPv4Address": "10.77.0.77"},
    )  # fmt: skip
    assert "second" in at["Aliases"]
    assert one.exec_run("nslookup second").output.count(b"10.77.0.77") >= 1
    assert one.exec_run("nslookup two").output.count(b"10.77.0.77") >= 1
    network.reload()
    assert {each.name for each in network.containers} == {"one", "two"}
    with pytest.raises(APIError) as refused:
        network.remove()
    assert refused.value.status_code in (403, 409)
    network.disconnect(two)
    two.reload()
    assert "lan" not in two.attrs["NetworkSettings"]["Networks"]
    with pytest.raises(APIError) as twice:
        client.networks.create("lan", check_duplicate=True)
    assert twice.value.status_code == 409
    for ctr in (one, two):
        ctr.remove(force=True)
    assert client.networks.prune()["NetworksDeleted"] == ["lan"]
    with pytest.raises(NotFound):
        client.networks.get("lan")


def test_ports(client: docker.DockerClient) -> None:
    ctr = client.containers.run(
        "busybox", ["sh", "-c", "echo served >/tmp/index.html; httpd -f -p 80 -h /tmp"], detach=True,
        ports={"80/tcp": None, "81/udp": ("127.0.0.1", 18181)},
    )  # fmt: skip
    ctr.reload()
    assert ctr.ports["81/udp"] == [{"HostIp": "127.0.0.1", "HostPort": "18181"}]
    port = int(ctr.ports["80/tcp"][0]["HostPort"])
    assert port > 1024
    rows = client.api.containers()[0]["Ports"]
    assert {"PrivatePort": 81, "PublicPort": 18181, "Type": "udp", "IP": "127.0.0.1"} in rows
    assert client.api.port(ctr.id, 80)[0]["HostPort"] == str(port)


def test_volumes(client: docker.DockerClient) -> None:
    volume = client.volumes.create("data", driver="local", labels={"a": "b"})
    assert (volume.name, volume.attrs["Driver"], volume.attrs["Labels"]) == ("data", "local", {"a": "b"})
    assert client.volumes.create("data").attrs["CreatedAt"] == volume.attrs["CreatedAt"]
    assert [each.name for each in client.volumes.list(filters={"label": "a"})] == ["data"]
    write = ["sh", "-c", "echo kept >/data/file"]
    client.containers.run("busybox", write, remove=True, volumes={"data": {"bind": "/data", "mode": "rw"}})
    mount = Mount("/there", "data", read_only=True)
    ctr = client.containers.run("busybox", "cat /there/file", detach=True, mounts=[mount])
    assert (ctr.wait()["StatusCode"], ctr.logs()) == (0, b"kept\n")
    found = ctr.attrs["Mounts"][0] if ctr.attrs.get("Mounts") else client.api.inspect_container(ctr.id)["Mounts"][0]
    assert (found["Type"], found["Name"], found["Destination"], found["RW"]) == ("volume", "data", "/there", False)
    with pytest.raises(APIError) as refused:
        volume.remove()
    assert refused.value.status_code == 409
    nameless = client.containers.create("busybox", volumes=["/nameless"])
    assert len(client.volumes.list()) == 2
    nameless.remove(v=True)
    assert [each.name for each in client.volumes.list()] == ["data"]
    ctr.remove()
    assert client.volumes.prune(filters={"all": ["true"]})["VolumesDeleted"] == ["data"]
    with pytest.raises(NotFound):
        client.volumes.get("data")


def test_space(client: docker.DockerClient) -> None:
    idle(client)
    found = client.df()
    assert found["LayersSize"] > 0
    assert len(found["Images"]) == 1
    assert len(found["Containers"]) == 1

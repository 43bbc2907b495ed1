"""What programs do with podman-py."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import podman
import pytest
from podman.domain.containers import Container
from podman.errors import APIError, ContainerError, ImageNotFound, NotFound

from clients.service.conftest import UNCLOSED

pytestmark = UNCLOSED
READABLE = {"Type": "json-file"}  # podman-py's `run` reads no other log but this and journald


@pytest.fixture
def client(podman_client: podman.PodmanClient) -> Iterator[podman.PodmanClient]:
    """The client; after the test nothing is left but the image."""
    yield podman_client
    for ctr in podman_client.containers.list(filters={"status": "running"}):
        ctr.kill()  # a removal waits for what ignores to be asked
    for pod in podman_client.pods.list():
        pod.remove(force=True)
    for ctr in podman_client.containers.list(all=True):
        ctr.remove(force=True, v=True)
    for network in podman_client.networks.list():
        if network.name != "seabox":  # the one that is always there
            network.remove(force=True)
    for volume in podman_client.volumes.list():
        volume.remove(force=True)
    for image in podman_client.images.list():
        for tag in image.tags:
            if not tag.endswith("/busybox:latest"):
                podman_client.images.remove(tag, force=True)


def idle(client: podman.PodmanClient, **options: Any) -> Container:
    """A running container that does nothing."""
    ctr = client.containers.create("busybox", ["sleep", "1000"], **options)
    ctr.start()
    ctr.reload()
    return ctr


def frame(stream: int, data: bytes) -> bytes:
    """As docker's clients and podman's get output that is no terminal's."""
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def test_it_is_there(podman_client: podman.PodmanClient) -> None:
    assert podman_client.ping()
    assert podman_client.version()["Components"][0]["Details"]["APIVersion"].startswith("5.")
    assert podman_client.info()["host"]["os"] == "linux"


def test_run(client: podman.PodmanClient) -> None:
    how = {"remove": True, "log_config": READABLE}
    assert client.containers.run("busybox", ["echo", "hello"], **how) == b"hello\n"
    both = ["sh", "-c", "echo out; echo err >&2"]
    assert client.containers.run("busybox", both, **how) == b"out\n"
    assert sorted(client.containers.run("busybox", both, stderr=True, **how).split()) == [b"err", b"out"]
    with pytest.raises(ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "exit 7"], **how)
    assert caught.value.exit_status == 7
    with pytest.raises((ImageNotFound, APIError)):
        client.containers.create("localhost/nosuchimage")
    assert client.containers.list(all=True) == []


def test_the_life_of_a_container(client: podman.PodmanClient) -> None:
    ctr = client.containers.create("busybox", ["sleep", "1000"], name="lives", labels={"a": "b"}, tty=False)
    assert client.containers.exists("lives")
    assert client.containers.get("lives").id == ctr.id
    assert ctr.status == "created"
    ctr.start()
    ctr.reload()
    assert (ctr.status, ctr.name, ctr.labels) == ("running", "lives", {"a": "b"})
    ctr.pause()
    ctr.reload()
    assert ctr.status == "paused"
    ctr.unpause()
    ctr.restart(timeout=0)
    ctr.stop(timeout=0)
    ctr.reload()
    assert ctr.status == "exited"
    assert ctr.wait() == 137
    ctr.start()
    ctr.kill("SIGKILL")
    assert ctr.wait(condition=["stopped", "exited"]) == 137
    ctr.rename("renamed")
    assert client.containers.get("renamed").id == ctr.id
    ctr.remove()
    assert not client.containers.exists(ctr.id)
    with pytest.raises(NotFound):
        client.containers.get(ctr.id)


def test_exec(client: podman.PodmanClient) -> None:
    ctr = idle(client)
    assert ctr.exec_run(["echo", "hi"]) == (0, frame(1, b"hi\n"))  # podman-py leaves the frames to whoever asks
    both = ["sh", "-c", "echo out; echo err >&2; exit 4"]
    assert ctr.exec_run(both, demux=True) == (4, (b"out\n", b"err\n"))
    assert ctr.exec_run("pwd", workdir="/tmp", demux=True)[1] == (b"/tmp\n", None)
    assert ctr.exec_run(["sh", "-c", "echo $WORD"], environment={"WORD": "x"}, demux=True)[1] == (b"x\n", None)
    assert ctr.exec_run(["id", "-u"], user="nobody", demux=True)[1] == (b"65534\n", None)
    assert b"".join(ctr.exec_run(["sh", "-c", "echo 1; echo 2"], stream=True)[1]) == b"1\n2\n"
    assert ctr.exec_run(["true"], detach=True)[1] is not None


def test_logs(client: podman.PodmanClient) -> None:
    script = ["sh", "-c", "echo one; echo two >&2; exec sleep 1000"]
    ctr = client.containers.create("busybox", script)
    ctr.start()
    follow = ctr.logs(stream=True, follow=True)
    assert {next(follow), next(follow)} == {b"one\n", b"two\n"}
    assert list(ctr.logs(stderr=False)) == [b"one\n"]
    assert b"".join(ctr.logs(tail=1)) in (b"one\n", b"two\n")
    ctr.kill()
    assert list(follow) == []


def test_archives(client: podman.PodmanClient) -> None:
    ctr = idle(client)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        about = tarfile.TarInfo("a")
        about.size = 4
        tar.addfile(about, io.BytesIO(b"text"))
    assert ctr.put_archive("/tmp", buffer.getvalue())
    pieces, about = ctr.get_archive("/tmp/a")
    assert about["name"] == "a"
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        member = tar.extractfile("a")
        assert member is not None
        assert member.read() == b"text"
    assert {"Path": "/tmp/a", "Kind": 1} in ctr.diff()
    assert len(b"".join(ctr.export())) > 1 << 20


def test_numbers(client: podman.PodmanClient) -> None:
    ctr = idle(client, mem_limit="64m")
    top = ctr.top()
    assert "sleep 1000" in top["Processes"][0][-1]
    assert "PID" in top["Titles"]
    found = ctr.stats(decode=True, stream=False)
    assert found["Stats"][0]["ContainerID"] == ctr.id
    assert found["Stats"][0]["MemLimit"] == 64 << 20
    each = ctr.stats(decode=True, stream=True)
    assert next(each)["Stats"][0]["PIDs"] == 1
    each.close()
    assert ctr.inspect()["Id"] == ctr.id


def test_lists(client: podman.PodmanClient) -> None:
    one = idle(client, name="one", labels={"a": "1"})
    two = client.containers.create("busybox", ["true"], name="two")
    assert [each.name for each in client.containers.list()] == ["one"]
    assert {each.name for each in client.containers.list(all=True)} == {"one", "two"}
    assert [each.id for each in client.containers.list(all=True, filters={"name": "two"})] == [two.id]
    assert [each.id for each in client.containers.list(filters={"label": "a=1"})] == [one.id]
    assert client.containers.list(filters={"status": "paused"}) == []
    gone = client.containers.prune()
    assert gone["ContainersDeleted"] == [two.id]


def test_what_a_container_is_given(client: podman.PodmanClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the host\n")
    client.volumes.create("data")
    script = "cat /host/file; hostname; pwd; echo $WORD; touch /mem/x /data/y && ls /data; ulimit -n; cat /etc/hosts"
    ctr = client.containers.create(
        "busybox", ["-c", script], entrypoint=["sh"], hostname="box", environment={"WORD": "said"}, working_dir="/tmp",
        mounts=[{"type": "bind", "source": str(tmp_path), "target": "/host", "read_only": True},
                {"type": "tmpfs", "target": "/mem", "size": "1m"}],
        volumes={"data": {"bind": "/data", "mode": "rw"}}, extra_hosts={"friend": "10.1.2.3"}, read_only=True,
        ulimits=[{"Name": "nofile", "Soft": 100, "Hard": 200}], cap_drop=["NET_RAW"], stop_signal="INT",
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 1}, mem_limit="100m", user="0",
    )  # fmt: skip
    ctr.start()
    assert ctr.wait() == 0
    said = b"".join(ctr.logs()).decode()
    assert said.splitlines()[:6] == ["from the host", "box", "/tmp", "said", "y", "100"]
    assert "10.1.2.3\tfriend" in said
    found = ctr.inspect()
    assert found["HostConfig"]["Memory"] == 100 << 20
    assert found["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 1}


def test_images(client: podman.PodmanClient, tmp_path: Path) -> None:
    image = client.images.get("busybox")
    assert client.images.exists("busybox")
    assert not client.images.exists("nosuch")
    assert image.tag("localhost/place/name", "v1")
    assert client.images.get("localhost/place/name:v1").id == image.id
    assert [each.id for each in client.images.list(name="localhost/place/name")] == [image.id]
    assert len(list(image.history())) >= 1
    data = b"".join(client.images.get("localhost/place/name:v1").save(named="localhost/place/name:v1"))
    client.images.remove("localhost/place/name:v1")
    assert not client.images.exists("localhost/place/name:v1")
    assert [each.id for each in client.images.load(data)] == [image.id]
    assert client.images.exists("localhost/place/name:v1")
    with pytest.raises(ImageNotFound):
        client.images.get("nosuch")
    with pytest.raises((ImageNotFound, APIError)):
        client.images.pull("127.0.0.1:1/nosuch", tag="latest")
    (tmp_path / "Containerfile").write_text("FROM busybox\nCOPY file /file\nCMD cat /file\n")
    (tmp_path / "file").write_text("from the context\n")
    built, log = client.images.build(path=str(tmp_path), dockerfile="Containerfile", tag="localhost/built:1")
    assert any(b"STEP" in line for line in log)
    assert client.containers.run(built, remove=True, log_config=READABLE) == b"from the context\n"
    ctr = client.containers.create("busybox", ["true"])
    committed = ctr.commit("localhost/committed", "v1", changes=["ENV A=b"])
    assert client.images.get("localhost/committed:v1").id == committed.id
    assert "A=b" in committed.attrs["Config"]["Env"]
    client.images.prune()


def test_manifests(client: podman.PodmanClient) -> None:
    manifest = client.manifests.create("localhost/list:1")
    manifest.add(["busybox"])
    manifest.reload()
    assert len(manifest.attrs["manifests"]) == 1
    assert client.manifests.exists("localhost/list:1")
    manifest.remove(manifest.attrs["manifests"][0]["digest"])
    client.manifests.remove("localhost/list:1")
    assert not client.manifests.exists("localhost/list:1")


def test_pods(client: podman.PodmanClient) -> None:
    pod = client.pods.create("group", labels={"a": "b"})
    assert client.pods.exists("group")
    ctr = client.containers.create("busybox", ["sleep", "1000"], pod="group", name="member")
    pod.start()
    pod.reload()
    assert pod.attrs["State"] == "Running"
    assert "member" in {each["Name"] for each in pod.attrs["Containers"]}
    assert [each.id for each in client.pods.list(filters={"name": "group"})] == [pod.id]
    assert any("sleep 1000" in " ".join(row) for row in pod.top()["Processes"])
    assert ctr.id[:12] in {each["CID"] for each in client.pods.stats(name="group", stream=False, decode=True)}
    pod.pause()
    pod.unpause()
    pod.stop(timeout=0)
    pod.start()
    pod.kill()
    pod.remove(force=True)
    assert not client.pods.exists("group")
    client.pods.create("empty")
    assert client.pods.prune() is not None


def test_networks(client: podman.PodmanClient) -> None:
    network = client.networks.create("lan", driver="bridge", labels={"a": "b"}, dns_enabled=True)
    assert client.networks.exists("lan")
    assert client.networks.get("lan").id == network.id
    assert [each.name for each in client.networks.list(filters={"label": "a=b"})] == ["lan"]
    ctr = idle(client, name="one", networks={"lan": {"aliases": ["first"]}}, network_mode="bridge")
    other = client.containers.create("busybox", ["sleep", "1000"], name="two", network_mode="bridge")
    network.connect(other)
    other.start()
    assert other.exec_run(["nslookup", "first"])[0] == 0
    network.disconnect(other)
    other.reload()
    assert "lan" not in other.attrs["NetworkSettings"]["Networks"]
    for each in (ctr, other):
        each.kill()
        each.remove()
    network.remove()
    assert not client.networks.exists("lan")


def test_volumes(client: podman.PodmanClient) -> None:
    volume = client.volumes.create("data", labels={"a": "b"})
    assert client.volumes.exists("data")
    assert client.volumes.get("data").attrs["Labels"] == {"a": "b"}
    assert [each.name for each in client.volumes.list(filters={"label": "a=b"})] == ["data"]
    client.volumes.create("other")
    volume.remove()
    assert not client.volumes.exists("data")
    assert client.volumes.prune()["VolumesDeleted"] == ["other"]


def test_events(client: podman.PodmanClient) -> None:
    """In podman's words."""
    ctr = client.containers.create("busybox", ["true"], name="eventful")
    ctr.start()
    ctr.wait()
    ctr.remove()
    until = datetime.now(UTC) + timedelta(seconds=1)
    found = client.events(since=1, until=until, decode=True, filters={"type": "container"})
    kinds = [each["Action"] for each in found if each["Actor"]["Attributes"].get("name") == "eventful"]
    assert [kind for kind in kinds if kind != "cleanup"] == ["create", "init", "start", "died", "remove"]


def test_space(client: podman.PodmanClient) -> None:
    idle(client)
    found = client.df()
    assert len(found["Images"]) >= 1
    assert len(found["Containers"]) == 1

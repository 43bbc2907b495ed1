"""What programs do with the containers of docker-py."""

from __future__ import annotations

import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import docker
import pytest
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from docker.types import LogConfig, Mount, Ulimit

from clients.service.conftest import UNCLOSED, idle

pytestmark = UNCLOSED

@pytest.fixture
def client(docker_client: docker.DockerClient) -> Iterator[docker.DockerClient]:
    """The client; after the test no container is left."""
    yield docker_client
    for each in docker_client.containers.list(all=True):
        each.remove(force=True, v=True)
    assert docker_client.containers.list(all=True) == []


def archive(**files: bytes) -> bytes:
    """A tar archive of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), 0o640
            tar.addfile(about, io.BytesIO(data))
    return buffer.getvalue()


def test_it_is_there(docker_client: docker.DockerClient) -> None:
    """The client finds the version that both speak."""
    assert docker_client.ping()
    assert docker_client.version()["ApiVersion"] == docker_client.api._version
    assert docker_client.info()["OSType"] == "linux"


def test_run(client: docker.DockerClient) -> None:
    """What a program prints comes back, and nothing is left of it."""
    assert client.containers.run("busybox", "echo hello", remove=True) == b"hello\n"
    both = ["sh", "-c", "echo out; echo err >&2"]
    assert client.containers.run("busybox", both, remove=True) == b"out\n"
    assert client.containers.run("busybox", both, remove=True, stdout=False, stderr=True) == b"err\n"
    assert sorted(client.containers.run("busybox", both, remove=True, stderr=True).split()) == [b"err", b"out"]
    assert list(client.containers.run("busybox", both, remove=True, stream=True)) == [b"out\n"]
    assert client.containers.run("busybox", ["sh", "-c", "tty; echo x"], tty=True, remove=True).endswith(b"x\r\n")
    assert client.containers.list(all=True) == []


def test_run_of_what_fails(client: docker.DockerClient) -> None:
    with pytest.raises(ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "echo sorry >&2; exit 7"], remove=True)
    assert (caught.value.exit_status, caught.value.stderr) == (7, b"sorry\n")
    with pytest.raises(APIError) as refused:
        client.containers.run("busybox", "nosuchprogram", name="never")
    assert refused.value.status_code == 400
    assert "nosuchprogram" in refused.value.explanation
    client.containers.get("never").remove()
    with pytest.raises(ImageNotFound):
        client.api.create_container("localhost/nosuchimage")
    assert client.containers.list(all=True) == []


def test_detached(client: docker.DockerClient) -> None:
    ctr = client.containers.run("busybox", ["sh", "-c", "read word; exit 3"], detach=True, stdin_open=True, name="d")
    assert ctr.status == "created"
    ctr.reload()
    assert (ctr.status, ctr.name, ctr.attrs["State"]["Running"]) == ("running", "d", True)
    assert ctr.attrs["Config"]["Image"] == "busybox"
    assert [each.id for each in client.containers.list()] == [ctr.id]
    ctr.stop(timeout=0)
    ctr.reload()
    assert (ctr.status, ctr.attrs["State"]["ExitCode"]) == ("exited", 137)
    assert client.containers.list() == []
    ctr.start()
    ctr.kill("SIGKILL")
    assert ctr.wait(timeout=20)["StatusCode"] == 137
    ctr.restart(timeout=0)
    ctr.reload()
    assert ctr.status == "running"
    ctr.pause()
    ctr.reload()
    assert ctr.status == "paused"
    ctr.unpause()
    with pytest.raises(APIError) as refused:
        ctr.remove()
    assert refused.value.status_code == 409
    ctr.remove(force=True)
    with pytest.raises(NotFound):
        ctr.reload()


def test_removed_with_its_end(client: docker.DockerClient) -> None:
    """The code is told when the container is gone already."""
    ctr = client.containers.run("busybox", ["sh", "-c", "read word; exit 5"], detach=True, stdin_open=True, remove=True)
    done: list[Any] = []
    waiter = threading.Thread(target=lambda: done.append(ctr.wait(condition="removed", timeout=30)))
    waiter.start()
    ctr.kill("KILL")
    waiter.join(30)
    assert [each["StatusCode"] for each in done] == [137]
    with pytest.raises(NotFound):
        client.containers.get(ctr.id)


def test_exec(client: docker.DockerClient) -> None:
    ctr = idle(client)
    assert ctr.exec_run("echo hi") == (0, b"hi\n")
    both = ["sh", "-c", "echo out; echo err >&2; exit 4"]
    assert ctr.exec_run(both, demux=True) == (4, (b"out\n", b"err\n"))
    assert ctr.exec_run(both, stderr=False) == (4, b"out\n")
    assert ctr.exec_run("pwd", workdir="/tmp").output == b"/tmp\n"
    assert ctr.exec_run(["sh", "-c", "echo $WORD"], environment={"WORD": "x y"}).output == b"x y\n"
    assert ctr.exec_run("id -u", user="nobody").output == b"65534\n"
    assert ctr.exec_run("tty", tty=True).output.startswith(b"/dev/")
    lines = ctr.exec_run(["sh", "-c", "echo 1; echo 2"], stream=True)
    assert lines.exit_code is None
    assert b"".join(lines.output) == b"1\n2\n"
    pairs = list(ctr.exec_run(both, stream=True, demux=True).output)
    assert sorted(filter(None, (word for pair in pairs for word in pair))) == [b"err\n", b"out\n"]
    assert ctr.exec_run("nosuchprogram").exit_code in (126, 127)
    ctr.exec_run(["touch", "/tmp/by-itself"], detach=True)
    ctr.kill()
    ctr.wait()
    with pytest.raises(APIError) as refused:
        ctr.exec_run("true")
    assert refused.value.status_code == 409


def test_exec_with_a_conversation(client: docker.DockerClient) -> None:
    ctr = idle(client)
    session = client.api.exec_create(ctr.id, "cat", stdin=True)["Id"]
    with client.api.exec_start(session, socket=True) as stream:
        stream._sock.settimeout(20)
        stream._sock.sendall(b"one\ntwo\n")
        stream._sock.shutdown(socket.SHUT_WR)
        found = b""
        while piece := stream._sock.recv(1000):
            found += piece
    assert found[8:] == b"one\ntwo\n"
    about = client.api.exec_inspect(session)
    assert (about["Running"], about["ExitCode"], about["ContainerID"]) == (False, 0, ctr.id)
    assert about["ProcessConfig"]["entrypoint"] == "cat"
    ctr.exec_run("sleep 1000", detach=True)
    terminal = client.api.exec_create(ctr.id, "sh", stdin=True, tty=True)["Id"]
    with client.api.exec_start(terminal, socket=True, tty=True) as stream:
        stream._sock.settimeout(20)
        client.api.exec_resize(terminal, height=33, width=99)
        stream._sock.sendall(b"stty size; exit 6\n")
        found = b""
        while piece := stream._sock.recv(1000):
            found += piece
    assert b"33 99" in found
    assert client.api.exec_inspect(terminal)["ExitCode"] == 6


def test_logs(client: docker.DockerClient) -> None:
    script = "echo one; echo three; read word; echo two >&2; echo $word"
    ctr = client.containers.create("busybox", ["sh", "-c", script], stdin_open=True)
    stream = ctr.attach_socket(params={"stdin": 1, "stream": 1})
    ctr.start()
    follow = ctr.logs(stream=True, follow=True)
    seen = b""
    while b"three" not in seen:
        seen += next(follow)
    assert ctr.logs(tail=1) == b"three\n"
    stamped = ctr.logs(timestamps=True).splitlines()
    assert len(stamped) == 2
    assert all(line.split()[0].endswith(b"Z") and b"." in line.split()[0] for line in stamped)
    assert ctr.logs(since=datetime(2000, 1, 1, tzinfo=UTC)) != b""
    assert ctr.logs(until=1) == b""
    stream._sock.sendall(b"last\n")
    assert sorted(b"".join(follow).split()) == [b"last", b"two"]
    assert ctr.wait()["StatusCode"] == 0
    assert ctr.logs(stdout=False) == b"two\n"
    stream.close()


def test_attach(client: docker.DockerClient) -> None:
    """Output from the beginning on, apart; input until its end."""
    ctr = client.containers.create("busybox", ["sh", "-c", "cat; echo done >&2"], stdin_open=True)
    output = ctr.attach(stream=True, demux=True)
    stream = ctr.attach_socket(params={"stdin": 1, "stream": 1})
    ctr.start()
    stream._sock.sendall(b"words\n")
    stream._sock.shutdown(socket.SHUT_WR)
    pairs = list(output)
    stream.close()
    assert b"".join(out for out, _ in pairs if out) == b"words\n"
    assert b"".join(err for _, err in pairs if err) == b"done\n"
    assert ctr.attach(logs=True, stream=False) == b"words\ndone\n"


def test_archives(client: docker.DockerClient) -> None:
    """Files go in and come out, whether the container runs or not."""
    ctr = client.containers.create("busybox", ["sleep", "1000"])
    for state in ("created", "running"):
        assert ctr.put_archive("/tmp", archive(a=b"text " + state.encode()))
        pieces, about = ctr.get_archive("/tmp/a")
        assert (about["name"], about["size"], about["mode"] & 0o777) == ("a", 5 + len(state), 0o640)
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
            member = tar.extractfile("a")
            assert member is not None
            assert member.read() == b"text " + state.encode()
        if state == "created":
            ctr.start()
    pieces, about = ctr.get_archive("/tmp")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert "tmp/a" in tar.getnames()
    with pytest.raises(NotFound):
        ctr.get_archive("/nosuch")
    with pytest.raises(NotFound):
        ctr.put_archive("/nosuch", archive(a=b""))
    exported = io.BytesIO(b"".join(ctr.export()))
    with tarfile.open(fileobj=exported) as tar:
        assert "tmp/a" in tar.getnames()
    assert {"Path": "/tmp/a", "Kind": 1} in ctr.diff()


def test_numbers(client: docker.DockerClient) -> None:
    ctr = idle(client, mem_limit="64m", name="counted")
    found = ctr.stats(stream=False)
    assert (found["id"], found["name"]) == (ctr.id, "/counted")
    assert found["memory_stats"]["limit"] == 64 << 20
    assert found["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert found["pids_stats"]["current"] == 1
    each = ctr.stats(decode=True)
    assert next(each)["memory_stats"]["usage"] > 0
    each.close()
    top = ctr.top()
    assert top["Titles"][:2] == ["UID", "PID"] or "PID" in top["Titles"]
    assert len(top["Processes"]) == 1
    assert "sleep" in " ".join(top["Processes"][0])
    ctr.update(mem_limit="32m", memswap_limit="32m")
    ctr.reload()
    assert ctr.attrs["HostConfig"]["Memory"] == 32 << 20
    ctr.resize(20, 40)


def test_lists(client: docker.DockerClient) -> None:
    one = idle(client, name="one", labels={"a": "1", "b": ""})
    two = client.containers.create("busybox", "true", name="two", labels=["b"])
    three = client.containers.run("busybox", "false", name="three", detach=True)
    three.wait()

    def names(**filters: Any) -> list[str]:
        return sorted(each.name for each in client.containers.list(all=True, filters=filters))

    assert names() == ["one", "three", "two"]
    assert names(label="a=1") == ["one"]
    assert names(label=["a", "b"]) == ["one"]
    assert names(name="t") == ["three", "two"]
    assert names(name="^/two$") == ["two"]
    assert names(status="created") == ["two"]
    assert names(exited=1) == ["three"]
    assert names(id=one.id) == ["one"]
    assert names(ancestor="busybox") == ["one", "three", "two"]
    assert names(before="two") == ["one"]
    assert names(since="two") == ["three"]
    assert names(volume="nosuch") == []
    assert [each.name for each in client.containers.list(limit=1)] == ["three"]
    row = client.api.containers(filters={"name": "one"})[0]
    assert (row["Names"], row["Image"], row["State"], row["Command"]) == (["/one"], "busybox", "running", "sleep 1000")
    assert row["Status"].startswith("Up ")
    two.rename("four")
    assert client.containers.get("four").id == two.id
    gone = client.containers.prune()
    assert sorted(gone["ContainersDeleted"]) == sorted([two.id, three.id])
    assert [each.name for each in client.containers.list(all=True)] == ["one"]
    with pytest.raises(APIError) as refused:
        client.containers.create("busybox", name="one")
    assert refused.value.status_code == 409


def test_what_a_container_is_given(client: docker.DockerClient, tmp_path: Any) -> None:
    """Options arrive, and inspect tells of them as they were said."""
    (tmp_path / "file").write_text("from the host")
    script = "cat /host/file; hostname; id -u; pwd; echo $WORD; ulimit -n; cat /etc/hosts | grep friend; cat /mem/x"
    ctr = client.containers.run(
        "busybox", ["-c", f"touch /mem/x; {script}"], entrypoint="sh", detach=True, hostname="box",
        environment={"WORD": "said"}, working_dir="/tmp", user="0", labels={"k": "v"},
        volumes={str(tmp_path): {"bind": "/host", "mode": "ro"}}, tmpfs={"/mem": "size=1m"},
        ulimits=[Ulimit(name="nofile", soft=100, hard=200)], extra_hosts={"friend": "10.1.2.3"},
        cap_drop=["NET_RAW"], read_only=True, log_config=LogConfig(type="json-file", config={"max-size": "1m"}),
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 1}, mem_limit="100m", pids_limit=50, shm_size="8m",
        mounts=[Mount("/more", None, type="tmpfs", tmpfs_size=1 << 20)], init=True, stop_signal="SIGINT",
    )  # fmt: skip
    assert ctr.wait()["StatusCode"] == 0
    said = ctr.logs().decode().split("\n")
    assert said[:6] == ["from the hostbox", "0", "/tmp", "said", "100", "10.1.2.3\tfriend"]
    ctr.reload()
    config, host = ctr.attrs["Config"], ctr.attrs["HostConfig"]
    assert (config["Hostname"], config["WorkingDir"], config["User"]) == ("box", "/tmp", "0")
    assert config["Labels"]["k"] == "v"
    assert (config["Entrypoint"], config["StopSignal"]) == (["sh"], "SIGINT")
    assert "WORD=said" in config["Env"]
    assert (host["ReadonlyRootfs"], host["Memory"], host["PidsLimit"], host["Init"]) == (True, 100 << 20, 50, True)
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 1}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert host["Binds"] == [f"{tmp_path}:/host:ro"]
    bind = next(each for each in ctr.attrs["Mounts"] if each["Destination"] == "/host")
    assert (bind["Type"], bind["Source"], bind["RW"]) == ("bind", str(tmp_path), False)


def test_healthcheck(client: docker.DockerClient) -> None:
    second = 1_000_000_000
    ctr = idle(client, healthcheck={"test": ["CMD-SHELL", "test -e /tmp/well"], "interval": second, "retries": 1})
    ctr.reload()
    assert ctr.attrs["State"]["Health"]["Status"] == "starting"
    assert ctr.health == "starting"
    events = client.events(filters={"container": ctr.id, "event": "health_status"}, decode=True)
    ctr.exec_run("touch /tmp/well")
    assert next(events)["Action"] == "health_status: healthy"
    events.close()
    ctr.reload()
    assert ctr.health == "healthy"
    assert ctr.attrs["State"]["Health"]["Log"][-1]["ExitCode"] == 0
    assert client.api.containers(filters={"health": "healthy"})[0]["Id"] == ctr.id


def test_events(client: docker.DockerClient) -> None:
    """In docker's words, live and from before."""
    since = int(client.info()["SystemTime"] and datetime.now(UTC).timestamp()) - 1
    events = client.events(decode=True, filters={"type": "container"})
    ctr = client.containers.run("busybox", ["sh", "-c", "exit 3"], detach=True, name="eventful", labels={"l": "m"})
    ctr.wait()
    ctr.remove()
    seen = []
    for event in events:
        if event["Actor"]["Attributes"].get("name") == "eventful":
            seen.append(event)
        if event["Action"] == "destroy":
            break
    events.close()
    assert [each["Action"] for each in seen] == ["create", "start", "die", "destroy"]
    die = seen[2]
    assert (die["Type"], die["id"], die["status"], die["from"]) == ("container", ctr.id, "die", "busybox")
    assert die["Actor"]["Attributes"]["exitCode"] == "3"
    assert die["Actor"]["Attributes"]["l"] == "m"
    assert die["timeNano"] // 10**9 == die["time"]
    later = int(datetime.now(UTC).timestamp()) + 1
    old = client.events(since=since, until=later, decode=True, filters={"container": "eventful", "event": ["die"]})
    assert [each["id"] for each in old] == [ctr.id]

"""How containers are made, listed, shown and updated, in the words of both APIs, over a real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.home import SLEEPER
from service.served import Served

ZERO = "0001-01-01T00:00:00Z"


def make(served: Served, name: str = "", host: dict[str, Any] | None = None, **body: Any) -> str:
    """The id of a container that Docker's API has made."""
    said = {"Image": "busybox", "Cmd": list(SLEEPER), "HostConfig": {"NetworkMode": "none"} | (host or {})} | body
    answer = served.post("/v1.44/containers/create", said, name=name)
    assert answer.status == 201, answer
    assert answer.json["Warnings"] == []
    found: str = answer.json["Id"]
    return found


def show(served: Served, name: str, **query: Any) -> Any:
    answer = served.get(f"/v1.44/containers/{name}/json", **query)
    assert answer.status == 200, answer
    return answer.json


def rows(served: Served, **query: Any) -> list[Any]:
    answer = served.get("/v1.44/containers/json", **query)
    assert answer.status == 200, answer
    found: list[Any] = answer.json
    return found


def names(served: Served, conditions: Any = None, **query: Any) -> list[str]:
    return [row["Names"][0] for row in rows(served, filters=conditions or {}, **query)]


def test_a_container_that_was_created(served: Served) -> None:
    id = make(
        served, "web", {"RestartPolicy": {"Name": "always"}, "LogConfig": {"Type": "json-file", "Config": {
            "max-size": "1m"}}, "Memory": 1 << 28, "Binds": ["data:/data:ro"]},
        Env=["A=1"], Labels={"a": "b"}, ExposedPorts={"80/tcp": {}}, StopSignal="INT", Entrypoint=["sh", "-c"],
        Cmd=["true"], WorkingDir="/new", User="0", Volumes={"/anonymous": {}}, OpenStdin=True, StdinOnce=True,
        AttachStdin=True, Healthcheck={"Test": ["CMD", "true"], "Interval": 10**9},
    )  # fmt: skip
    found = show(served, "web")
    config, host, state = found["Config"], found["HostConfig"], found["State"]
    assert (found["Id"], found["Name"], found["Path"], found["Args"]) == (id, "/web", "sh", ["-c", "true"])
    assert found["Image"].startswith("sha256:")
    assert found["Created"].endswith("Z")
    assert {key: state[key] for key in ("Status", "Running", "Pid", "ExitCode", "StartedAt", "FinishedAt")} == {
        "Status": "created", "Running": False, "Pid": 0, "ExitCode": 0, "StartedAt": ZERO, "FinishedAt": ZERO,
    }  # fmt: skip
    assert state["Health"]["Log"] == []
    wanted = {
        "Image": "busybox", "Entrypoint": ["sh", "-c"], "Cmd": ["true"], "Labels": {"a": "b"}, "StopSignal": "INT",
        "StopTimeout": 10, "WorkingDir": "/new", "User": "0", "Volumes": {"/anonymous": {}}, "OpenStdin": True,
        "StdinOnce": True, "AttachStdin": True, "AttachStdout": False, "ExposedPorts": {"80/tcp": {}}, "Tty": False,
        "Hostname": id[:12], "Domainname": "",
    }  # fmt: skip
    assert {key: config[key] for key in wanted} == wanted
    assert config["Healthcheck"]["Interval"] == 10**9
    assert "A=1" in config["Env"]
    wanted = {
        "NetworkMode": "none", "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}, "Memory": 1 << 28,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}, "Binds": ["data:/data:ro"],
        "AutoRemove": False, "PortBindings": {}, "PidMode": "", "CapAdd": None,
    }  # fmt: skip
    assert {key: host[key] for key in wanted} == wanted
    volume = next(mount for mount in found["Mounts"] if mount["Destination"] == "/data")
    assert {key: volume[key] for key in ("Type", "Name", "Driver", "Mode", "RW", "Propagation")} == {
        "Type": "volume", "Name": "data", "Driver": "local", "Mode": "ro", "RW": False, "Propagation": "",
    }  # fmt: skip
    assert list(found["NetworkSettings"]["Networks"]) == ["none"]
    assert found["NetworkSettings"]["Ports"] == {}
    (row,) = rows(served, all=True, size=True)
    wanted = {
        "Id": id, "Names": ["/web"], "Image": "busybox", "ImageID": found["Image"], "Command": "sh -c true",
        "Ports": [], "Labels": {"a": "b"}, "State": "created", "Status": "Created",
        "HostConfig": {"NetworkMode": "none"}, "SizeRw": 0,
    }  # fmt: skip
    assert {key: row[key] for key in wanted} == wanted
    assert row["SizeRootFs"] > 0
    assert rows(served) == []
    assert show(served, id[:12], size=True)["SizeRw"] == 0


def test_a_container_that_runs_and_ends(served: Served) -> None:
    """A directory that was not there is its working directory all the same."""
    id = make(served, "web", WorkingDir="/made/here", StopTimeout=0)
    ctr = served.engine.containers.get(id)
    ctr.start()
    found = show(served, "web")
    assert found["State"]["Status"] == "running"
    assert found["State"]["Running"]
    assert found["State"]["Pid"] > 0
    assert found["State"]["StartedAt"] > found["Created"]
    assert rows(served)[0]["Status"] == "Up Less than a second"
    ctr.pause()
    assert rows(served)[0]["Status"].endswith(" (Paused)")
    paused = show(served, "web")["State"]
    assert (paused["Status"], paused["Running"], paused["Paused"]) == ("paused", True, True)
    ctr.unpause()
    ctr.stop(timeout=0)
    ended = show(served, "web")["State"]
    assert (ended["Status"], ended["ExitCode"], ended["Pid"]) == ("exited", 137, 0)
    assert ended["FinishedAt"] > ended["StartedAt"]
    assert rows(served) == []
    assert rows(served, all=True)[0]["Status"].startswith("Exited (137) ")


def test_who_is_in_the_list(served: Served) -> None:
    first = make(served, "one", Labels={"a": "1", "b": "2"})
    make(served, "two", {"NetworkMode": "host", "Binds": ["data:/d"]}, Labels={"a": "2"}, ExposedPorts={"80/tcp": {}})
    served.engine.containers.get("two").start()
    id = show(served, "one")["Image"]
    every = {"all": True}
    assert names(served, **every) == ["/two", "/one"]
    assert names(served) == ["/two"]
    assert names(served, limit=1) == ["/two"]
    assert names(served, limit=0, **every) == names(served, limit=-1, **every) == ["/two", "/one"]
    for conditions, wanted in (
        ({"status": ["created"]}, ["/one"]), ({"status": {"running": True}}, ["/two"]),
        ({"name": ["^/one$"]}, ["/one"]), ({"name": ["/"]}, ["/two", "/one"]),
        ({"id": [first[:5]]}, ["/one"]), ({"label": ["a"]}, ["/two", "/one"]),
        ({"label": ["a=1", "b"]}, ["/one"]), ({"label": {"a=2": True, "b": True}}, []), ({"label!": ["b"]}, ["/two"]),
        ({"ancestor": ["busybox"]}, ["/two", "/one"]), ({"ancestor": [id]}, ["/two", "/one"]),
        ({"ancestor": ["other"]}, []), ({"network": ["host"]}, ["/two"]), ({"network": ["none"]}, ["/one"]),
        ({"network": ["nothing"]}, []), ({"volume": ["data"]}, ["/two"]), ({"volume": ["/d"]}, ["/two"]),
        ({"health": ["none"]}, ["/two", "/one"]), ({"before": ["two"]}, ["/one"]), ({"since": ["one"]}, ["/two"]),
        ({"expose": ["80"]}, ["/two"]), ({"expose": ["79-81/tcp"]}, ["/two"]), ({"expose": ["80/udp"]}, []),
        ({"publish": ["80"]}, []), ({"is-task": ["false"]}, ["/two", "/one"]), ({"is-task": ["true"]}, []),
        ({"exited": ["0"]}, []), ({"status": ["created"], "name": ["two"]}, []),
    ):  # fmt: skip
        assert names(served, conditions, **every) == wanted, conditions
    assert names(served, {"status": ["created"]}) == ["/one"]  # which says by itself that it does not run


@pytest.mark.parametrize(("conditions", "status"), [
    ({"nosuch": ["x"]}, 400), ({"status": ["stopped"]}, 400), ({"exited": ["x"]}, 400), ({"before": ["nobody"]}, 404),
    ({"is-task": ["maybe"]}, 400), ({"expose": ["x"]}, 400), ({"health": ["ill"]}, 400), ({"name": ["("]}, 400),
])  # fmt: skip
def test_conditions_that_are_none(served: Served, conditions: Any, status: int) -> None:
    assert served.get("/containers/json", filters=conditions).status == status


def test_what_cannot_be_created(served: Served) -> None:
    """In the words that Docker's clients look for: they pull the image, or tell who has the name."""
    id = make(served, "web")

    def create(body: Any, **query: Any) -> tuple[int, str]:
        answer = served.post("/v1.44/containers/create", body, **query)
        return answer.status, answer.json["message"]

    assert create({"Image": "nothing"}) == (404, "No such image: nothing:latest")
    assert create({"Image": "registry.example:5000/a/b:c"}) == (404, "No such image: registry.example:5000/a/b:c")
    assert create({"Image": "busybox"}, platform="linux/s390x")[0] == 404
    status, text = create({"Image": "busybox", "Cmd": ["true"]}, name="web")
    assert status == 409
    assert text.startswith(f'Conflict. The container name "/web" is already in use by container "{id}".')
    for body, query in (
        ({}, {}), ({"Image": "busybox"}, {"name": "no way"}), ({"Image": "BAD NAME"}, {}),
        ({"Image": "busybox", "HostConfig": {"UsernsMode": "private"}}, {}),
        ({"Image": "busybox", "HostConfig": {"NetworkMode": "container:nobody"}}, {}),
        ({"Image": "busybox", "HostConfig": {"NetworkMode": "nosuch"}}, {}),
        ({"Image": "busybox", "HostConfig": {"Binds": ["/a:/b", "/c:/b"]}}, {}),
        ({"Image": "busybox", "HostConfig": {"Devices": [{"PathOnHost": "/dev/nosuch"}]}}, {}),
        ({"Image": 5}, {}), ({"Image": "busybox", "Cmd": {}}, {}), ({"Image": "busybox", "StopTimeout": 1.5}, {}),
        ({"Image": "busybox", "StopTimeout": 2**63}, {}),
    ):  # fmt: skip
        answer = served.post("/v1.44/containers/create", body, **query)
        assert 400 <= answer.status < 500, (body, answer)
        assert answer.json["message"]
    assert [ctr.facts.name for ctr in served.engine.containers.list()] == ["web"]


def test_directories_that_are_made(served: Served, tmp_path: Path) -> None:
    make(served, "web", {"Binds": [f"{tmp_path}/some/where:/a"]})
    assert (tmp_path / "some" / "where").is_dir()
    assert show(served, "web")["Mounts"] == [
        {"Type": "bind", "Source": f"{tmp_path}/some/where", "Destination": "/a", "Mode": "", "RW": True,
         "Propagation": "rprivate"},
    ]  # fmt: skip
    refused = served.post("/containers/create", {"Image": "busybox", "HostConfig": {"Mounts": [
        {"Type": "bind", "Source": f"{tmp_path}/nowhere", "Target": "/a"},
    ]}})  # fmt: skip
    assert refused.status == 400
    assert not (tmp_path / "nowhere").exists()


def test_a_profile_written_out(served: Served) -> None:
    """As Docker's CLI sends a seccomp profile: its text."""
    profile = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]})
    make(served, "web", {"SecurityOpt": [f"seccomp={profile}"]}, Cmd=["mkdir", "/x"])
    ctr = served.engine.containers.get("web")
    with ctr.start_and_attach() as session:
        assert b"Function not implemented" in session.read_all().stderr
    assert show(served, "web")["HostConfig"]["SecurityOpt"] == [f"seccomp={profile}"]
    bad = {"Image": "busybox", "HostConfig": {"SecurityOpt": ["seccomp={"]}}
    assert served.post("/containers/create", bad).status == 400


def test_an_entrypoint_dropped(served: Served) -> None:
    """The image's command stays, unless the entrypoint is an empty word."""
    served.engine.images.commit(make(served, "base"), "own", changes=['ENTRYPOINT ["echo"]', 'CMD ["a", "b"]'])
    make(served, "kept", Image="own", Entrypoint=[], Cmd=None)
    kept = show(served, "kept")
    assert (kept["Path"], kept["Args"], kept["Config"]["Entrypoint"]) == ("a", ["b"], None)
    gone = served.post("/containers/create", {"Image": "own", "Entrypoint": [""]})
    assert gone.status == 400
    make(served, "whole", Image="own", Cmd=None)
    assert show(served, "whole")["Config"]["Entrypoint"] == ["echo"]


def test_no_health_check(served: Served) -> None:
    """That none is wanted is shown, of a new container and of one that had one."""
    make(served, "none", Healthcheck={"Test": ["NONE"]})
    assert show(served, "none")["Config"]["Healthcheck"] == {"Test": ["NONE"]}
    make(served, "web", Healthcheck={"Test": ["CMD", "true"]})
    assert served.post("/libpod/containers/web/update", {"no_healthcheck": True}).status == 201
    assert show(served, "web")["Config"]["Healthcheck"] == {"Test": ["NONE"]}
    assert served.get("/libpod/containers/web/json").json["Config"]["Healthcheck"] == {"Test": ["NONE"]}
    assert served.post("/libpod/containers/web/update", {"health_cmd": "ls"}).status == 201
    assert show(served, "web")["Config"]["Healthcheck"]["Test"] == ["CMD-SHELL", "ls"]
    make(served, "unsaid")
    assert "Healthcheck" not in show(served, "unsaid")["Config"]


def test_an_update(served: Served) -> None:
    id = make(served, "web")
    asked = {"Memory": 1 << 28, "MemorySwap": 1 << 29, "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}
    answer = served.post("/v1.44/containers/web/update", asked)
    assert (answer.status, answer.json) == (200, {"Warnings": []})
    host = show(served, "web")["HostConfig"]
    assert host["Memory"] == 1 << 28
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    assert served.post("/containers/web/update", {}).json == {"Warnings": []}
    assert served.post("/containers/web/update", {"Memory": 1}).status == 400
    assert served.post("/containers/nobody/update", {}).status == 404
    answer = served.post("/v5.0.0/libpod/containers/web/update", {"Memory": {"Limit": 1 << 27, "swap": 1 << 28}})
    assert (answer.status, answer.json) == (201, id)
    answer = served.post("/libpod/containers/web/update", {}, restartPolicy="always")
    assert answer.status == 201
    host = show(served, "web")["HostConfig"]
    assert (host["Memory"], host["RestartPolicy"]["Name"]) == (1 << 27, "always")


def test_small_and_large_letters_in_keys_are_the_same(served: Served) -> None:
    """As for dockerd, which is written in Go."""
    body = {"image": "busybox", "HOSTCONFIG": {"networkmode": "none", "TmpFs": {"/mytmpfs": "rw,noatime"}}}
    assert served.post("/containers/create", body | {"cmd": ["true"]}, name="odd").status == 201
    host = show(served, "odd")["HostConfig"]
    assert (host["NetworkMode"], host["Tmpfs"]) == ("none", {"/mytmpfs": "rw,noatime"})
    answer = served.post("/containers/create", {"image": "no/such:1"})
    assert (answer.json["message"], answer.json["cause"]) == ("No such image: no/such:1", "image not known")


# --- podman's own API ------------------------------------------------------------------------------------------------


def test_podmans_form(served: Served) -> None:
    spec = {
        "Image": "busybox", "command": ["sleep", "1000"], "netns": {"nsmode": "none"}, "labels": {"a": "b"},
        "entrypoint": [], "stop_signal": "SIGINT",
    }  # fmt: skip
    answer = served.post("/v5.0.0/libpod/containers/create", spec | {"name": "web"})
    assert answer.status == 201
    id = answer.json["Id"]
    found = served.get("/v5.4.2/libpod/containers/web/json").json
    assert (found["Id"], found["Name"]) == (id, "web")
    assert (found["ResolvConfPath"], found["HostsPath"]) == ("", "")
    assert (found["Config"]["Entrypoint"], found["Config"]["StopSignal"]) == ([], "SIGINT")
    own = spec | {"name": "own", "use_image_hosts": True, "use_image_hostname": True, "use_image_resolve_conf": True}
    for name, body in (("usual", spec | {"name": "usual"}), ("own", own)):
        assert served.post("/libpod/containers/create", body).status == 201
        assert served.post(f"/libpod/containers/{name}/init").status == 204
        about = served.get(f"/libpod/containers/{name}/json").json
        for key in ("ResolvConfPath", "HostsPath", "HostnamePath"):  # of what is mounted, and of nothing else
            assert bool(about[key]) is (name == "usual")
        assert served.delete(f"/libpod/containers/{name}").status == 200
    older = served.get("/v4.3.1/libpod/containers/web/json", size=True).json
    assert (older["Config"]["Entrypoint"], older["Config"]["StopSignal"]) == ("", 2)
    assert older["SizeRw"] == 0
    assert found["HostConfig"]["Annotations"] is None
    marked = spec | {"name": "marked", "privileged": True, "annotations": {"k": "v"}}
    assert served.post("/libpod/containers/create", marked).status == 201
    assert served.get("/libpod/containers/marked/json").json["HostConfig"]["Annotations"] == {
        "k": "v", "io.podman.annotations.privileged": "TRUE",
    }  # fmt: skip
    assert served.delete("/libpod/containers/marked").status == 200
    assert served.post("/libpod/containers/create", spec, name="other").status == 201
    both = served.get("/libpod/containers/json", all=True).json
    assert [row["Names"] for row in both] == [["web"], ["other"]]
    assert (both[0]["State"], both[0]["Status"], both[0]["Size"]) == ("created", "", None)
    assert both[0]["Created"].endswith("Z")
    assert served.get("/libpod/containers/json").json == []
    last = served.get("/libpod/containers/json", last=1, size=True).json
    assert [row["Names"] for row in last] == [["other"]]
    assert last[0]["Size"]["rwSize"] == 0
    assert len(served.get("/libpod/containers/json", limit=-1, last=-1, all=True).json) == 2
    chosen = served.get("/libpod/containers/json", filters={"name": ["web"], "status": ["created"]}).json
    assert [row["Id"] for row in chosen] == [id]


@pytest.mark.parametrize(("spec", "status"), [
    ({"image": "nothing"}, 404), ({}, 400), ({"image": "busybox", "userns": {"nsmode": "private"}}, 400),
    ({"image": "busybox", "command": 5}, 400), ({"image": "busybox", "pod": "nobody"}, 404),
])  # fmt: skip
def test_what_podmans_api_refuses(served: Served, spec: Any, status: int) -> None:
    answer = served.post("/libpod/containers/create", spec)
    assert (answer.status, answer.json["response"]) == (status, status)
    if status == 404 and "pod" not in spec:
        assert answer.json["cause"] == "image not known"


def test_in_a_pod(served: Served) -> None:
    pod = served.engine.pods.create("p")
    spec = {"image": "busybox", "command": ["true"], "pod": "p", "pidns": {}, "netns": {"nsmode": ""}}
    assert served.post("/libpod/containers/create", spec | {"name": "member"}).status == 201
    found = served.get("/libpod/containers/member/json").json
    assert found["Pod"] == pod.id
    shown = show(served, "member")
    assert shown["HostConfig"]["NetworkMode"].startswith("container:")
    assert shown["NetworkSettings"]["Networks"] == {}
    assert len(rows(served, all=True)) == 2

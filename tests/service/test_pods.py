"""podman's routes for pods."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.home import OBEDIENT, READY, SLEEPER, executed
from seabox.container.container import Container
from seabox.pods.pod import Pod
from service.served import Served

AT = "/v5.0.0/libpod/pods"


def make(served: Served, *commands: tuple[str, ...], name: str = "pod", **how: Any) -> tuple[Pod, list[Container]]:
    pod = served.engine.pods.create(name, **how)
    return pod, [served.engine.containers.create("busybox", each, pod=name) for each in commands]


def test_create(served: Served) -> None:
    """As podman's clients ask for it, without a content type as well."""
    assert served.get(f"{AT}/json").json == []
    made = served.ask("POST", f"{AT}/create", json.dumps({"name": "foo", "labels": {"a": "b"}}).encode())
    assert made.status == 201
    id = made.json["Id"]
    assert served.get(f"{AT}/foo/exists").status == 204
    assert served.get(f"{AT}/{id}/exists").status == 204
    assert served.get(f"{AT}/notfoo/exists").status == 404
    about = served.get(f"{AT}/foo/json").json
    assert (about["Id"], about["Name"], about["State"], len(about["Containers"])) == (id, "foo", "Created", 1)
    again = served.post(f"{AT}/create", {"name": "foo"})
    assert (again.status, again.json["cause"]) == (409, "pod already exists")
    bare = served.post(f"{AT}/create", {"no_infra": True}).json["Id"]
    assert "Containers" not in served.get(f"{AT}/{bare}/json").json
    rows = served.get(f"{AT}/json").json
    assert [(row["Id"], row["Status"], len(row["Containers"])) for row in rows] == [
        (id, "Created", 1), (bare, "Created", 0),
    ]  # fmt: skip
    assert [row["Id"] for row in served.get(f"{AT}/json", filters={"label": ["a=b"]}).json] == [id]
    assert served.get(f"{AT}/json", filters={"until": ["500000"]}).json == []
    assert served.get(f"{AT}/json?filters=garb1age").status == 400
    assert served.get(f"{AT}/json", filters={"bogus": ["x"]}).status == 400


def test_create_says_much(served: Served) -> None:
    asked = {
        "name": "foo", "hostname": "host", "shared_namespaces": ["ipc", "uts"], "exit_policy": "stop",
        "restart_policy": "on-failure", "restart_tries": 3, "sysctl": None, "dns_server": ["1.1.1.1"],
        "hostadd": ["a:1.2.3.4"], "pidns": {"nsmode": "private"}, "pod_create_command": ["me"],
        "mounts": [{"type": "bind", "source": "/tmp", "destination": "/host", "options": ["ro"]}],
        "volumes": [{"Name": "data", "Dest": "/data"}],
        "resource_limits": {"memory": {"limit": 1 << 26}, "cpu": {"quota": 50000, "period": 100000}},
    }  # fmt: skip
    answer = served.post(f"{AT}/create", asked)
    assert answer.status == 201, answer
    about = served.get(f"{AT}/foo/json").json
    assert about["SharedNamespaces"] == ["ipc", "uts"]
    assert (about["ExitPolicy"], about["RestartPolicy"], about["CreateCommand"]) == ("stop", "on-failure", ["me"])
    assert about["volumes"] == ["/tmp:/host:ro", "data:/data"]
    assert (about["memory_limit"], about["cpu_quota"], about["Hostname"]) == (1 << 26, 50000, "host")


@pytest.mark.parametrize("asked", [
    {"name": 3}, {"name": "a b"}, {"exit_policy": "never"}, {"shared_namespaces": ["bogus"]}, {"restart_policy": "x"},
    {"no_infra": True, "portmappings": [{"container_port": 80}]}, {"netns": {"nsmode": "container", "value": "x"}},
    {"portmappings": [{"container_port": 70000}]}, {"userns": {"nsmode": "auto"}}, {"volumes_from": ["x"]},
    {"resource_limits": {"pids": {"limit": 3}}}, {"mounts": [{"type": "tmpfs", "destination": "/x"}]},
    {"static_ip": "nothing"}, {"static_mac": "nothing"}, {"Networks": {"nosuch": {}}},
])  # fmt: skip
def test_what_cannot_be(served: Served, asked: dict[str, Any]) -> None:
    answer = served.post(f"{AT}/create", asked)
    assert answer.status in (400, 404), answer
    assert served.engine.pods.list() == []


def test_moves(served: Served) -> None:
    pod, (ctr,) = make(served, SLEEPER)
    done = {"Errs": None, "Id": pod.id, "RawInput": "pod"}
    for verb, status, after in (
        ("stop", 304, "Created"), ("kill", 409, "Created"),
        ("start", 200, "Running"), ("start", 304, "Running"), ("pause", 200, "Paused"), ("unpause", 200, "Running"),
        ("unpause", 200, "Running"), ("stop?t=0", 200, "Exited"), ("stop", 304, "Exited"), ("start", 200, "Running"),
        ("kill", 200, "Exited"), ("restart", 200, "Running"),
    ):  # fmt: skip
        answer = served.post(f"{AT}/pod/{verb}")
        assert answer.status == status, (verb, answer)
        assert answer.body == b"" if status == 304 else status == 409 or answer.json == done
        if verb == "kill" and status == 200:
            for each in pod.containers:
                each.wait()
        assert pod.status == after, verb
    assert ctr.status == "running"
    missing = served.post(f"{AT}/fakename/start")
    assert (missing.status, missing.json["cause"], missing.json["message"]) == (
        404, "no such pod", "no pod with name or ID fakename found: no such pod",
    )  # fmt: skip
    assert served.post(f"{AT}/pod/stop", t="invalid").status == 400
    assert served.post(f"{AT}/pod/kill", signal="nosuch").status == 400
    assert served.post(f"{AT}/pod/stop", t=0).status == 200


def test_a_signal_of_choice(served: Served) -> None:
    pod, (ctr,) = make(served, OBEDIENT, infra=False)
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, READY.encode())
    assert served.post(f"{AT}/pod/kill", signal="TERM").status == 200
    assert ctr.wait() == 9
    assert pod.status == "Exited"


def test_some_fail(served: Served) -> None:
    """The reasons are told, each."""
    pod, (_, bad) = make(served, SLEEPER, ("/no/such/program",))
    answer = served.post(f"{AT}/pod/start")
    assert answer.status == 409
    (why,) = answer.json["Errs"]
    assert why.startswith(f"starting container {bad.id}: ")
    assert (answer.json["Id"], pod.status) == (pod.id, "Degraded")
    assert served.post(f"{AT}/pod/stop", t=0).status == 200


def test_remove_and_prune(served: Served) -> None:
    pod, (ctr,) = make(served, SLEEPER)
    ctr.start(recursive=True)
    assert served.delete(f"{AT}/pod").status == 409
    gone = served.delete(f"{AT}/pod", force=True, timeout=0)
    assert (gone.status, gone.json["Id"], ctr.id in gone.json["RemovedCtrs"]) == (200, pod.id, True)
    assert served.delete(f"{AT}/pod").status == 404
    assert served.delete(f"{AT}/pod", ignore=True).status == 200
    ended, (once,) = make(served, ("true",), infra=False)
    make(served, name="fresh")
    once.start()
    once.wait()
    assert served.post(f"{AT}/prune").json == [{"Err": None, "Id": ended.id}]
    assert [seen.facts.name for seen in served.engine.pods.list()] == ["fresh"]


def test_top_and_stats(served: Served) -> None:
    pod, (ctr,) = make(served, SLEEPER)
    make(served, name="idle")
    served.post(f"{AT}/pod/start")
    executed(ctr)
    found = served.get(f"{AT}/pod/top").json
    assert found["Titles"] == "USER PID PPID %CPU ELAPSED TTY TIME COMMAND".split()
    assert {row[-1] for row in found["Processes"]} == {"/catatonit -P", "sleep 1000"}
    assert served.get(f"{AT}/pod/top", ps_args="args,pid").json["Titles"] == ["COMMAND", "PID"]
    assert served.get(f"{AT}/fakename/top").status == 404
    rows = served.get(f"{AT}/stats", all=True).json
    assert len(rows) == 3
    assert set(rows[0]) == {"CPU", "MemUsage", "MemUsageBytes", "Mem", "NetIO", "BlockIO", "PIDS", "Pod", "CID", "Name"}
    assert len(served.get(f"{AT}/stats").json) == 2
    assert [row["Pod"] for row in served.get(f"{AT}/stats", namesOrIDs=["pod"]).json] == [pod.id[:12]] * 2
    missing = served.get(f"{AT}/stats", namesOrIDs="fakename")
    assert (missing.status, missing.json["cause"]) == (404, "no such pod")
    assert missing.json["message"] == "unable to get list of pods: no pod with name or ID fakename found: no such pod"
    assert served.get(f"{AT}/stats", namesOrIDs="pod", all=True).status == 400
    with served.begin("GET", f"{AT}/stats", stream=True, delay=1) as stream:
        assert [len(json.loads(stream.readline())) for _ in range(2)] == [2, 2]
    pod.stop(0)

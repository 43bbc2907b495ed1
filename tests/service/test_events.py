"""What happened, over the wire, under both APIs' names."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPResponse
from typing import Any

import seabox
from service.served import Served

SLEEPER = ["sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait $!"]


def life(served: Served) -> seabox.Container:
    """A container that is created, runs a command, is killed and removed."""
    ctr = served.engine.containers.create("busybox", SLEEPER, name="web", labels={"a": "b"})
    with ctr.start_and_attach():
        ctr.exec_run(["echo", "hello"])
        ctr.kill(15)
        ctr.wait(timeout=60)
    ctr.remove()
    return ctr


def actions(rows: list[Any]) -> list[str]:
    return [row["Action"] for row in rows]


def test_docker(served: Served) -> None:
    ctr = life(served)
    rows = served.get("/events", since="1", until=str(time.time()), filters={"type": {"container": True}}).lines
    found = actions(rows)
    assert found[:2] == ["create", "start"]
    assert [each for each in found if each.startswith("exec")] == [
        "exec_create: echo hello", "exec_start: echo hello", "exec_die",
    ]  # fmt: skip
    assert found[-3:-1] == ["kill", "die"] or found[-2:] == ["die", "destroy"]
    assert set(found) <= {"create", "start", "attach", "kill", "die", "destroy", *found[2:6]}
    by_action = {row["Action"]: row for row in rows}
    died = by_action["die"]
    assert (died["status"], died["id"], died["scope"]) == ("die", ctr.id, "local")
    assert died["from"] == died["Actor"]["Attributes"]["image"]
    about = died["Actor"]["Attributes"]
    assert died["Actor"]["ID"] == ctr.id
    assert (about["name"], about["exitCode"], about["a"], about["execDuration"]) == ("web", "3", "b", "0")
    assert by_action["kill"]["Actor"]["Attributes"]["signal"] == "15"
    assert by_action["exec_die"]["Actor"]["Attributes"]["exitCode"] == "0"
    assert died["timeNano"] // 10**9 == died["time"]


def test_conditions(served: Served) -> None:
    life(served)
    served.engine.volumes.create("v")
    served.engine.networks.create("n")

    def told(**filters: list[str]) -> list[str]:
        return actions(served.get("/events", since="1", until="0.5s", filters=filters).lines)

    assert told(event=["die", "create"], container=["web"]) == ["create", "die"]
    assert told(event=["exec_create"]) == ["exec_create: echo hello"]
    assert told(label=["a=b"], event=["start"]) == ["start"]
    assert told(label=["a=c"]) == []
    assert told(image=["busybox"], event=["start"]) == told(image=["busybox:latest"], event=["start"]) == ["start"]
    assert told(type=["volume"]) == told(volume=["v"]) == ["create"]
    assert told(network=["n"]) == ["create"]
    assert told(container=["nope"]) == []
    [volume] = served.get("/events", since="1", until="0.1s", filters={"type": ["volume"]}).lines
    assert volume["Actor"] == {"ID": "v", "Attributes": {"driver": "local"}}
    assert "status" not in volume
    for wrong in ({"since": "x"}, {"until": "yesterday"}, {"filters": [1]}):
        assert served.get("/events", **wrong).status == 400
    assert served.get("/libpod/events", filters={"bogus": ["1"]}).status == 400


def test_libpod(served: Served) -> None:
    ctr = life(served)
    rows = served.get("/libpod/events", stream=False, filters={"type": ["container"]}).lines
    assert actions(rows)[:2] == ["create", "init"]
    died = next(row for row in rows if row["Action"] == "died")
    assert (died["status"], died["id"], died["Type"]) == ("died", ctr.id, "container")
    assert died["Actor"]["Attributes"]["containerExitCode"] == "3"
    assert served.get("/libpod/events", stream=False, filters={"event": ["remove"]}).lines[0]["status"] == "remove"


def test_following(served: Served) -> None:
    """The headers come at once, then what happens, and nothing from before."""
    served.engine.volumes.create("before")
    responses: list[HTTPResponse] = [served.begin("GET", path, filters={"type": ["volume"]}) for path in (
        "/events", "/libpod/events",
    )]  # fmt: skip
    for response in responses:
        assert (response.status, response.getheader("Content-Type")) == (200, "application/json")
    served.engine.volumes.create("now")
    for response in responses:
        with response:
            assert json.loads(response.readline())["Actor"]["ID"] in ("now", "")
    done = threading.Event()

    def until() -> None:
        served.get("/events", until="0.3s")
        done.set()

    threading.Thread(target=until, daemon=True).start()
    assert done.wait(20)


def test_docker_without_a_stream(served: Served) -> None:
    """podman's word for it is known under both APIs."""
    life(served)
    assert actions(served.get("/events", stream=False, filters={"event": ["create"]}).lines) == ["create"]

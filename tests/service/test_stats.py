"""What containers use of the machine, over the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

import seabox
from service.served import Served

BUSY = ["sh", "-c", "echo ready; while :; do :; done"]


@pytest.fixture
def ctr(served: Served) -> seabox.Container:
    ctr = served.engine.containers.create("busybox", BUSY, name="busy", memory=64 << 20)
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    return ctr


def share(sample: Any) -> float:
    """Of one processor, as docker's CLI reckons."""
    now, before = sample["cpu_stats"], sample["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    machine = now["system_cpu_usage"] - before["system_cpu_usage"]
    return float(used / machine * now["online_cpus"])


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_one_sample(served: Served, ctr: seabox.Container, api: str) -> None:
    [sample] = served.get(f"{api}/containers/busy/stats", stream=False).lines
    assert (sample["name"], sample["id"]) == ("/busy", ctr.id)
    assert 0.05 < share(sample) < 1.5
    assert sample["memory_stats"]["limit"] == 64 << 20
    assert 0 < sample["memory_stats"]["usage"] < 64 << 20
    assert sample["pids_stats"]["current"] == 1
    assert sample["read"] > sample["preread"] > "2020"
    [at_once] = served.get(f"{api}/containers/busy/stats", **{"stream": False, "one-shot": True}).lines
    assert at_once["preread"] == "0001-01-01T00:00:00Z"
    assert at_once["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert served.get(f"{api}/containers/nope/stats").status == 404


def test_going_on(served: Served, ctr: seabox.Container) -> None:
    """One that ends uses nothing from then on; the end of the stream is its removal."""
    with served.begin("GET", "/containers/busy/stats") as response:
        first, second = json.loads(response.readline()), json.loads(response.readline())
        assert second["preread"] == first["read"]
        ctr.kill()
        while json.loads(response.readline())["pids_stats"]["current"]:
            pass
        ctr.remove()
        assert all(json.loads(line)["cpu_stats"]["cpu_usage"]["total_usage"] == 0 for line in response)
    stopped = served.engine.containers.create("busybox", BUSY)
    [sample] = served.get(f"/containers/{stopped.id}/stats", stream=False).lines
    assert sample["cpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert (sample["id"], "Id" in sample) == (stopped.id, False)
    [sample] = served.get(f"/libpod/containers/{stopped.id}/stats", stream=False).lines
    assert sample["Id"] == stopped.id


def test_several(served: Served, ctr: seabox.Container) -> None:
    other = served.engine.containers.create("busybox", BUSY, name="idle")
    [report] = served.get("/libpod/containers/stats", stream=False).lines
    assert [each["Name"] for each in report["Stats"]] == ["busy"]
    [row] = report["Stats"]
    assert row["ContainerID"] == ctr.id
    assert row["CPU"] > 5
    assert row["PIDs"] == 1
    assert row["MemLimit"] == 64 << 20
    [report] = served.get("/libpod/containers/stats", stream=False, containers=["idle", "busy"]).lines
    assert [each["ContainerID"] for each in report["Stats"]] == [other.id, ctr.id]
    with served.begin("GET", "/libpod/containers/stats?interval=1") as response:
        assert all(json.loads(response.readline())["Error"] is None for _ in range(2))
    assert served.get("/libpod/containers/stats", containers="nope").status == 404
    assert served.get("/libpod/containers/stats", interval=0).status == 400

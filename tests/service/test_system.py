"""The engine and its host as clients see them, the room that everything takes, and giving it back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import seabox
from service.served import Served

DOCKERS = (
    "Architecture BridgeNfIp6tables BridgeNfIptables CPUSet CPUShares CgroupDriver CgroupVersion Containers "
    "ContainersPaused ContainersRunning ContainersStopped CpuCfsPeriod CpuCfsQuota Debug DefaultRuntime DockerRootDir "
    "Driver DriverStatus ExperimentalBuild HttpProxy HttpsProxy ID IPv4Forwarding Images IndexServerAddress InitBinary "
    "Isolation KernelVersion Labels LiveRestoreEnabled LoggingDriver MemTotal MemoryLimit NCPU NEventsListener NFd "
    "NGoroutines Name NoProxy OSType OSVersion OomKillDisable OperatingSystem PidsLimit Plugins RegistryConfig "
    "RuncCommit Runtimes SecurityOptions ServerVersion SwapLimit Swarm SystemTime Warnings"
).split()


def test_dockers_info(served: Served) -> None:
    for name in ("one", "two"):
        served.engine.containers.create("busybox", ["true"], name=name)
    found = served.get("/info").json
    assert [key for key in DOCKERS if key not in found] == []
    assert (found["Containers"], found["ContainersStopped"], found["Images"], found["NCPU"]) == (
        2, 2, 1, os.cpu_count(),
    )  # fmt: skip
    assert (found["DefaultRuntime"], found["OSType"], found["Architecture"]) == ("runc", "linux", os.uname().machine)
    assert found["DefaultRuntime"] in found["Runtimes"]
    assert (found["Swarm"]["LocalNodeState"], found["CgroupVersion"] in "12") == ("inactive", True)
    assert served.get("/v1.44/info").json["ID"] == found["ID"]


def test_podmans_info(served: Served) -> None:
    """Its names, and the version that its clients look for; what is a map of words stays as it is."""
    found = served.get("/v5.0.0/libpod/info").json
    assert set(found) == {"host", "store", "registries", "plugins", "version"}
    assert (found["host"]["os"], found["store"]["imageStore"]["number"]) == ("linux", 1)
    assert found["host"]["networkBackendInfo"]["backend"] == "netavark"
    assert "Backing Filesystem" in found["store"]["graphStatus"]
    assert (found["version"]["APIVersion"], found["version"]["Version"]) == ("5.0.0", seabox.__version__)


def test_registries(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the host's files say of them is told in both forms."""
    (tmp_path / "registries.conf").write_text(
        'unqualified-search-registries = ["a.example"]\n[[registry]]\nlocation = "localhost:5000"\ninsecure = true\n'
        '[[registry.mirror]]\nlocation = "mirror.localhost:5000"\n'
    )
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    found = served.get("/info").json["RegistryConfig"]["IndexConfigs"]
    assert found["localhost:5000"] == {
        "Name": "localhost:5000", "Mirrors": ["mirror.localhost:5000"], "Secure": False, "Official": False,
    }  # fmt: skip
    assert found["docker.io"]["Official"] is True
    libpod = served.get("/libpod/info").json["registries"]
    assert (libpod["search"], libpod["localhost:5000"]["Insecure"]) == (["a.example"], True)


def test_versions(served: Served) -> None:
    found = served.get("/version").json
    assert [(each["Name"], bool(each["Version"])) for each in found["Components"]] == [
        ("Engine", True), ("conmon", True), ("runc", True),
    ]  # fmt: skip
    assert (found["ApiVersion"], found["MinAPIVersion"], found["Os"]) == ("1.44", "1.24", "linux")
    libpod = served.get("/v5.0.0/libpod/version").json
    assert [each["Name"] for each in libpod["Components"]] == ["Podman Engine", "Conmon", "OCI Runtime (runc)"]
    assert libpod["Components"][0]["Details"]["APIVersion"] == "5.0.0"
    assert (libpod["ApiVersion"], libpod["Version"]) == ("1.44", seabox.__version__)
    assert served.ask("HEAD", "/_ping").headers["swarm"] == "inactive"


def test_no_swarm(served: Served) -> None:
    for name in ("swarm", "services", "nodes", "tasks", "configs"):
        answer = served.get(f"/{name}")
        assert answer.status == 503
        assert answer.json["message"].startswith("This node is not a swarm manager.")
    assert served.post("/swarm/leave", force=True).status == 503
    assert served.get("/plugins").json == []
    assert served.get("/services/x").status == 404


def test_room(served: Served) -> None:
    """Each image, container and volume is there once, and what is not asked for is not."""
    served.engine.containers.create("busybox", ["true"], volumes=("data:/d",), name="c")
    with open(f"{served.engine.volumes.mount('data')}/file", "w") as file:
        file.write("12345")
    found = served.get("/system/df").json
    assert found["Volumes"][0]["UsageData"] == {"Size": 5, "RefCount": 1}
    assert (found["Images"][0]["Containers"], found["Containers"][0]["Names"], found["BuildCache"]) == (1, ["/c"], [])
    assert found["LayersSize"] == found["Images"][0]["Size"] > 0
    assert {"SizeRw", "SizeRootFs"} <= set(found["Containers"][0])
    only = served.get("/system/df", type=["volume", "image"]).json
    assert (only["Volumes"], only["Images"], only["Containers"]) == (found["Volumes"], found["Images"], None)
    assert served.get("/system/df", type="nope").status == 400
    libpod = served.get("/libpod/system/df").json
    assert libpod["Volumes"] == [{"VolumeName": "data", "Links": 1, "Size": 5, "ReclaimableSize": 0}]
    told = libpod["Containers"][0]
    assert (told["Names"], told["LocalVolumes"], told["Command"]) == ("c", 1, ["true"])
    assert (libpod["Images"][0]["Containers"], libpod["ImagesSize"]) == (1, found["LayersSize"])


def test_prune(served: Served) -> None:
    """What is labelled goes first, volumes only if they are meant, and at last all that nothing uses."""
    for name in ("one", "two"):
        served.engine.volumes.create(name, labels={"name": name})
        served.engine.networks.create(name, labels={"name": name})
        served.engine.containers.create("busybox", ["true"], name=name, labels={"name": name})

    def gone(**query: Any) -> dict[str, list[str]]:
        told = served.post("/libpod/system/prune", **query).json
        assert told.pop("ReclaimedSpace") >= 0
        return {key: [each.get("Id") or each["Name"] for each in value] for key, value in told.items() if value}

    one, two = (served.engine.containers.get(name).id for name in ("one", "two"))
    assert gone(filters={"label": ["name=nobody"]}, volumes=True) == {}
    assert gone(filters={"label": ["name=one"]}) == {"ContainerPruneReports": [one], "NetworkPruneReports": ["one"]}
    assert gone(filters={"label": ["name=one"]}, volumes=True) == {"VolumePruneReports": ["one"]}
    assert gone(volumes=True) == {
        "ContainerPruneReports": [two], "NetworkPruneReports": ["two"], "VolumePruneReports": ["two"],
    }  # fmt: skip
    assert list(gone(all=True)) == ["ImagePruneReports"]
    assert served.get("/system/df").json["LayersSize"] == 0
    assert served.post("/libpod/system/prune", filters={"nope": ["x"]}).status == 400


def test_check(served: Served) -> None:
    """Nothing is wrong; then something is, and is mended."""
    assert served.post("/libpod/system/check").json["Errors"] is False
    ctr = served.engine.containers.create("busybox", ["true"])
    os.unlink(f"{served.home.root}/containers/{ctr.id}/container.json")
    found = served.post("/libpod/system/check", quick=True).json
    assert (found["Errors"], list(found["Containers"])) == (True, [ctr.id])
    assert served.post("/libpod/system/check", repair=True).json["Errors"] is False

"""GET /info as dockerd answers it."""

from __future__ import annotations

import os
import time
import uuid

from ... import __version__
from ...config import find_program
from ...spec.facts import host_facts
from ..response import Response, json
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ..request import Request

_RUNTIMES = ("runc", "crun", "youki")
_DOCKER_HUB = "docker.io"


def info(on: Engine, ask: Request) -> Response:
    """What this engine and its host are."""
    about = on.info()
    host, store = about["Host"], about["Store"]
    return json(
        _containers(store) | _host(host) | _abilities() | _programs(host) | _engine(on, host, store)
        | _podmans(host) | {"RegistryConfig": _registries(about["Registries"]), "Plugins": _plugins(about["Plugins"])}
    )  # fmt: skip


def _containers(store: dict[str, Any]) -> dict[str, Any]:
    kept = store["ContainerStore"]
    return {
        "Containers": kept["Number"], "ContainersRunning": kept["Running"], "ContainersPaused": kept["Paused"],
        "ContainersStopped": kept["Stopped"], "Images": store["ImageStore"]["Number"],
    }  # fmt: skip


def _host(host: dict[str, Any]) -> dict[str, Any]:
    system = os.uname()
    distribution = host["Distribution"]
    words = (distribution["Distribution"], distribution["Version"], distribution["Codename"])
    return {
        "KernelVersion": system.release, "OperatingSystem": " ".join(filter(None, words)) or "Linux",
        "OSVersion": distribution["Version"], "OSType": "linux", "Architecture": system.machine, "NCPU": host["CPUs"],
        "MemTotal": host["MemTotal"], "Name": host["Hostname"], "CgroupDriver": host["CgroupManager"],
        "CgroupVersion": host["CgroupVersion"].removeprefix("v"),
        "SystemTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def _abilities() -> dict[str, Any]:
    """What limits containers can have here."""
    facts = host_facts()
    security = ["name=seccomp,profile=builtin"] if facts.seccomp else []
    security += ["name=apparmor"] if facts.apparmor else []
    security += ["name=cgroupns"] if facts.cgroup_mode == "v2" else []
    cpu = "cpu" in facts.controllers
    return {
        "MemoryLimit": "memory" in facts.controllers, "SwapLimit": facts.swap_limit, "CpuCfsPeriod": cpu,
        "CpuCfsQuota": cpu, "CPUShares": cpu, "CPUSet": "cpuset" in facts.controllers,
        "PidsLimit": "pids" in facts.controllers, "OomKillDisable": facts.cgroup_mode != "v2",
        "IPv4Forwarding": _switch("ipv4/ip_forward"), "BridgeNfIptables": _switch("bridge/bridge-nf-call-iptables"),
        "BridgeNfIp6tables": _switch("bridge/bridge-nf-call-ip6tables"), "SecurityOptions": security,
    }  # fmt: skip


def _switch(name: str) -> bool:
    try:
        with open(f"/proc/sys/net/{name}") as file:
            return file.read().strip() == "1"
    except OSError:
        return False


def _programs(host: dict[str, Any]) -> dict[str, Any]:
    runtime = host["OCIRuntime"]
    runtimes = {name: {"path": path} for name in _RUNTIMES if (path := find_program(name))}
    commit = {"ID": ""}
    return {
        "Runtimes": runtimes | {runtime["Name"]: {"path": runtime["Path"]}}, "DefaultRuntime": runtime["Name"],
        "InitBinary": "catatonit", "ContainerdCommit": commit, "RuncCommit": commit, "InitCommit": commit,
    }  # fmt: skip


def _engine(on: Engine, host: dict[str, Any], store: dict[str, Any]) -> dict[str, Any]:
    driver = host["LogDriver"]
    return {
        "ID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"seabox://{host['Hostname']}{on.config.root}")),
        "ServerVersion": __version__, "Driver": store["GraphDriverName"],
        "DriverStatus": [[key, value] for key, value in store["GraphStatus"].items()],
        "DockerRootDir": store["GraphRoot"], "LoggingDriver": "json-file" if driver == "k8s-file" else driver,
        "Debug": False, "NFd": len(os.listdir("/proc/self/fd")), "NGoroutines": len(os.listdir("/proc/self/task")),
        "NEventsListener": 0, "IndexServerAddress": f"https://index.{_DOCKER_HUB}/v1/", "GenericResources": None,
        "HttpProxy": "", "HttpsProxy": "", "NoProxy": "", "Labels": [], "ExperimentalBuild": False,
        "LiveRestoreEnabled": True,  # containers outlive the service
        "Isolation": "", "ProductLicense": "", "DefaultAddressPools": None, "CDISpecDirs": [], "Warnings": [],
        "Swarm": {
            "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False, "Error": "",
            "RemoteManagers": None,
        },
    }  # fmt: skip


def _podmans(host: dict[str, Any]) -> dict[str, Any]:
    """What podman's service says beside it."""
    return {
        "BuildahVersion": host["BuildahVersion"], "Rootless": host["Security"]["Rootless"],
        "SwapFree": host["SwapFree"], "SwapTotal": host["SwapTotal"], "Uptime": host["Uptime"],
    }  # fmt: skip


def _registries(configured: dict[str, Any]) -> dict[str, Any]:
    found = {_DOCKER_HUB: {"Name": _DOCKER_HUB, "Mirrors": [], "Secure": True, "Official": True}}
    for name, about in configured.items():
        if isinstance(about, dict):  # there is a list of those that are searched, too
            mirrors = [mirror["Location"] for mirror in about["Mirrors"] or ()]
            official = name == _DOCKER_HUB
            found[name] = {"Name": name, "Mirrors": mirrors, "Secure": not about["Insecure"], "Official": official}
    return {
        "AllowNondistributableArtifactsCIDRs": None, "AllowNondistributableArtifactsHostnames": None,
        "InsecureRegistryCIDRs": [], "IndexConfigs": found, "Mirrors": found[_DOCKER_HUB]["Mirrors"],
    }  # fmt: skip


def _plugins(plugins: dict[str, Any]) -> dict[str, Any]:
    return {
        "Volume": plugins["Volume"], "Network": sorted([*plugins["Network"], "host", "null"]), "Authorization": None,
        "Log": ["json-file" if name == "k8s-file" else name for name in plugins["Log"]],
    }  # fmt: skip


ROUTES = (Route("GET", "/info", info),)

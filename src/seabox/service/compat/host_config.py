"""HostConfig as dockerd shows it: what a container was given of the host."""

from __future__ import annotations

from typing import Any

from ...model.decoding import decode
from ...network.networks import DEFAULT
from .shown import network_mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.container import ContainerConfig, Mount

_AS_PODMAN = (
    "AutoRemove", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "BlkioDeviceWriteIOps",
    "BlkioWeight", "BlkioWeightDevice", "CgroupParent", "ConsoleSize", "ContainerIDFile", "CpuCount", "CpuPercent",
    "CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime", "CpuShares", "CpusetCpus", "CpusetMems",
    "Devices", "Dns", "DnsOptions", "DnsSearch", "IOMaximumBandwidth", "IOMaximumIOps", "Init", "Isolation", "Memory",
    "MemoryReservation", "MemorySwap", "NanoCpus", "OomKillDisable", "OomScoreAdj", "Privileged", "PublishAllPorts",
    "ReadonlyRootfs", "RestartPolicy", "ShmSize", "VolumeDriver",
)  # fmt: skip
_PROPAGATION = ("private", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable")  # not the usual one


def host_config(about: dict[str, Any], config: ContainerConfig) -> dict[str, Any]:
    """Docker's form of it. `about`: podman's."""
    spaces, security, limits = config.namespaces, config.security, config.resources
    hidden = "ALL" in security.unmask or security.privileged
    said = decode(config.asked.get("host_config", "{}").encode(), dict[str, Any])
    return {key: about[key] for key in _AS_PODMAN} | {
        "Binds": [_bind(mount) for mount in config.mounts if _is_bind(mount)] or None,
        "NetworkMode": network_mode(config),
        "PortBindings": _port_bindings(config),
        "LogConfig": _log(config),
        "VolumesFrom": list(config.volumes_from) or None,
        "Annotations": dict(config.annotations) or None,
        "CapAdd": list(security.cap_add) or None,
        "CapDrop": list(security.cap_drop) or None,
        "Cgroup": "",
        "CgroupnsMode": spaces.cgroup,
        "DeviceCgroupRules": list(config.device_rules) or None,
        "DeviceRequests": None,
        "ExtraHosts": list(config.add_hosts) or None,
        "GroupAdd": list(config.groups) or None,
        "IpcMode": spaces.ipc,
        "Links": _links(config) or None,
        "MemorySwappiness": limits.memory_swappiness,
        "PidMode": "" if spaces.pid == "private" else spaces.pid,
        "PidsLimit": limits.pids_limit,
        "Runtime": config.runtime.rpartition("/")[2],
        "SecurityOpt": about["SecurityOpt"] or None,
        "Sysctls": {key: value for key, value in config.sysctls.items() if key != "kernel.domainname"},
        "Tmpfs": about["Tmpfs"] | said.pop("Tmpfs", {}),
        "UTSMode": "" if spaces.uts == "private" else spaces.uts,
        "UsernsMode": "",
        "Ulimits": [{"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in config.ulimits],
        "MaskedPaths": [] if hidden else None,
        "ReadonlyPaths": [] if hidden else None,
    } | said


def _is_bind(mount: Mount) -> bool:
    return mount.type == "bind" or (mount.type == "volume" and not mount.anonymous)


def _bind(mount: Mount) -> str:
    words = ["ro" if "ro" in mount.options else "rw"]
    words += [option for option in mount.options if option in ("z", "Z", "nocopy", *_PROPAGATION)]
    return f"{mount.source}:{mount.destination}:{','.join(words)}"


def _links(config: ContainerConfig) -> list[str]:
    """Those of the default network; others belong to their network."""
    texts = [text for each in config.networks if each.name == DEFAULT for text in each.links]
    pairs = (text.partition(":") for text in texts)
    return [f"/{name}:/{config.name}/{alias or name}" for name, _, alias in pairs]


def _port_bindings(config: ContainerConfig) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for port in config.ports:
        for number in range(port.count):
            place = {"HostIp": port.host_ip, "HostPort": str(port.host + number)}
            found.setdefault(f"{port.container + number}/{port.protocol}", []).append(place)
    return found


def _log(config: ContainerConfig) -> dict[str, Any]:
    """What can be read back is json-file to Docker's clients: the word under which they know it."""
    log = config.log
    options = {"max-size": str(log.size_max)} if log.size_max > 0 else {}
    options |= {"tag": log.tag} if log.tag else {}
    return {"Type": "json-file" if log.driver == "k8s-file" else log.driver, "Config": options}

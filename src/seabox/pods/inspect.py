"""`pod inspect`: everything about a pod under podman's field names."""

from __future__ import annotations

from ..container.networks import port_bindings
from ..container.stored import decode_config
from ..model.decoding import decode
from ..model.pod import PodConfig
from ..model.times import rfc3339
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.container import ContainerConfig, Resources
    from .services import PodServices


def inspect(on: PodServices, id: str) -> dict[str, Any]:
    """See Pod.inspect."""
    pod = snapshot.take(on, id)
    config = decode(on.store.pods.config(id), PodConfig)
    infra = decode_config(on.store.config(pod.facts.infra)) if pod.facts.infra else None
    found: dict[str, Any] = {
        "Id": id,
        "Name": pod.facts.name,
        "Created": rfc3339(config.created_at),
        "CreateCommand": list(config.create_command),
        "ExitPolicy": config.exit_policy,
        "RestartPolicy": config.restart.partition(":")[0] or "no",
        "State": pod.status,
        "Hostname": config.hostname,
        "Labels": dict(config.labels),
        "CreateCgroup": bool(config.cgroup),
        "CgroupParent": config.cgroup_parent,
        "CgroupPath": config.cgroup,
        "CreateInfra": infra is not None,
        "InfraContainerID": pod.facts.infra,
        "InfraConfig": _infra(infra) if infra is not None else None,
        "SharedNamespaces": list(config.shared),
        "NumContainers": len(pod.members),
        "Containers": [
            {"Id": seen.facts.id, "Name": seen.facts.name, "State": seen.word} for seen in pod.members
        ],
        "volumes": list(config.volumes),
        "devices": list(config.devices),
        "security_opt": list(config.security_opt),
    }  # fmt: skip
    if infra is not None:
        found |= _limits(infra.pod_resources)
    return found


def _infra(config: ContainerConfig) -> dict[str, Any]:
    spaces = config.namespaces
    attached = config.networks
    return {
        "PortBindings": port_bindings(config),
        "HostNetwork": spaces.network == "host",
        "StaticIP": next((ip for each in attached for ip in each.ips), ""),
        "StaticMAC": next((each.mac for each in attached if each.mac), ""),
        "NoManageResolvConf": config.dns == ("none",),
        "DNSServer": list(config.dns) or None,
        "DNSSearch": list(config.dns_search) or None,
        "DNSOption": list(config.dns_options) or None,
        "NoManageHosts": config.no_hosts,
        "HostAdd": list(config.add_hosts) or None,
        "Networks": [each.name for each in attached] or None,
        "NetworkOptions": None,
        "pid_ns": spaces.pid,
        "userns": "host",
        "uts_ns": spaces.uts,
    } | _limits(config.pod_resources)


def _limits(asked: Resources) -> dict[str, Any]:
    swap = asked.memory_swap if asked.memory_swap is not None else asked.memory and 2 * asked.memory
    found = {
        "cpu_period": asked.cpu_period, "cpu_quota": asked.cpu_quota, "cpu_shares": asked.cpu_shares,
        "cpuset_cpus": asked.cpuset_cpus, "cpuset_mems": asked.cpuset_mems, "memory_limit": asked.memory,
        "memory_swap": swap,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}

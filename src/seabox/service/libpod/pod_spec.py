"""podman's PodSpecGenerator: the body of libpod's POST /pods/create, and what the engine is asked for by it."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import InvalidArgument
from . import spec_body as body
from .spec_limits import asked_limits
from .spec_mounts import asked_mounts
from .spec_networks import asked_networks, asked_ports, namespace

_REFUSED = (
    ("overlay_volumes", "overlay_volumes are not supported in pods: mount them in the containers"),
    ("image_volumes", "image_volumes are not supported in pods: mount them in the containers"),
    ("volumes_from", "volumes_from is not supported in pods: name the volumes"),
    ("hosts_file", "hosts_file is not supported in pods: add the hosts"),
)
_LIMITS = (
    "memory", "memory_swap", "cpu_shares", "cpuset_cpus", "cpuset_mems", "blkio_weight", "blkio_weight_devices",
    "device_read_bps", "device_write_bps",
)  # fmt: skip
_PERIOD = 100_000  # microseconds, where none is said


class PodSpecGenerator(msgspec.Struct, kw_only=True):
    """What a pod is to be."""

    name: str | None = None
    hostname: str | None = None
    exit_policy: str | None = None
    labels: body.Pairs = None
    no_infra: bool | None = None
    infra_conmon_pid_file: str | None = None
    infra_command: body.Texts = None
    infra_image: str | None = None
    infra_name: str | None = None
    shared_namespaces: body.Texts = None
    share_parent: bool | None = None
    restart_policy: str | None = None
    restart_tries: body.UInt64 | None = None
    pod_create_command: body.Texts = None
    pidns: body.Namespace | None = None
    userns: body.Namespace | None = None
    utsns: body.Namespace | None = None
    pod_devices: body.Texts = None
    sysctl: body.Pairs = None
    security_opt: body.Texts = None
    shm_size: body.Int64 | None = None
    cgroup_parent: str | None = None
    # network
    netns: body.Namespace | None = None
    networks: dict[str, body.PerNetwork | None] | None = msgspec.field(default=None, name="Networks")
    cni_networks: list[str | None] | None = None
    static_ip: str | None = None
    static_mac: str | None = None
    portmappings: list[body.PortMapping] | None = None
    no_manage_resolv_conf: bool | None = None
    no_manage_hosts: bool | None = None
    dns_server: body.Texts = None
    dns_search: body.Texts = None
    dns_option: body.Texts = None
    hostadd: body.Texts = None
    hosts_file: str | None = None
    # files
    mounts: list[body.Mount] | None = None
    volumes: list[body.NamedVolume] | None = None
    overlay_volumes: list[body.OverlayVolume] | None = None
    image_volumes: list[body.ImageVolume] | None = None
    volumes_from: body.Texts = None
    # limits
    resource_limits: body.Resources | None = None
    cpu_period: body.UInt64 | None = None
    cpu_quota: body.Int64 | None = None
    read_bps: body.Rates = msgspec.field(default=None, name="throttleReadBpsDevice")


def asked_for(spec: PodSpecGenerator) -> dict[str, Any]:
    """The options of `pods.create` that a specification asks for. Raises: InvalidArgument."""
    for field, why in _REFUSED:
        if getattr(spec, field):
            raise InvalidArgument(why)
    alike = body.SpecGenerator(**{
        name: getattr(spec, name) for name in (
            "netns", "networks", "cni_networks", "static_ip", "static_mac", "portmappings", "mounts", "volumes",
            "resource_limits", "cpu_period", "cpu_quota", "read_bps",
        )
    })  # fmt: skip
    return {
        "labels": spec.labels or {},
        "infra": not spec.no_infra,
        "infra_image": spec.infra_image or "",
        "infra_command": spec.infra_command or [],
        "infra_name": spec.infra_name or "",
        "infra_conmon_pidfile": spec.infra_conmon_pid_file or "",
        "share": spec.shared_namespaces,
        "share_parent": spec.share_parent is not False,
        "exit_policy": spec.exit_policy or "",
        "restart": _restart(spec),
        "hostname": spec.hostname or "",
        "network": asked_networks(alike),
        "publish": asked_ports(alike)[0],
        "dns": ["none"] if spec.no_manage_resolv_conf else spec.dns_server or [],
        "dns_search": spec.dns_search or [],
        "dns_options": spec.dns_option or [],
        "add_hosts": spec.hostadd or [],
        "no_hosts": bool(spec.no_manage_hosts),
        "pid": namespace(spec.pidns),
        "uts": namespace(spec.utsns),
        "userns": namespace(spec.userns),
        "sysctls": spec.sysctl or {},
        "security_opt": spec.security_opt or [],
        "devices": spec.pod_devices or [],
        "volumes": _volumes(alike),
        "shm_size": spec.shm_size or None,
        "cgroup_parent": spec.cgroup_parent or "",
        "create_command": spec.pod_create_command or [],
    } | _limits(alike)


def _restart(spec: PodSpecGenerator) -> str:
    policy = spec.restart_policy or ""
    return f"{policy}:{spec.restart_tries}" if spec.restart_tries and policy == "on-failure" else policy


def _volumes(spec: body.SpecGenerator) -> list[str]:
    """Binds and volumes as texts: the engine keeps those of a pod so."""
    found = []
    for mount in asked_mounts(spec):
        if mount.type not in ("bind", "volume"):
            raise InvalidArgument(f"mounts of type {mount.type!a} are not supported in pods: binds and volumes are")
        words = [mount.source, mount.destination] if mount.source else [mount.destination]
        if any(":" in word for word in words):
            raise InvalidArgument("a mount of a pod cannot have a path with a colon in it")
        found.append(":".join([*words, *([",".join(mount.options)] if mount.options else [])]))
    return found


def _limits(spec: body.SpecGenerator) -> dict[str, Any]:
    """Those that a pod may have. Raises: InvalidArgument: others are asked for."""
    asked = {key: value for key, value in asked_limits(spec).items() if value}
    quota, period = asked.pop("cpu_quota", 0), asked.pop("cpu_period", _PERIOD)
    if quota > 0 and period > 0:
        asked["cpus"] = quota / period
    for key in asked:
        if key not in (*_LIMITS, "cpus"):
            raise InvalidArgument(f"{key} cannot be limited for a pod as a whole: limit its containers")
    return asked

"""Pods: what one is, as stored, and what a caller of `pods.create` asks for."""

from __future__ import annotations

import msgspec

POD_SCHEMA = 1


class PodConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about a pod that is decided at creation. Its namespaces and ports are those of its infra container."""

    schema: int = POD_SCHEMA
    id: str
    name: str
    created_at: int  # ns
    labels: dict[str, str] = {}
    shared: tuple[str, ...] = ()  # of "cgroup", "ipc", "net", "pid", "uts"
    exit_policy: str = "continue"  # "stop": when its last member has ended, the infra container is stopped
    restart: str = ""  # the restart policy of its members that have none of their own
    hostname: str = ""  # as asked for
    cgroup_parent: str = ""
    cgroup: str = ""  # above those of its members, "" = they have no common one
    volumes: tuple[str, ...] = ()  # what every member gets: as of CreateRequest
    devices: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    create_command: tuple[str, ...] = ()


class PodRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller of `pods.create` asks for. None = not said. What bears a name of CreateRequest means the same."""

    name: str | None = None
    labels: dict[str, str] = {}
    infra: bool = True  # one container holds the namespaces that the others share
    infra_image: str = ""  # "" = no image: the host's catatonit
    infra_command: tuple[str, ...] = ()
    infra_name: str = ""
    infra_conmon_pidfile: str = ""
    share: tuple[str, ...] | None = None  # "cgroup", "ipc", "net", "pid", "uts"; () = nothing; None = ipc, net, uts
    share_parent: bool = True  # the cgroups of its members are below one of the pod's
    exit_policy: str = ""  # "continue" | "stop"; "" = as the engine is set
    restart: str = ""  # "no", "always", "on-failure[:RETRIES]" or "unless-stopped", for members that say nothing
    hostname: str = ""
    network: str | tuple[str, ...] | None = None
    ip: str = ""
    ip6: str = ""
    mac_address: str = ""
    network_aliases: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    add_hosts: tuple[str, ...] = ()
    no_hosts: bool = False
    pid: str | None = None
    uts: str | None = None
    userns: str | None = None
    memory: int | None = None  # this and the next are limits of the whole pod
    memory_swap: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    blkio_weight: int | None = None
    blkio_weight_devices: tuple[str, ...] = ()
    device_read_bps: tuple[str, ...] = ()
    device_write_bps: tuple[str, ...] = ()
    shm_size: int | None = None
    sysctls: dict[str, str] = {}
    volumes: tuple[str, ...] = ()  # this and the next two are what every member gets
    devices: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    cgroup_parent: str = ""
    create_command: tuple[str, ...] = ()

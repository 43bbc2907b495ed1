"""The body of Docker's POST /containers/create. What we do not read is not listed; `null` is as good as absent."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Words = list[str] | str  # Go's strslice
Empties = dict[str, Any]  # a set, as Go writes it: {"80/tcp": {}}


class _Body(msgspec.Struct, kw_only=True, rename="pascal", omit_defaults=True):
    pass


class Healthcheck(_Body, kw_only=True):
    """Times in ns; 0 = as the image says."""

    test: list[str] | None = None
    interval: Int64 | None = None
    timeout: Int64 | None = None
    start_period: Int64 | None = None
    start_interval: Int64 | None = None
    retries: Int64 | None = None


class LogConfig(_Body, kw_only=True):
    """Where output is kept."""

    type: str | None = None
    config: dict[str, str] | None = None


class RestartPolicy(_Body, kw_only=True):
    """When the container is started again."""

    name: str | None = None
    maximum_retry_count: Int64 | None = None


class PortBinding(_Body, kw_only=True):
    """A place on the host."""

    host_ip: str | None = None
    host_port: str | None = None


class BindOptions(_Body, kw_only=True):
    """Of a mount of the type bind."""

    propagation: str | None = None
    non_recursive: bool | None = None
    create_mountpoint: bool | None = None


class DriverConfig(_Body, kw_only=True):
    """Who keeps a volume."""

    name: str | None = None
    options: dict[str, str] | None = None


class VolumeOptions(_Body, kw_only=True):
    """Of a mount of the type volume."""

    no_copy: bool | None = None
    labels: dict[str, str] | None = None
    driver_config: DriverConfig | None = None
    subpath: str | None = None


class ImageOptions(_Body, kw_only=True):
    """Of a mount of the type image."""

    subpath: str | None = None


class TmpfsOptions(_Body, kw_only=True):
    """Of a mount of the type tmpfs. The mode is a number, not text."""

    size_bytes: Int64 | None = None
    mode: Int64 | None = None
    options: list[list[str]] | None = None


class Mount(_Body, kw_only=True):
    """One mount."""

    type: str | None = None
    source: str | None = None
    target: str | None = None
    read_only: bool | None = None
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    image_options: ImageOptions | None = None
    tmpfs_options: TmpfsOptions | None = None


class Device(_Body, kw_only=True):
    """A device of the host."""

    path_on_host: str | None = None
    path_in_container: str | None = None
    cgroup_permissions: str | None = None


class DeviceRate(_Body, kw_only=True):
    """Bytes or operations per second."""

    path: str
    rate: Int64


class DeviceWeight(_Body, kw_only=True):
    """10 to 1000."""

    path: str
    weight: Int64


class Ulimit(_Body, kw_only=True):
    """A resource limit."""

    name: str
    soft: Int64
    hard: Int64


Rates = list[DeviceRate] | None


class Limits(_Body, kw_only=True):
    """What the cgroup keeps: the part of HostConfig that an update may change. Memory in bytes; 0 = not said."""

    cpu_shares: Int64 | None = None
    memory: Int64 | None = None
    nano_cpus: Int64 | None = None
    cgroup_parent: str | None = None
    blkio_weight: Int64 | None = None
    blkio_weight_device: list[DeviceWeight] | None = None
    blkio_device_read_bps: Rates = None
    blkio_device_write_bps: Rates = None
    blkio_device_read_iops: Rates = msgspec.field(default=None, name="BlkioDeviceReadIOps")
    blkio_device_write_iops: Rates = msgspec.field(default=None, name="BlkioDeviceWriteIOps")
    cpu_period: Int64 | None = None
    cpu_quota: Int64 | None = None
    cpu_realtime_period: Int64 | None = None
    cpu_realtime_runtime: Int64 | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    devices: list[Device] | None = None
    device_cgroup_rules: list[str] | None = None
    device_requests: list[Any] | None = None
    kernel_memory: Int64 | None = None
    memory_reservation: Int64 | None = None
    memory_swap: Int64 | None = None
    memory_swappiness: Int64 | None = None
    oom_kill_disable: bool | None = None
    pids_limit: Int64 | None = None
    ulimits: list[Ulimit] | None = None


class HostConfig(Limits, kw_only=True, rename="pascal"):
    """What the host gives to the container."""

    binds: list[str] | None = None
    log_config: LogConfig | None = None
    network_mode: str | None = None
    port_bindings: dict[str, list[PortBinding] | None] | None = None
    restart_policy: RestartPolicy | None = None
    auto_remove: bool | None = None
    volume_driver: str | None = None
    volumes_from: list[str] | None = None
    annotations: dict[str, str] | None = None
    cap_add: Words | None = None
    cap_drop: Words | None = None
    cgroupns_mode: str | None = None
    dns: list[str] | None = None
    dns_options: list[str] | None = None
    dns_search: list[str] | None = None
    extra_hosts: list[str] | None = None
    group_add: list[str] | None = None
    ipc_mode: str | None = None
    links: list[str] | None = None
    oom_score_adj: Int64 | None = None
    pid_mode: str | None = None
    privileged: bool | None = None
    publish_all_ports: bool | None = None
    readonly_rootfs: bool | None = None
    security_opt: list[str] | None = None
    storage_opt: dict[str, str] | None = None
    tmpfs: dict[str, str] | None = None
    uts_mode: str | None = msgspec.field(default=None, name="UTSMode")
    userns_mode: str | None = None
    shm_size: Int64 | None = None
    sysctls: dict[str, str] | None = None
    runtime: str | None = None
    isolation: str | None = None
    mounts: list[Mount] | None = None
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None
    init: bool | None = None


class UpdateBody(Limits, kw_only=True, rename="pascal"):
    """What is to be different."""

    restart_policy: RestartPolicy | None = None


class IPAMConfig(_Body, kw_only=True):
    """Addresses that are asked for."""

    ipv4_address: str | None = msgspec.field(default=None, name="IPv4Address")
    ipv6_address: str | None = msgspec.field(default=None, name="IPv6Address")
    link_local_ips: list[str] | None = msgspec.field(default=None, name="LinkLocalIPs")


class Endpoint(_Body, kw_only=True):
    """The container's part in one network."""

    ipam_config: IPAMConfig | None = msgspec.field(default=None, name="IPAMConfig")
    links: list[str] | None = None
    aliases: list[str] | None = None
    mac_address: str | None = None
    driver_opts: dict[str, str] | None = None


class NetworkingConfig(_Body, kw_only=True):
    """The container's networks, by name or id."""

    endpoints_config: dict[str, Endpoint | None] | None = None


class CreateBody(_Body, kw_only=True):
    """What a container is to be."""

    hostname: str | None = None
    domainname: str | None = None
    user: str | None = None
    attach_stdin: bool | None = None
    attach_stdout: bool | None = None
    attach_stderr: bool | None = None
    exposed_ports: Empties | None = None
    tty: bool | None = None
    open_stdin: bool | None = None
    stdin_once: bool | None = None
    env: list[str] | None = None
    cmd: Words | None = None
    healthcheck: Healthcheck | None = None
    image: str | None = None
    volumes: Empties | None = None
    working_dir: str | None = None
    entrypoint: Words | None = None
    network_disabled: bool | None = None
    mac_address: str | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    stop_timeout: Int64 | None = None
    host_config: HostConfig | None = None
    networking_config: NetworkingConfig | None = None

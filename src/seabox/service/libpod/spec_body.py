"""The body of libpod's POST /containers/create, podman's SpecGenerator, as its clients write it: null is nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
UInt64 = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Texts = list[str] | None
Pairs = dict[str, str] | None


class _Body(msgspec.Struct, kw_only=True):
    pass


class Namespace(_Body, kw_only=True):
    """Whose namespace: nsmode "container" and "path" come with a value."""

    nsmode: str | None = None
    value: str | None = None


class LogConfig(_Body, kw_only=True):
    """Where output is kept."""

    driver: str | None = None
    path: str | None = None
    size: Int64 | None = None
    options: Pairs = None


class Mount(_Body, kw_only=True):
    """As in the runtime's specification."""

    destination: str | None = None
    type: str | None = None
    source: str | None = None
    options: Texts = None


class NamedVolume(_Body, kw_only=True, rename="pascal"):
    """A volume; without a name one for this container alone."""

    name: str | None = None
    dest: str | None = None
    options: Texts = None
    is_anonymous: bool | None = None
    sub_path: str | None = None


class OverlayVolume(_Body, kw_only=True):
    """A directory or volume whose changes are lost."""

    destination: str | None = None
    source: str | None = None
    options: Texts = None


class ImageVolume(_Body, kw_only=True, rename="pascal"):
    """The files of another image."""

    source: str | None = None
    destination: str | None = None
    read_write: bool | None = None
    sub_path: str | None = None


class Secret(_Body, kw_only=True):
    """A secret that is a file; the target is below /run/secrets unless it begins with a slash."""

    source: str | None = msgspec.field(default=None, name="Source")
    target: str | None = msgspec.field(default=None, name="Target")
    uid: UInt64 | None = msgspec.field(default=None, name="UID")
    gid: UInt64 | None = msgspec.field(default=None, name="GID")
    mode: UInt64 | None = msgspec.field(default=None, name="Mode")


class Device(_Body, kw_only=True):
    """The path is SOURCE[:DESTINATION[:PERMISSIONS]]."""

    path: str | None = None


class DeviceRule(_Body, kw_only=True):
    """Devices that may be used."""

    allow: bool | None = None
    type: str | None = None
    major: Int64 | None = None
    minor: Int64 | None = None
    access: str | None = None


class PortMapping(_Body, kw_only=True):
    """Ports of the host; the protocol may be several, with commas."""

    host_ip: str | None = None
    container_port: Port = 0
    host_port: Port | None = None
    range: Port | None = None
    protocol: str | None = None


class PerNetwork(_Body, kw_only=True):
    """The container's part in one network."""

    static_ips: Texts = None
    aliases: Texts = None
    static_mac: str | None = None
    interface_name: str | None = None


class Memory(_Body, kw_only=True):
    """Bytes."""

    limit: Int64 | None = None
    reservation: Int64 | None = None
    swap: Int64 | None = None
    swappiness: Int64 | None = None
    disable_oom_killer: bool | None = msgspec.field(default=None, name="disableOOMKiller")


class Cpu(_Body, kw_only=True):
    """Times in microseconds."""

    shares: Int64 | None = None
    quota: Int64 | None = None
    period: Int64 | None = None
    realtime_runtime: Int64 | None = msgspec.field(default=None, name="realtimeRuntime")
    realtime_period: Int64 | None = msgspec.field(default=None, name="realtimePeriod")
    cpus: str | None = None
    mems: str | None = None


class Pids(_Body, kw_only=True):
    """Tasks."""

    limit: Int64 | None = None


class BlockIO(_Body, kw_only=True):
    """10 to 1000."""

    weight: Int64 | None = None


class Resources(_Body, kw_only=True):
    """As in the runtime's specification."""

    memory: Memory | None = None
    cpu: Cpu | None = None
    pids: Pids | None = None
    block_io: BlockIO | None = msgspec.field(default=None, name="blockIO")
    unified: Pairs = None


class Rlimit(_Body, kw_only=True):
    """2**64-1 = unlimited; -1 as well."""

    type: str
    soft: int
    hard: int


class Weight(_Body, kw_only=True):
    """10 to 1000."""

    weight: Int64 | None = None


class Rate(_Body, kw_only=True):
    """Bytes or operations per second."""

    rate: UInt64 | None = None


class Health(_Body, kw_only=True, rename="pascal"):
    """Times in ns; 0 = as usual."""

    test: Texts = None
    interval: Int64 | None = None
    timeout: Int64 | None = None
    start_period: Int64 | None = None
    retries: Int64 | None = None


class Personality(_Body, kw_only=True):
    """LINUX or LINUX32."""

    domain: str | None = None


Rates = dict[str, Rate] | None


class SpecGenerator(_Body, kw_only=True):
    """What a container is to be."""

    name: str | None = None
    pod: str | None = None
    entrypoint: list[str] | str | None = None
    command: list[str] | str | None = None
    env: Pairs = None
    env_merge: Texts = msgspec.field(default=None, name="envmerge")
    unset_env: Texts = msgspec.field(default=None, name="unsetenv")
    unset_env_all: bool | None = msgspec.field(default=None, name="unsetenvall")
    env_host: bool | None = None
    terminal: bool | None = None
    stdin: bool | None = None
    labels: Pairs = None
    annotations: Pairs = None
    stop_signal: Int64 | str | None = None
    stop_timeout: UInt64 | None = None
    timeout: UInt64 | None = None
    log_configuration: LogConfig | None = None
    conmon_pid_file: str | None = None
    raw_image_name: str | None = None
    restart_policy: str | None = None
    restart_tries: UInt64 | None = None
    oci_runtime: str | None = None
    systemd: str | None = None
    hostname: str | None = None
    sysctl: Pairs = None
    remove: bool | None = None
    remove_image: bool | None = msgspec.field(default=None, name="removeImage")
    container_create_command: Texts = msgspec.field(default=None, name="containerCreateCommand")
    timezone: str | None = None
    dependency_containers: Texts = msgspec.field(default=None, name="dependencyContainers")
    secret_env: Pairs = None
    init_container_type: str | None = None
    personality: Personality | None = None
    passwd_entry: str | None = None
    manage_password: bool | None = None
    host_users: Texts = msgspec.field(default=None, name="hostusers")
    chroot_directories: Texts = None
    # namespaces
    pidns: Namespace | None = None
    utsns: Namespace | None = None
    ipcns: Namespace | None = None
    userns: Namespace | None = None
    cgroupns: Namespace | None = None
    netns: Namespace | None = None
    # files
    image: str | None = None
    rootfs: str | None = None
    rootfs_overlay: bool | None = None
    image_volume_mode: str | None = None
    volumes_from: Texts = None
    init: bool | None = None
    init_path: str | None = None
    mounts: list[Mount] | None = None
    volumes: list[NamedVolume] | None = None
    overlay_volumes: list[OverlayVolume] | None = None
    image_volumes: list[ImageVolume] | None = None
    devices: list[Device] | None = None
    device_cgroup_rule: list[DeviceRule] | None = None
    devices_from: Texts = None
    shm_size: Int64 | None = None
    work_dir: str | None = None
    create_working_dir: bool | None = None
    storage_opts: Pairs = None
    secrets: list[Secret] | None = None
    # security
    privileged: bool | None = None
    user: str | None = None
    groups: Texts = None
    cap_add: Texts = None
    cap_drop: Texts = None
    selinux_opts: Texts = None
    apparmor_profile: str | None = None
    seccomp_policy: str | None = None
    seccomp_profile_path: str | None = None
    no_new_privileges: bool | None = None
    read_only_filesystem: bool | None = None
    read_write_tmpfs: bool | None = None
    umask: str | None = None
    procfs_opts: Texts = None
    mask: Texts = None
    unmask: Texts = None
    # cgroups and limits
    cgroups_mode: str | None = None
    cgroup_parent: str | None = None
    resource_limits: Resources | None = None
    r_limits: list[Rlimit] | None = None
    oom_score_adj: Int64 | None = None
    weight_device: dict[str, Weight] | None = msgspec.field(default=None, name="weightDevice")
    read_bps: Rates = msgspec.field(default=None, name="throttleReadBpsDevice")
    write_bps: Rates = msgspec.field(default=None, name="throttleWriteBpsDevice")
    read_iops: Rates = msgspec.field(default=None, name="throttleReadIOPSDevice")
    write_iops: Rates = msgspec.field(default=None, name="throttleWriteIOPSDevice")
    unified: Pairs = None
    cpu_period: UInt64 | None = None
    cpu_quota: Int64 | None = None
    # network
    networks: dict[str, PerNetwork | None] | None = msgspec.field(default=None, name="Networks")
    cni_networks: list[str | None] | None = None
    aliases: dict[str, list[str]] | None = None
    static_ip: str | None = None
    static_ipv6: str | None = None
    static_mac: str | None = None
    portmappings: list[PortMapping] | None = None
    publish_image_ports: bool | None = None
    expose: dict[str, str] | None = None
    use_image_resolve_conf: bool | None = None
    dns_server: Texts = None
    dns_search: Texts = None
    dns_option: Texts = None
    use_image_hosts: bool | None = None
    use_image_hostname: bool | None = None
    base_hosts_file: str | None = None
    hostadd: Texts = None
    # health
    healthconfig: Health | None = None
    health_check_on_failure_action: int | str | None = None
    health_max_log_count: Int64 | None = msgspec.field(default=None, name="healthMaxLogCount")
    health_max_log_size: Int64 | None = msgspec.field(default=None, name="healthMaxLogSize")
    startup_health_config: Any = msgspec.field(default=None, name="startupHealthConfig")

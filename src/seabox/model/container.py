"""What is fixed when a container is created: its configuration, as stored and as asked for."""

from __future__ import annotations

import msgspec

from .health import Healthcheck
from .network import Attachment, Port

CONFIG_SCHEMA = 1


class Mount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mount inside a container: the value that storage, volumes and spec exchange."""

    type: str  # "bind" | "volume" | "image" | "tmpfs" | "ramfs" | "devpts"
    destination: str
    source: str = ""
    options: tuple[str, ...] = ()  # as the OCI spec takes them: "ro", "rbind", "rprivate", "size=64m"...
    layers: tuple[str, ...] = ()  # of an image, whose id is the source: chain ids, lowest first
    image: str = ""  # what that image was called
    subpath: str = ""  # the part of a volume or image that is mounted; "" = all of it
    anonymous: bool = False  # a volume (its name is the source) that nobody gave a name
    driver: str = ""  # of a volume that is to be made
    driver_options: dict[str, str] = {}
    labels: dict[str, str] = {}


class SecretUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A secret in a container: which, and where. The container has a copy of its own."""

    name: str
    id: str
    type: str  # "mount" = a file | "env" = a variable
    target: str  # the path of the file, or the name of the variable
    uid: int = 0  # of the file, as the rest
    gid: int = 0
    mode: int = 0o444


class Ulimit(msgspec.Struct, frozen=True, kw_only=True):
    """A resource limit: name without RLIMIT_, lower case ("nofile"); -1 = unlimited."""

    name: str
    soft: int
    hard: int


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A host device given to the container."""

    source: str
    destination: str
    permissions: str = "rwm"


class DeviceLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A number for one block device of the host: a weight, bytes per second or operations per second."""

    path: str
    value: int


class Resources(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits kept by the cgroup. None = no limit asked for. Memory in bytes, CPU times in microseconds."""

    memory: int | None = None
    memory_swap: int | None = None  # memory + swap; -1 = unlimited swap
    memory_reservation: int | None = None
    memory_swappiness: int | None = None
    oom_kill_disable: bool = False
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int | None = None  # -1 = unlimited
    cpu_rt_period: int | None = None  # as the CPU times above
    cpu_rt_runtime: int | None = None
    blkio_weight: int | None = None  # 10 to 1000
    blkio_weight_devices: tuple[DeviceLimit, ...] = ()
    read_bps: tuple[DeviceLimit, ...] = ()
    write_bps: tuple[DeviceLimit, ...] = ()
    read_iops: tuple[DeviceLimit, ...] = ()
    write_iops: tuple[DeviceLimit, ...] = ()
    unified: dict[str, str] = {}  # files of a v2 cgroup and what is written to them


class Security(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the container may do to the kernel. Never taken from image metadata."""

    privileged: bool = False
    capabilities: tuple[str, ...] | None = None  # in that form, before the next two; None = ours
    cap_add: tuple[str, ...] = ()  # "CAP_NET_ADMIN" form, or "ALL"
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    seccomp: str = ""  # "" = our default, "unconfined", the path of a profile, or its text
    apparmor: str = ""
    mask: tuple[str, ...] = ()
    unmask: tuple[str, ...] = ()  # "ALL" or paths
    read_only: bool = False
    read_only_tmpfs: bool = True
    proc_options: tuple[str, ...] = ()  # of the mount of /proc


class Namespaces(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose namespaces are used: "private", "host", "container:<full id>", "ns:<path>"; for the network also "none".

    IPC namespaces of the container's own are "shareable" with others, "private", or "none": without /dev/shm.
    The network "bridge" is one of the container's own that the engine makes and connects to networks.
    """

    network: str = "none"
    pid: str = "private"
    ipc: str = "private"
    uts: str = "private"
    cgroup: str = "private"


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where output is kept. At size_max bytes (-1 = unlimited) a log becomes PATH.1 and a new one is begun."""

    driver: str = "k8s-file"  # "k8s-file" | "journald" | "none" | "passthrough"
    as_json_file: bool = False  # asked for by docker's name for it
    path: str = ""
    size_max: int = -1
    tag: str = ""
    rotate: str = ""  # who does that: "conmon" | "supervisor" | "" = nobody, there is no limit


class ContainerConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about a container that is decided at creation. Stored as JSON beside the state's columns."""

    schema: int = CONFIG_SCHEMA
    id: str
    name: str
    created_at: int  # ns
    image: str = ""  # its complete name
    asked: dict[str, str] = {}  # words of the request that are only shown again: "image", "stop_signal"...
    image_digest: str = ""  # "sha256:..." of its manifest, where one is known
    image_id: str = ""
    rootfs: str = ""  # a directory used as root in place of an image (--rootfs)
    rootfs_overlay: bool = False  # it is not written to
    layers: tuple[str, ...] = ()  # chain ids of the image's layers, lowest first
    argv: tuple[str, ...]  # what is executed: entrypoint + command, without --init's catatonit
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    user: str = ""
    groups: tuple[str, ...] = ()
    workdir: str = "/"
    workdir_given: bool = False  # must exist; otherwise it is made
    umask: int = 0o022
    hostname: str = ""
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False  # it ends when the first client that was attached to it has gone
    init: bool = False
    init_path: str = ""  # the program of --init on the host; "" = catatonit
    systemd: bool = False  # what runs is systemd: it gets the places that it wants to write to
    personality: str = ""  # "LINUX" | "LINUX32"
    timezone: str = ""  # a zone's name, or "local" for the host's; "" = the image's
    passwd: bool = True  # a user that the image does not know gets a line in /etc/passwd
    passwd_entry: str = ""  # that line, with $USERNAME $UID $GID $NAME $HOME to fill in
    host_users: tuple[str, ...] = ()  # further lines of /etc/passwd
    chroot_dirs: tuple[str, ...] = ()  # directories that get our files of /etc as well
    mounts: tuple[Mount, ...] = ()
    volumes_from: tuple[str, ...] = ()  # as asked for; what came of it is among the mounts
    secrets: tuple[SecretUse, ...] = ()
    devices: tuple[Device, ...] = ()
    device_rules: tuple[str, ...] = ()  # "c 10:* rwm": devices that it may use without having their nodes
    namespaces: Namespaces = Namespaces()
    security: Security = Security()
    resources: Resources = Resources()
    ulimits: tuple[Ulimit, ...] = ()
    sysctls: dict[str, str] = {}
    shm_size: int = 65536000  # bytes
    oom_score_adj: int | None = None
    add_hosts: tuple[str, ...] = ()  # "name:ip"
    networks: tuple[Attachment, ...] = ()  # as asked for at creation; what holds now is in the store
    ports: tuple[Port, ...] = ()
    publish_all: bool = False
    exposed: tuple[str, ...] = ()  # ports that it says it listens on: "80/tcp"
    dns: tuple[str, ...] = ()  # name servers; "none" = the image's own resolv.conf
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    no_hosts: bool = False
    no_hostname: bool = False
    hosts_file: str = ""  # what /etc/hosts begins with: a file of the host, "image" for the image's; "" or "none"
    host_address: str = ""  # what host.containers.internal stands for; "" = the network's gateway
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    stop_signal: int = 15
    stop_timeout: int = 10  # s
    timeout: int = 0  # s, 0 = the process may run for ever
    restart_policy: str = "no"
    restart_retries: int = 0
    requires: tuple[str, ...] = ()
    sdnotify: str = "ignore"  # "conmon": ready when started; "container": when the container says so; "ignore"
    conditions: dict[str, str] = {}  # of those required: "healthy" or "completed" where "started" is not enough
    healthcheck: Healthcheck | None = None
    log: LogConfig = LogConfig()
    auto_remove: bool = False
    auto_remove_image: bool = False  # with it goes its image, unless somebody else needs that
    runtime: str = ""  # absolute path of the OCI runtime
    cgroup_parent: str = ""
    cgroups: str = "enabled"  # "enabled" | "no-conmon", which is what we do anyway | "disabled"
    pidfile: str = ""
    conmon_pidfile: str = ""
    create_command: tuple[str, ...] = ()
    hooks_dirs: tuple[str, ...] = ()  # where its OCI hooks are; () = where the engine looks
    pod: str = ""  # id
    role: str = ""  # in its pod: "infra", "once" or "always" for an init container
    pod_resources: Resources = Resources()  # of an infra container: the limits of the whole pod

    @property
    def image_mounts(self) -> tuple[Mount, ...]:
        """The mounts that show images."""
        return tuple(mount for mount in self.mounts if mount.type == "image")

    @property
    def cgroup(self) -> str:
        """The path of its own cgroup, "" if it has none."""
        return "" if self.cgroups == "disabled" else f"{self.cgroup_parent.rstrip('/')}/{self.id}"


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of an image's configuration that a container inherits, in our words."""

    id: str
    names: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()  # chain ids, lowest first
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    user: str = ""
    workdir: str = ""
    labels: dict[str, str] = {}
    volumes: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()  # ports, "80/tcp"
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller of `create` asks for. None = not said: the image or the engine decides."""

    image: str = ""
    asked: dict[str, str] = {}  # see ContainerConfig
    rootfs: str = ""
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None  # () = drop the image's
    name: str | None = None
    env: dict[str, str] = {}
    base_env: dict[str, str] = {}  # what the image may say otherwise
    unset_env: tuple[str, ...] = ()
    unset_env_all: bool = False  # nothing of what the image and the engine say
    env_merge: dict[str, str] = {}  # as env, with $NAME and ${NAME} for what the image says
    user: str | None = None
    groups: tuple[str, ...] = ()
    workdir: str | None = None
    make_workdir: bool = False  # if it is not there
    umask: int | None = None
    hostname: str | None = None
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    init: bool | None = None
    init_path: str = ""
    systemd: str = "true"  # "true": if what runs is systemd; "always" | "false"
    personality: str = ""
    tz: str = ""
    passwd: bool = True
    passwd_entry: str = ""
    host_users: tuple[str, ...] = ()  # names or numbers of users of the host
    chroot_dirs: tuple[str, ...] = ()
    image_volume: str = ""  # what VOLUMEs become: "bind" (also "anonymous" or "") | "tmpfs" | "ignore"
    volumes: tuple[str, ...] = ()  # podman's -v syntax: [SRC:]DEST[:OPTIONS]; SRC is a path or a volume
    volumes_from: tuple[str, ...] = ()  # CONTAINER[:ro|:rw|:z]: all that it has mounted
    secrets: tuple[str, ...] = ()  # NAME[,type=mount|env][,target=TARGET][,uid=UID][,gid=GID][,mode=MODE]
    tmpfs: tuple[str, ...] = ()  # DEST[:OPTIONS]
    mounts: tuple[Mount, ...] = ()
    devices: tuple[str, ...] = ()  # SRC[:DEST[:PERMISSIONS]]
    device_cgroup_rules: tuple[str, ...] = ()  # "c|b|a MAJOR:MINOR rwm"
    network: str | tuple[str, ...] | None = None  # none, host, container:NAME, ns:PATH, or networks NAME[:OPTIONS]
    ip: str = ""
    ip6: str = ""
    mac_address: str = ""
    network_aliases: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()  # podman's -p syntax: [[ip:]hostPort:]containerPort[/protocol]
    publish_all: bool = False
    expose: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    no_hosts: bool = False
    no_hostname: bool = False  # the image's /etc/hostname is left alone
    hosts_file: str = ""  # whose lines /etc/hosts has too: a path on the host, "image" or "none"
    host_address: str = ""  # what host.containers.internal stands for
    pid: str | None = None
    ipc: str | None = None
    uts: str | None = None
    cgroupns: str | None = None
    capabilities: tuple[str, ...] | None = None  # before cap_add and cap_drop
    userns: str | None = None  # "" and "host": there is no other yet
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    security_opt: tuple[str, ...] = ()
    read_only: bool | None = None
    read_only_tmpfs: bool = True
    ulimits: tuple[str, ...] = ()  # NAME=SOFT[:HARD]
    sysctls: dict[str, str] = {}
    default_sysctls: dict[str, str] = {}  # those that belong to a namespace of the host are left out
    memory: int | None = None
    memory_swap: int | None = None
    memory_reservation: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int | None = None
    memory_swappiness: int | None = None  # 0 to 100, -1 = the host's
    oom_kill_disable: bool = False
    cpu_rt_period: int | None = None
    cpu_rt_runtime: int | None = None
    blkio_weight: int | None = None
    blkio_weight_devices: tuple[str, ...] = ()  # PATH:WEIGHT
    device_read_bps: tuple[str, ...] = ()  # PATH:NUMBER[UNIT]
    device_write_bps: tuple[str, ...] = ()
    device_read_iops: tuple[str, ...] = ()  # PATH:NUMBER
    device_write_iops: tuple[str, ...] = ()
    cgroup_conf: dict[str, str] = {}
    shm_size: int | None = None
    oom_score_adj: int | None = None
    add_hosts: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    stop_signal: str | int | None = None
    stop_timeout: int | None = None
    timeout: int = 0
    restart: str = "no"
    requires: tuple[str, ...] = ()  # NAME[:started|:healthy|:completed]
    healthcheck: str | tuple[str, ...] | None = None  # a shell's line; or CMD, CMD-SHELL, NONE and words; or argv
    health_interval: float | None = None  # s
    health_timeout: float | None = None  # s
    health_start_period: float | None = None  # s
    health_start_interval: float | None = None  # s
    health_retries: int | None = None
    health_max_log_count: int | None = None  # results that are kept; 0 = as many as we can
    health_max_log_size: int | None = None  # characters of each
    health_on_failure: str = "none"  # "none" | "kill" | "restart" | "stop"
    sdnotify: str = "ignore"  # "ignore" | "container" | "conmon"
    log_driver: str | None = None
    log_options: dict[str, str] = {}
    auto_remove: bool = False
    auto_remove_image: bool = False
    cgroup_parent: str | None = None
    cgroups: str = ""  # "" = "enabled"
    cidfile: str = ""
    pidfile: str = ""
    conmon_pidfile: str = ""
    create_command: tuple[str, ...] = ()
    pod: str = ""  # name, id or unique id prefix; new:NAME for one that is made for the container
    init_ctr: str = ""  # runs to its end before the others of its pod are started: "once" (then it goes) | "always"
    pull: str = ""  # "" = "missing": when to get the image: "always" | "missing" | "never" | "newer"


class ExecRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller of `exec` asks for. None = as the container's first process has it."""

    command: tuple[str, ...]
    env: dict[str, str] = {}  # added to the container's
    user: str | None = None  # "user[:group]"
    workdir: str | None = None
    tty: bool = False
    size: tuple[int, int] | None = None  # of the terminal: rows, columns
    stdin: bool = False
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    timeout: float = 0  # s, rounded up to whole ones, after which it is killed; 0 = never
    preserve_fds: tuple[int, ...] = ()  # descriptors of ours that become 3, 4... of the process

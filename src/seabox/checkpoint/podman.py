"""What podman writes into an archive about a container: `config.dump`, `spec.dump`, `network.status`.

Only what is used is named here; podman's versions differ in the rest. Whatever a key is called, what it says is looked
at by the rules for all archives: see container/from_podman.py.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..model import decoding
from ..model.oci import Cpu, Memory
from .document import BadCheckpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from .intake import Archive

    T = TypeVar("T")

MAKER = "podman"  # in Checkpoint.by
DESCRIPTIONS = {"config.dump": 4 << 20, "spec.dump": 4 << 20, "network.status": 1 << 20}  # and the most bytes

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

Words = tuple[str, ...] | None
Table = dict[str, str] | None


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Box(_Part, frozen=True, kw_only=True):
    """A capability set."""

    bounding: Words = None


class Rlimit(_Part, frozen=True, kw_only=True):
    """ "RLIMIT_NOFILE" and its two values."""

    type: str
    soft: int
    hard: int


class Process(_Part, frozen=True, kw_only=True):
    """The first process."""

    args: Words = None
    env: Words = None
    cwd: str = "/"
    terminal: bool = False
    capabilities: Box | None = None
    rlimits: tuple[Rlimit, ...] | None = None
    no_new_privileges: bool = False
    apparmor_profile: str = ""
    oom_score_adj: int | None = None


class Root(_Part, frozen=True, kw_only=True):
    """The root file system."""

    readonly: bool = False


class Mount(_Part, frozen=True, kw_only=True):
    """One mount."""

    destination: str
    type: str = ""
    source: str = ""
    options: Words = None


class Namespace(_Part, frozen=True, kw_only=True):
    """A namespace, of the container's own if there is no path."""

    type: str
    path: str = ""


class Device(_Part, frozen=True, kw_only=True):
    """A node in /dev."""

    path: str
    type: str = ""
    major: int = -1
    minor: int = -1


class Rule(_Part, frozen=True, kw_only=True):
    """What the cgroup allows."""

    allow: bool = False
    type: str | None = None
    major: int | None = None
    minor: int | None = None
    access: str | None = None


class Pids(_Part, frozen=True, kw_only=True):
    """Tasks."""

    limit: int | None = None


class Blocks(_Part, frozen=True, kw_only=True):
    """Limits for block devices."""

    weight: int | None = None
    weight_device: tuple[Any, ...] | None = None
    throttle_read_bps_device: tuple[Any, ...] | None = None
    throttle_write_bps_device: tuple[Any, ...] | None = None
    read_iops: tuple[Any, ...] | None = msgspec.field(default=None, name="throttleReadIOPSDevice")
    write_iops: tuple[Any, ...] | None = msgspec.field(default=None, name="throttleWriteIOPSDevice")


class Resources(_Part, frozen=True, kw_only=True):
    """What the cgroup keeps."""

    devices: tuple[Rule, ...] | None = None
    memory: Memory | None = None
    cpu: Cpu | None = None
    pids: Pids | None = None
    block_io: Blocks | None = msgspec.field(default=None, name="blockIO")
    unified: Table = None


class Personality(_Part, frozen=True, kw_only=True):
    """The execution domain."""

    domain: str = ""


class Linux(_Part, frozen=True, kw_only=True):
    """What only Linux has."""

    namespaces: tuple[Namespace, ...] | None = None
    devices: tuple[Device, ...] | None = None
    resources: Resources | None = None
    sysctl: Table = None
    seccomp: dict[str, Any] | None = None
    masked_paths: Words = None
    personality: Personality | None = None
    uid_mappings: tuple[Any, ...] | None = None


class Spec(_Part, frozen=True, kw_only=True):
    """A config.json. In `config.dump` it is what was asked for, in `spec.dump` what the runtime was given."""

    process: Process = Process()
    root: Root = Root()
    hostname: str = ""
    mounts: tuple[Mount, ...] | None = None
    annotations: Table = None
    linux: Linux = Linux()


class NamedVolume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume and where it is mounted."""

    name: str = msgspec.field(name="volumeName")
    dest: str
    options: Words = None
    anonymous: bool = msgspec.field(default=False, name="setAnonymous")
    sub_path: str = msgspec.field(default="", name="SubPath")


class PortMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A published range of ports."""

    host_ip: str = ""
    container_port: int
    host_port: int
    range: int = 1
    protocol: str = "tcp"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one network."""

    aliases: Words = None
    interface_name: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A health check; times in ns, 0 = the default."""

    test: Words = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0


class Identities(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """How user ids of the container are those of the host."""

    host_uid_mapping: bool = msgspec.field(default=True, name="HostUIDMapping")
    host_gid_mapping: bool = msgspec.field(default=True, name="HostGIDMapping")
    uid_map: tuple[Any, ...] | None = msgspec.field(default=None, name="UIDMap")
    gid_map: tuple[Any, ...] | None = msgspec.field(default=None, name="GIDMap")
    auto: bool = msgspec.field(default=False, name="AutoUserNs")


class Config(msgspec.Struct, frozen=True, kw_only=True, rename={
    "image_id": "rootfsImageID", "image_name": "rootfsImageName", "create_command": "CreateCommand",
    "identities": "idMappingsOptions", "dependencies": "Dependencies", "shm_size": "shmSize", "no_shm": "NoShm",
    "no_shm_share": "NOShmShare", "named_volumes": "namedVolumes", "overlay_volumes": "overlayVolumes",
    "image_volumes": "ctrImageVolumes", "create_workdir": "createWorkingDir", "secret_env": "secret_env",
    "chroot_dirs": "chroot_directories", "create_netns": "createNetNS", "ipc_of": "ipcNsCtr", "mount_of": "mountNsCtr",
    "net_of": "netNsCtr", "pid_of": "pidNsCtr", "user_of": "userNsCtr", "uts_of": "utsNsCtr",
    "cgroup_of": "cgroupNsCtr", "ports": "newPortMappings", "old_ports": "portMappings",
    "image_resolv_conf": "UseImageResolvConf", "image_hosts": "UseImageHosts",
    "image_hostname": "UseImageHostname", "dns": "dnsServer",
    "dns_search": "dnsSearch", "dns_options": "dnsOption", "add_hosts": "hostsAdd", "network_mode": "networkMode",
    "host_users": "hostUsers", "infra": "pause", "stop_signal": "stopSignal", "stop_timeout": "stopTimeout",
    "log_driver": "logDriver", "log_tag": "logTag", "log_size": "logSize", "cgroups": "cgroupsMode",
    "on_failure": "healthcheck_on_failure_action", "cdi_devices": "cdiDevices",
    "all_devices": "mountAllDevices",
}):  # fmt: skip
    """`config.dump`: how the container was made."""

    spec: Spec
    id: str
    name: str
    pod: str = ""
    create_command: Words = None
    identities: Identities = Identities()
    dependencies: Words = None
    image_id: str = ""
    image_name: str = ""
    rootfs: str = ""
    shm_size: int = 0
    no_shm: bool = False
    no_shm_share: bool = False
    named_volumes: tuple[NamedVolume, ...] | None = None
    overlay_volumes: tuple[Any, ...] | None = None
    image_volumes: tuple[Any, ...] | None = None
    create_workdir: bool = False
    secrets: tuple[Any, ...] | None = None
    secret_env: dict[str, Any] | None = None
    passwd: bool | None = None
    passwd_entry: str = ""
    chroot_dirs: Words = None
    privileged: bool = False
    user: str = ""
    groups: Words = None
    host_users: Words = None
    create_netns: bool = False
    ipc_of: str = ""
    mount_of: str = ""
    net_of: str = ""
    pid_of: str = ""
    user_of: str = ""
    uts_of: str = ""
    cgroup_of: str = ""
    ports: tuple[PortMapping, ...] | None = None
    old_ports: tuple[Any, ...] | None = None
    image_resolv_conf: bool = False
    image_hosts: bool = False
    image_hostname: bool = False
    dns: Words = None
    dns_search: Words = None
    dns_options: Words = None
    add_hosts: Words = None
    networks: dict[str, Asked] | tuple[str, ...] | None = None  # a list in podman 3; often there is none
    network_mode: str = ""
    entrypoint: Words = None
    command: Words = None
    stdin: bool = False
    labels: Table = None
    stop_signal: int = 15
    stop_timeout: int = 0
    timeout: int = 0
    cgroups: str = ""
    log_driver: str = ""
    log_tag: str = ""
    log_size: int = 0
    restart_policy: str = ""
    restart_retries: int = 0
    infra: bool = False
    runtime: str = ""
    systemd: bool | None = None
    healthcheck: Health | None = None
    on_failure: int = 0
    timezone: str = ""
    umask: str = ""
    cdi_devices: Words = None
    all_devices: bool = False


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """An address with the length of its prefix."""

    ipnet: str = ""


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """An interface in the container."""

    subnets: tuple[Range, ...] | None = None
    mac_address: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the container had in one network."""

    interfaces: dict[str, Interface] | None = None


class Described:
    """A container as podman describes it: how it was made, what the runtime was given, what it had in networks."""

    __slots__ = ("config", "networks", "spec")

    def __init__(self, config: Config, spec: Spec, networks: dict[str, Status]) -> None:
        self.config, self.spec, self.networks = config, spec, networks


def described(archive: Archive, path: str) -> Described:
    """What an archive of podman says about its container. Reads as far as needed.

    Raises: BadCheckpoint (it does not say it, or nothing that makes sense), what reading the archive raises.
    """
    found: dict[str, bytes] = {}
    for member in archive:
        name = member.name.removeprefix("./")
        most = DESCRIPTIONS.get(name)
        if most is None or name in found or member.kind != "0":
            continue
        if member.size > most:
            raise BadCheckpoint(f"{path}: {name} has {member.size} bytes, which is too much")
        found[name] = b"".join(bytes(piece) for piece in archive.data())
        if len(found) == len(DESCRIPTIONS):
            break
    config, spec = _decode(path, found, "config.dump", Config), _decode(path, found, "spec.dump", Spec)
    return Described(config, spec, _networks(path, found.get("network.status", b"null")))


def _networks(path: str, data: bytes) -> dict[str, Status]:
    """By name; podman before version 4 wrote a list, of which nothing is used."""
    try:
        raw = msgspec.json.decode(data)
        return decoding.convert(raw, dict[str, Status]) if isinstance(raw, dict) else {}
    except _UNREADABLE as problem:
        raise BadCheckpoint(f"{path}: network.status of podman cannot be read: {problem}") from None


def _decode(path: str, found: dict[str, bytes], name: str, kind: type[T]) -> T:
    if name not in found:
        raise BadCheckpoint(f"{path}: a checkpoint made by podman, without {name}")
    try:
        return decoding.decode(found[name], kind)
    except _UNREADABLE as problem:
        raise BadCheckpoint(f"{path}: {name} of podman cannot be read: {problem}") from None

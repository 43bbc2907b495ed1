"""The parts of the OCI runtime specification (1.0.2, with 1.1's where noted) that seabox writes."""

from __future__ import annotations

import msgspec

VERSION = "1.0.2"


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    pass


class User(_Part, frozen=True, kw_only=True):
    """Who the process is, in numbers."""

    uid: int
    gid: int
    umask: int | None = None
    additional_gids: tuple[int, ...] = ()


class Capabilities(_Part, frozen=True, kw_only=True):
    """The five sets of capability names ("CAP_CHOWN")."""

    bounding: tuple[str, ...] = ()
    effective: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    inheritable: tuple[str, ...] = ()
    ambient: tuple[str, ...] = ()


class Rlimit(_Part, frozen=True, kw_only=True):
    """A resource limit ("RLIMIT_NOFILE"); 2**64-1 = unlimited."""

    type: str
    soft: int
    hard: int


class ConsoleSize(_Part, frozen=True, kw_only=True):
    """Rows and columns of a terminal."""

    height: int
    width: int


class Process(_Part, frozen=True, kw_only=True):
    """What is executed, and as what. Also the whole file that `exec` takes."""

    args: tuple[str, ...]
    cwd: str
    user: User
    env: tuple[str, ...] = ()
    terminal: bool = False
    console_size: ConsoleSize | None = None
    capabilities: Capabilities | None = None
    rlimits: tuple[Rlimit, ...] = ()
    no_new_privileges: bool = False
    apparmor_profile: str = ""
    oom_score_adj: int | None = None


class Root(_Part, frozen=True, kw_only=True):
    """The directory that becomes `/`."""

    path: str
    readonly: bool = False


class Mount(_Part, frozen=True, kw_only=True):
    """One mount(2), done in the order of the list."""

    destination: str
    type: str
    source: str
    options: tuple[str, ...] = ()


class Namespace(_Part, frozen=True, kw_only=True):
    """A namespace to make, or with `path` to join. `type` is the specification's word ("network", "mount"...)."""

    type: str
    path: str = ""


class DeviceRule(_Part, frozen=True, kw_only=True):
    """What the devices cgroup says about devices; None = any number."""

    allow: bool
    access: str  # of "rwm"
    type: str | None = None
    major: int | None = None
    minor: int | None = None


class Device(_Part, frozen=True, kw_only=True):
    """A node made in the container's /dev."""

    path: str
    type: str  # "c" | "b" | "p"
    major: int
    minor: int
    file_mode: int
    uid: int
    gid: int


class Memory(_Part, frozen=True, kw_only=True):
    """Bytes; -1 = unlimited."""

    limit: int | None = None
    reservation: int | None = None
    swap: int | None = None
    swappiness: int | None = None
    disable_oom_killer: bool | None = msgspec.field(default=None, name="disableOOMKiller")


class Cpu(_Part, frozen=True, kw_only=True):
    """Times in microseconds."""

    shares: int | None = None
    quota: int | None = None
    period: int | None = None
    cpus: str = ""
    mems: str = ""
    realtime_runtime: int | None = None
    realtime_period: int | None = None


class Pids(_Part, frozen=True, kw_only=True):
    """How many tasks; -1 = any number."""

    limit: int


class WeightDevice(_Part, frozen=True, kw_only=True):
    """10 to 1000."""

    major: int
    minor: int
    weight: int


class ThrottleDevice(_Part, frozen=True, kw_only=True):
    """Bytes or operations per second."""

    major: int
    minor: int
    rate: int


_Throttles = tuple[ThrottleDevice, ...]


class BlockIO(_Part, frozen=True, kw_only=True):
    """Weight: 10 to 1000."""

    weight: int | None = None
    weight_device: tuple[WeightDevice, ...] = ()
    throttle_read_bps_device: _Throttles = msgspec.field(default=(), name="throttleReadBpsDevice")
    throttle_write_bps_device: _Throttles = msgspec.field(default=(), name="throttleWriteBpsDevice")
    throttle_read_iops_device: _Throttles = msgspec.field(default=(), name="throttleReadIOPSDevice")
    throttle_write_iops_device: _Throttles = msgspec.field(default=(), name="throttleWriteIOPSDevice")


class Resources(_Part, frozen=True, kw_only=True):
    """What the cgroup keeps."""

    devices: tuple[DeviceRule, ...] = ()
    memory: Memory | None = None
    cpu: Cpu | None = None
    pids: Pids | None = None
    block_io: BlockIO | None = msgspec.field(default=None, name="blockIO")
    unified: dict[str, str] = {}


class SeccompArg(_Part, frozen=True, kw_only=True):
    """A condition on one argument; for SCMP_CMP_MASKED_EQ `value` is the mask and `value_two` what must be left."""

    index: int
    value: int
    op: str
    value_two: int | None = None


class SeccompRule(_Part, frozen=True, kw_only=True):
    """What happens to these calls if all of `args` hold."""

    names: tuple[str, ...]
    action: str
    errno_ret: int | None = None
    args: tuple[SeccompArg, ...] = ()


class Seccomp(_Part, frozen=True, kw_only=True):
    """A filter for system calls."""

    default_action: str
    default_errno_ret: int | None = None
    architectures: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    listener_path: str = ""
    listener_metadata: str = ""
    syscalls: tuple[SeccompRule, ...] = ()


class Personality(_Part, frozen=True, kw_only=True):
    """The execution domain: "LINUX" or "LINUX32"."""

    domain: str


class Linux(_Part, frozen=True, kw_only=True):
    """What is special to Linux."""

    namespaces: tuple[Namespace, ...] = ()
    devices: tuple[Device, ...] = ()
    cgroups_path: str = ""
    resources: Resources | None = None
    rootfs_propagation: str = ""
    seccomp: Seccomp | None = None
    sysctl: dict[str, str] = {}
    personality: Personality | None = None
    masked_paths: tuple[str, ...] = ()
    readonly_paths: tuple[str, ...] = ()


class Spec(_Part, frozen=True, kw_only=True):
    """A whole config.json."""

    oci_version: str = msgspec.field(name="ociVersion")
    process: Process
    root: Root
    hostname: str = ""
    mounts: tuple[Mount, ...] = ()
    annotations: dict[str, str] = {}
    linux: Linux


def encode(part: Spec | Process) -> bytes:
    """The JSON that a runtime reads: config.json, or the process file of `exec`."""
    return msgspec.json.encode(part)

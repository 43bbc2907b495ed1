"""What this host and this process can do, as far as a container's specification depends on it."""

from __future__ import annotations

import os
import resource
from functools import cache

from .capabilities import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

RLIMITS: dict[str, int] = {
    name.removeprefix("RLIMIT_").lower(): getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"
}
UNLIMITED = 2**64 - 1


class HostFacts:
    """One look at the host. Rlimits as (soft, hard), UNLIMITED for none."""

    __slots__ = (
        "apparmor", "arch", "capabilities", "cgroup_mode", "controllers", "cpu_paths", "groups", "hostname", "kernel",
        "oom_score_adj", "ping_group_range", "rlimits", "seccomp", "swap_limit",
    )  # fmt: skip

    def __init__(
        self,
        *,
        arch: str = "x86_64",
        kernel: tuple[int, int] = (6, 1),
        hostname: str = "localhost",
        capabilities: tuple[str, ...] = NAMES,
        rlimits: Mapping[str, tuple[int, int]] = {},
        cgroup_mode: Literal["v1", "hybrid", "v2"] = "v2",
        controllers: frozenset[str] = frozenset(("cpu", "cpuset", "devices", "io", "memory", "pids")),
        swap_limit: bool = True,
        seccomp: bool = True,
        apparmor: bool = False,
        oom_score_adj: int = 0,
        ping_group_range: bool = True,
        cpu_paths: tuple[str, ...] = (),
        groups: tuple[int, ...] = (),
    ) -> None:
        self.arch = arch  # as uname says it
        self.kernel = kernel
        self.hostname = hostname
        self.capabilities = capabilities  # the bounding set
        self.rlimits = rlimits
        self.cgroup_mode = cgroup_mode
        self.controllers = controllers  # by their v2 names ("io" also for blkio)
        self.swap_limit = swap_limit  # memory + swap can be limited
        self.seccomp = seccomp
        self.apparmor = apparmor
        self.oom_score_adj = oom_score_adj  # our own
        self.ping_group_range = ping_group_range  # the kernel has this sysctl
        self.cpu_paths = cpu_paths  # /sys/devices/system/cpu/cpu*/thermal_throttle, where they exist
        self.groups = groups  # of this process

    @property
    def may_raise_limits(self) -> bool:
        """Whether this process holds CAP_SYS_RESOURCE."""
        return "CAP_SYS_RESOURCE" in self.capabilities


@cache
def host_facts() -> HostFacts:
    """The facts of this host and process, looked up once per process (about a millisecond)."""
    system = os.uname()
    status = _fields("/proc/self/status")
    bounding = int(status.get("CapBnd", "0"), 16)
    mode, controllers, swap_limit = _cgroups()
    return HostFacts(
        arch=system.machine,
        kernel=_version(system.release),
        hostname=system.nodename,
        capabilities=tuple(name for bit, name in enumerate(NAMES) if bounding >> bit & 1),
        rlimits={name: _rlimit(number) for name, number in RLIMITS.items()},
        cgroup_mode=mode,
        controllers=controllers,
        swap_limit=swap_limit,
        seccomp="Seccomp_filters" in status or "Seccomp" in status,
        apparmor=_read("/sys/module/apparmor/parameters/enabled").startswith("Y"),
        oom_score_adj=int(_read("/proc/self/oom_score_adj") or 0),
        ping_group_range=os.path.exists("/proc/sys/net/ipv4/ping_group_range"),
        cpu_paths=_cpu_paths(),
        groups=tuple(os.getgroups()),
    )


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _fields(path: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in _read(path).splitlines())}


def _version(release: str) -> tuple[int, int]:
    numbers = release.replace("-", ".").split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 and numbers[1].isdecimal() else (0, 0)


def _rlimit(number: int) -> tuple[int, int]:
    soft, hard = resource.getrlimit(number)
    return (
        UNLIMITED if soft == resource.RLIM_INFINITY else soft,
        UNLIMITED if hard == resource.RLIM_INFINITY else hard,
    )


def _cgroups() -> tuple[Literal["v1", "hybrid", "v2"], frozenset[str], bool]:
    top = "/sys/fs/cgroup"
    if v2 := _read(f"{top}/cgroup.controllers"):
        # the root has no memory.swap.max; the kernel's swap accounting is always on in v2
        return "v2", frozenset((*v2.split(), "devices")), True
    try:
        mounted = frozenset(os.listdir(top))
    except OSError:
        mounted = frozenset()
    names = {"io" if name == "blkio" else name for each in mounted for name in each.split(",")}
    swap_limit = os.path.exists(f"{top}/memory/memory.memsw.limit_in_bytes")
    return "hybrid" if "unified" in mounted else "v1", frozenset(names), swap_limit


def _cpu_paths() -> tuple[str, ...]:
    top = "/sys/devices/system/cpu"
    try:
        names = sorted(name for name in os.listdir(top) if name.startswith("cpu") and name[3:].isdecimal())
    except OSError:
        return ()
    paths = (f"{top}/{name}/thermal_throttle" for name in names)
    return tuple(path for path in paths if os.path.isdir(path))

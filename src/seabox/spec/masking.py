"""Paths of /proc and /sys that a container cannot see, or cannot write to."""

from __future__ import annotations

from . import systemd_mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import Security
    from .facts import HostFacts

# what docker, podman and containerd hide, all of it
_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block",
    "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def masked_paths(security: Security, facts: HostFacts, *, systemd: bool = False) -> tuple[str, ...]:
    """What is hidden: ours without what is unmasked (nothing if privileged), and what was asked for."""
    own = () if security.privileged else _without((*_MASKED, *facts.cpu_paths), security.unmask)
    agent = (systemd_mode.HIDDEN,) if systemd and facts.cgroup_mode != "v2" else ()
    return tuple(dict.fromkeys((*own, *agent, *security.mask)))


def readonly_paths(security: Security) -> tuple[str, ...]:
    """What is read-only, by the same rule."""
    return () if security.privileged else _without(_READ_ONLY, security.unmask)


def _without(paths: Iterable[str], unmask: tuple[str, ...]) -> tuple[str, ...]:
    if "ALL" in unmask:
        return ()
    return tuple(path for path in paths if not any(_fits(path, pattern) for pattern in unmask))


def _fits(path: str, pattern: str) -> bool:
    """Whether `path` is `pattern`, in which * and ? stand for characters of one name."""
    if path == pattern:
        return True
    if not set("*?[") & set(pattern):
        return False
    from fnmatch import fnmatchcase

    parts, patterns = path.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))

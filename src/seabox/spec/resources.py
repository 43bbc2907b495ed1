"""Limits as the runtime takes them: the cgroup's, and those of the process itself."""

from __future__ import annotations

from .. import diagnostics
from ..errors import Unsupported
from ..model import oci
from .facts import UNLIMITED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import ContainerConfig, Resources, Ulimit
    from .facts import HostFacts

_NOFILE_MAX = 1 << 20  # a program that walks all possible descriptors must come to an end


def cgroup_resources(asked: Resources, rules: tuple[oci.DeviceRule, ...], facts: HostFacts) -> oci.Resources:
    """What the cgroup is told.

    Raises: Unsupported for a limit whose controller this host does not have.
    """
    from .block_io import block_io

    memory, cpu, blocks = _memory(asked, facts), _cpu(asked, facts), block_io(asked)
    for part, controller in (
        (memory, "memory"),
        (asked.cpu_shares or asked.cpu_quota or asked.cpu_period, "cpu"),
        (asked.cpuset_cpus or asked.cpuset_mems, "cpuset"),
        (blocks, "io"),
    ):
        if part and controller not in facts.controllers:
            raise Unsupported(f"this host has no {controller} cgroup controller: {controller} limits cannot be kept")
    if asked.unified and facts.cgroup_mode != "v2":
        raise Unsupported("--cgroup-conf needs a host with cgroup v2: this one has v1")
    return oci.Resources(
        devices=rules,
        memory=memory,
        cpu=cpu,
        pids=_pids(asked, facts),
        block_io=blocks,
        unified=asked.unified,
    )


def default_swap(asked: Resources, facts: HostFacts) -> int | None:
    """What memory and swap together are limited to when only memory is: twice that, where it can be limited."""
    return 2 * asked.memory if asked.memory is not None and facts.swap_limit else None


def _memory(asked: Resources, facts: HostFacts) -> oci.Memory | None:
    swap = asked.memory_swap
    if swap is None:
        swap = default_swap(asked, facts)
    if asked.memory_swap is not None and not facts.swap_limit:
        raise Unsupported("this kernel cannot limit swap: leave out --memory-swap")
    found = oci.Memory(
        limit=asked.memory,
        swap=swap,
        reservation=asked.memory_reservation,
        swappiness=asked.memory_swappiness,
        disable_oom_killer=_without_killer(asked, facts),
    )
    return None if found == oci.Memory() else found


def _without_killer(asked: Resources, facts: HostFacts) -> bool | None:
    if asked.oom_kill_disable and facts.cgroup_mode == "v2":
        diagnostics.warning("--oom-kill-disable has no effect: cgroup v2 knows no such setting")
        return None
    return asked.oom_kill_disable or None


def _cpu(asked: Resources, facts: HostFacts) -> oci.Cpu | None:
    period, runtime = asked.cpu_rt_period, asked.cpu_rt_runtime
    if (period or runtime) and facts.cgroup_mode == "v2":
        diagnostics.warning("real-time CPU limits have no effect: cgroup v2 knows none")
        period = runtime = None
    found = oci.Cpu(
        shares=asked.cpu_shares, quota=asked.cpu_quota, period=asked.cpu_period,
        cpus=asked.cpuset_cpus, mems=asked.cpuset_mems, realtime_period=period, realtime_runtime=runtime,
    )  # fmt: skip
    return None if found == oci.Cpu() else found


def _pids(asked: Resources, facts: HostFacts) -> oci.Pids | None:
    if asked.pids_limit is None or asked.pids_limit <= 0:
        return None
    if "pids" not in facts.controllers:
        diagnostics.debug("no pids cgroup controller: the limit of %d tasks is not kept", asked.pids_limit)
        return None
    return oci.Pids(limit=asked.pids_limit)


def rlimits(asked: Iterable[Ulimit], facts: HostFacts) -> tuple[oci.Rlimit, ...]:
    """The process's own limits: what is asked, as far as we may; else no core dumps and a finite number of files."""
    found = {limit.name: (_finite(limit.soft), _finite(limit.hard)) for limit in asked}
    found.setdefault("core", (0, 0))
    if "nofile" in facts.rlimits and "nofile" not in found:
        soft, hard = facts.rlimits["nofile"]
        if hard > _NOFILE_MAX:
            found["nofile"] = (min(soft, _NOFILE_MAX), _NOFILE_MAX)
    return tuple(
        oci.Rlimit(type=f"RLIMIT_{name.upper()}", soft=soft, hard=hard)
        for name, (soft, hard) in ((name, _allowed(name, pair, facts)) for name, pair in found.items())
    )


def _finite(value: int) -> int:
    return UNLIMITED if value == -1 else value


def _allowed(name: str, pair: tuple[int, int], facts: HostFacts) -> tuple[int, int]:
    highest = UNLIMITED if facts.may_raise_limits else facts.rlimits.get(name, (0, UNLIMITED))[1]
    soft, hard = (min(value, highest) for value in pair)
    if (soft, hard) != pair:
        diagnostics.debug("ulimit %s=%d:%d: without CAP_SYS_RESOURCE no more than %d", name, *pair, highest)
    return soft, hard


def oom_score_adj(config: ContainerConfig, facts: HostFacts) -> int | None:
    """The score asked for; without CAP_SYS_RESOURCE none below our own."""
    asked = config.oom_score_adj
    if asked is None or facts.may_raise_limits or asked >= facts.oom_score_adj:
        return asked
    diagnostics.debug("oom_score_adj %d: without CAP_SYS_RESOURCE no less than %d", asked, facts.oom_score_adj)
    return facts.oom_score_adj

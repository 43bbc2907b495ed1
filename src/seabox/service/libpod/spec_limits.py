"""What a SpecGenerator, or an update, says of limits, as the engine takes it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import spec_body as body

_UNLIMITED = 2**63  # and above: as good as none


def changed_limits(said: body.Resources | None) -> dict[str, Any]:
    """What is said of a container's cgroup; 0 and "" say nothing."""
    found: dict[str, Any] = {}
    if said is None:
        return found
    if (memory := said.memory) is not None:
        found |= {"memory": memory.limit, "memory_reservation": memory.reservation, "memory_swap": memory.swap}
        found["memory_swappiness"] = memory.swappiness
        found["oom_kill_disable"] = memory.disable_oom_killer
    if (cpu := said.cpu) is not None:
        found |= {"cpu_shares": cpu.shares, "cpu_quota": cpu.quota, "cpu_period": cpu.period}
        found |= {"cpu_rt_runtime": cpu.realtime_runtime, "cpu_rt_period": cpu.realtime_period}
        found |= {"cpuset_cpus": cpu.cpus, "cpuset_mems": cpu.mems}
    if said.pids is not None:
        found["pids_limit"] = said.pids.limit
    if said.block_io is not None:
        found["blkio_weight"] = said.block_io.weight
    found["cgroup_conf"] = said.unified
    return {key: value for key, value in found.items() if value}


def asked_limits(spec: body.SpecGenerator) -> dict[str, Any]:
    """All limits of a new container."""
    found = changed_limits(spec.resource_limits)
    if spec.cpu_quota and "cpu_quota" not in found:
        found["cpu_quota"] = spec.cpu_quota
    if spec.cpu_period and "cpu_period" not in found:
        found["cpu_period"] = spec.cpu_period
    if spec.unified:
        found["cgroup_conf"] = found.get("cgroup_conf", {}) | spec.unified
    found["blkio_weight_devices"] = [f"{path}:{each.weight or 0}" for path, each in (spec.weight_device or {}).items()]
    found["device_read_bps"] = _rates(spec.read_bps)
    found["device_write_bps"] = _rates(spec.write_bps)
    found["device_read_iops"] = _rates(spec.read_iops)
    found["device_write_iops"] = _rates(spec.write_iops)
    found["ulimits"] = [
        f"{each.type.lower().removeprefix('rlimit_')}={_number(each.soft)}:{_number(each.hard)}"
        for each in spec.r_limits or ()
    ]
    return found


def _rates(said: body.Rates) -> list[str]:
    return [f"{path}:{each.rate or 0}" for path, each in (said or {}).items()]


def _number(limit: int) -> int:
    return -1 if limit >= _UNLIMITED else limit

"""Docker's words for limits as the engine's: those of a new container, and of an update."""

from __future__ import annotations

from ...errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import create_body as body

_NANO = 10**9
_SAME = (  # 0 and "" are as good as nothing
    "blkio_weight", "cpu_shares", "cpu_period", "cpu_quota", "cpuset_cpus", "cpuset_mems", "memory",
    "memory_reservation", "memory_swap",
)  # fmt: skip


def changed_limits(said: body.Limits) -> dict[str, Any]:
    """What an update of a container changes. Raises: InvalidArgument."""
    found = {name: value for name in _SAME if (value := getattr(said, name))}
    if said.nano_cpus:
        if said.cpu_period or said.cpu_quota:
            raise InvalidArgument("Conflicting options: Nano CPUs and CPU Period (or CPU Quota) cannot both be set")
        found["cpus"] = said.nano_cpus / _NANO
    if said.pids_limit:
        found["pids_limit"] = said.pids_limit
    return found


def asked_limits(said: body.Limits) -> dict[str, Any]:
    """What a new container's limits are to be. Raises: InvalidArgument."""
    if said.device_requests:
        raise InvalidArgument("could not select a device driver: DeviceRequests (GPUs) are not supported, use Devices")
    found = changed_limits(said)
    if said.memory_swappiness is not None:
        found["memory_swappiness"] = said.memory_swappiness
    if said.oom_kill_disable:
        found["oom_kill_disable"] = True
    if said.cpu_realtime_period:
        found["cpu_rt_period"] = said.cpu_realtime_period
    if said.cpu_realtime_runtime:
        found["cpu_rt_runtime"] = said.cpu_realtime_runtime
    if said.cgroup_parent:
        found["cgroup_parent"] = said.cgroup_parent
    found["blkio_weight_devices"] = [f"{each.path}:{each.weight}" for each in said.blkio_weight_device or ()]
    found["device_read_bps"] = _rates(said.blkio_device_read_bps)
    found["device_write_bps"] = _rates(said.blkio_device_write_bps)
    found["device_read_iops"] = _rates(said.blkio_device_read_iops)
    found["device_write_iops"] = _rates(said.blkio_device_write_iops)
    found["devices"] = [_device(each) for each in said.devices or ()]
    found["device_cgroup_rules"] = said.device_cgroup_rules or []
    found["ulimits"] = [f"{each.name}={each.soft}:{each.hard}" for each in said.ulimits or ()]
    return found


def _rates(said: body.Rates) -> list[str]:
    return [f"{each.path}:{each.rate}" for each in said or ()]


def _device(said: body.Device) -> str:
    source = said.path_on_host or ""
    return f"{source}:{said.path_in_container or source}:{said.cgroup_permissions or 'rwm'}"


def restart_policy(said: body.RestartPolicy | None) -> str:
    """The policy as the engine takes it. Raises: InvalidArgument."""
    if said is None:
        return "no"
    name, count = said.name or "no", said.maximum_retry_count or 0
    if count < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")
    if name == "on-failure":
        return f"{name}:{count}" if count else name
    if count:
        raise InvalidArgument("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    return name

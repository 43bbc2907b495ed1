"""The limits of a pod, as files of the cgroup above those of its members."""

from __future__ import annotations

from ..errors import Unsupported
from .block_io import device_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import DeviceLimit, Resources
    from .facts import HostFacts

    Limit = tuple[str, str, str]  # controller, file, text

_CPU_PERIOD = 100_000  # µs
_RATES = {  # the file of version 1, the word of version 2
    "read_bps": ("blkio.throttle.read_bps_device", "rbps"), "write_bps": ("blkio.throttle.write_bps_device", "wbps"),
}  # fmt: skip


def pod_limits(asked: Resources, facts: HostFacts) -> list[Limit]:
    """What is to be written, in order. Raises: Unsupported for a limit whose controller this host does not have."""
    found = _version_2(asked) if facts.cgroup_mode == "v2" else _version_1(asked, facts)
    for controller, _, _ in found:
        if controller not in facts.controllers:
            raise Unsupported(f"this host has no {controller} cgroup controller: {controller} limits cannot be kept")
    return found


def _swap(asked: Resources) -> int | None:
    """Memory and swap together, -1 for no limit."""
    if asked.memory is None:
        return None
    return 2 * asked.memory if asked.memory_swap is None else asked.memory_swap


def _version_1(asked: Resources, facts: HostFacts) -> list[Limit]:
    period = asked.cpu_period or (_CPU_PERIOD if asked.cpu_quota else None)
    values = [
        ("memory", "memory.limit_in_bytes", asked.memory),
        ("memory", "memory.memsw.limit_in_bytes", _swap(asked) if facts.swap_limit else None),
        ("memory", "memory.soft_limit_in_bytes", asked.memory_reservation),
        ("cpu", "cpu.shares", asked.cpu_shares),
        ("cpu", "cpu.cfs_period_us", period),
        ("cpu", "cpu.cfs_quota_us", asked.cpu_quota),
    ]
    found = [(controller, file, str(value)) for controller, file, value in values if value is not None]
    if asked.blkio_weight is not None:
        found.append(("io", "blkio.weight|blkio.bfq.weight", str(asked.blkio_weight)))
    for each in asked.blkio_weight_devices:
        found.append(("io", "blkio.weight_device|blkio.bfq.weight_device", f"{_device(each)} {each.value}"))
    for limit, (file, _) in _RATES.items():
        found += [("io", file, f"{_device(each)} {each.value}") for each in getattr(asked, limit)]
    return found + _sets(asked)


def _version_2(asked: Resources) -> list[Limit]:
    found: list[Limit] = []
    if asked.memory is not None:
        swap = _swap(asked)
        assert swap is not None
        found.append(("memory", "memory.max", str(asked.memory)))
        found.append(("memory", "memory.swap.max", "max" if swap < 0 else str(swap - asked.memory)))
    if asked.memory_reservation is not None:
        found.append(("memory", "memory.low", str(asked.memory_reservation)))
    if asked.cpu_shares is not None:  # 2 to 262144 are 1 to 10000
        found.append(("cpu", "cpu.weight", str(1 + (max(asked.cpu_shares, 2) - 2) * 9999 // 262142)))
    if asked.cpu_quota or asked.cpu_period:
        quota = str(asked.cpu_quota) if asked.cpu_quota and asked.cpu_quota > 0 else "max"
        found.append(("cpu", "cpu.max", f"{quota} {asked.cpu_period or _CPU_PERIOD}"))
    if asked.blkio_weight is not None:
        found.append(("io", "io.bfq.weight|io.weight", f"default {asked.blkio_weight}"))
    for each in asked.blkio_weight_devices:
        found.append(("io", "io.bfq.weight|io.weight", f"{_device(each)} {each.value}"))
    for limit, (_, word) in _RATES.items():
        found += [("io", "io.max", f"{_device(each)} {word}={each.value or 'max'}") for each in getattr(asked, limit)]
    return found + _sets(asked)


def _device(limit: DeviceLimit) -> str:
    """Raises: Refused."""
    return "{}:{}".format(*device_numbers(limit.path))


def _sets(asked: Resources) -> list[Limit]:
    values = (("cpuset.cpus", asked.cpuset_cpus), ("cpuset.mems", asked.cpuset_mems))
    return [("cpuset", file, value) for file, value in values if value]

"""Limits on memory, CPU, tasks and rlimits, and the cgroup that keeps them: from a request to checked values."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from ..model.container import Resources, Ulimit
from .facts import RLIMITS
from .text import normal, plain, whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..model.container import CreateRequest

# bytes; with less a runtime cannot even start (measured), and dies without a word or with a riddle
_MIN_MEMORY = 512 << 10
_MIN_MEMORY_RUNC = 4 << 20  # a Go program
_MAX = 2**63 - 1
_CPU_PERIOD = 100_000  # µs
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
DECIMAL = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_size(text: str, units: Mapping[str, int] = _UNITS) -> int:
    """Bytes of "512", "64k", "1.5m" or "2gb"; "-1" is -1. Units of log sizes are `DECIMAL`, all others binary.

    Raises: InvalidArgument with podman's words.
    """
    if text == "-1":
        return -1
    unit = text.lower().lstrip("0123456789.").strip()
    number = text[: len(text) - len(unit)].strip() if unit else text
    whole, dot, fraction = number.partition(".")
    factor = units.get(unit) or units.get(unit.removesuffix("ib") or "?") or units.get(unit.removesuffix("b") or "?")
    if factor and text.isascii() and (whole + fraction).isdecimal() and whole and bool(dot) == bool(fraction):
        size = int(whole) * factor + (int(fraction) * factor // 10 ** len(fraction) if fraction else 0)
        if size <= _MAX:
            return size
    raise InvalidArgument(f"invalid size: {text!a}")


def min_memory(runtime: str) -> int:
    """The lowest memory limit under which this OCI runtime works, in bytes."""
    return _MIN_MEMORY_RUNC if runtime.rpartition("/")[2].startswith("runc") else _MIN_MEMORY


def parse_resources(request: CreateRequest, *, default_pids: int, runtime: str) -> Resources:
    """The limits of a request, the engine's default for tasks included.

    Raises: InvalidArgument.
    """
    memory, swap, reservation = request.memory or None, request.memory_swap or None, request.memory_reservation or None
    for name, value in (("memory", memory), ("memory-reservation", reservation)):
        if value is not None and not 0 < value <= _MAX:
            raise InvalidArgument(f"invalid {name} limit {value}: must be a positive number of bytes")
    if memory is not None and memory < min_memory(runtime):
        raise InvalidArgument(f"minimum memory limit allowed is {min_memory(runtime) >> 10}KiB")
    if memory is not None and reservation is not None and memory < reservation:
        raise InvalidArgument("minimum memory limit cannot be less than memory reservation limit, see usage")
    shares, quota, period = _cpu(request)
    return Resources(
        memory=memory,
        memory_swap=_swap(memory, swap),
        memory_reservation=reservation,
        cpu_shares=shares,
        cpu_quota=quota,
        cpu_period=period,
        cpuset_cpus=_cpu_list("cpuset-cpus", request.cpuset_cpus),
        cpuset_mems=_cpu_list("cpuset-mems", request.cpuset_mems),
        pids_limit=_pids(request.pids_limit, default_pids),
        memory_swappiness=_swappiness(request.memory_swappiness),
        oom_kill_disable=request.oom_kill_disable,
        cpu_rt_period=request.cpu_rt_period or None,
        cpu_rt_runtime=request.cpu_rt_runtime or None,
        **_block_io(request),
        unified=_unified(request.cgroup_conf),
    )


def _swappiness(value: int | None) -> int | None:
    if value is None or value == -1:
        return None
    if not 0 <= value <= 100:
        raise InvalidArgument(f"invalid value: {value}, valid memory swappiness range is 0-100")
    return value


def _block_io(request: CreateRequest) -> dict[str, Any]:
    from . import block_io

    return {
        "blkio_weight": block_io.parse_weight(request.blkio_weight),
        "blkio_weight_devices": block_io.parse_weights(request.blkio_weight_devices),
        "read_bps": block_io.parse_rates(request.device_read_bps, bytes=True),
        "write_bps": block_io.parse_rates(request.device_write_bps, bytes=True),
        "read_iops": block_io.parse_rates(request.device_read_iops, bytes=False),
        "write_iops": block_io.parse_rates(request.device_write_iops, bytes=False),
    }


def _unified(settings: Mapping[str, str]) -> dict[str, str]:
    for name, value in settings.items():
        if not plain("cgroup setting", name) or "/" in name:
            raise InvalidArgument(f"invalid cgroup setting {name!a}: it must be the name of a file like memory.high")
        plain(f"cgroup setting {name}", value)
    return dict(settings)


def _swap(memory: int | None, swap: int | None) -> int | None:
    if swap is None:
        return None
    if memory is None:
        raise InvalidArgument("you should always set a memory limit when using a memoryswap limit, see usage")
    if swap != -1 and swap < memory:
        raise InvalidArgument("minimum memoryswap limit should be larger than memory limit, see usage")
    if swap > _MAX:
        raise InvalidArgument(f"invalid memory-swap limit {swap}")
    return swap


def _pids(limit: int | None, default: int) -> int | None:
    if limit is None:
        limit = default
    if not -1 <= limit <= _MAX:
        raise InvalidArgument(f"invalid pids limit {limit}: must be positive, or -1 for no limit")
    return limit or -1


def _cpu(request: CreateRequest) -> tuple[int | None, int | None, int | None]:
    shares, quota, period = request.cpu_shares or None, request.cpu_quota or None, request.cpu_period or None
    if request.cpus:
        for name, value in (("cpu-period", period), ("cpu-quota", quota)):
            if value is not None:
                raise InvalidArgument(f"--{name} and --cpus cannot be set together")
        if not 0.01 <= request.cpus <= 100_000:
            raise InvalidArgument(f"invalid number of CPUs {request.cpus}: must be at least 0.01")
        quota, period = int(request.cpus * _CPU_PERIOD), _CPU_PERIOD
    for name, value, low, high in (
        ("cpu-shares", shares, 2, 262_144),
        ("cpu-period", period, 1000, 1_000_000),
        ("cpu-quota", None if quota == -1 else quota, 1000, _MAX),
    ):
        if value is not None and not low <= value <= high:
            raise InvalidArgument(f"invalid {name} {value}: must be from {low} to {high}")
    return shares, quota, period


def _cpu_list(what: str, text: str) -> str:
    if not text:
        return ""
    for part in text.split(","):
        low, dash, high = part.partition("-")
        first = whole_number(what, low, 0, 65535)
        if dash and whole_number(what, high, 0, 65535) < first:
            raise InvalidArgument(f"{what} {text!a}: {part} ends before it begins")
    return text


def parse_ulimits(texts: Iterable[str]) -> tuple[Ulimit, ...]:
    """`NAME=SOFT[:HARD]`, each name once (the last one counts); "host" keeps what the engine has.

    Raises: InvalidArgument with podman's words.
    """
    found: dict[str, Ulimit] = {}
    for text in texts:
        if text == "host":
            continue
        limit = _ulimit(plain("ulimit", text))
        found[limit.name] = limit
    return tuple(found.values())


def _ulimit(text: str) -> Ulimit:
    def bad(why: str) -> InvalidArgument:
        return InvalidArgument(f'ulimit option "{text}" requires name=SOFT:HARD, failed to be parsed: {why}')

    name, equals, value = text.partition("=")
    if not equals:
        raise bad(f"invalid ulimit argument: {text}")
    if name not in RLIMITS:
        raise bad(f"invalid ulimit type: {name}")
    numbers = value.split(":")
    if len(numbers) > 2:
        raise bad(f"too many limit value arguments - {value}, can only have up to two, `soft[:hard]`")
    try:
        soft, hard = (whole_number("limit", number, -1, _MAX) for number in (numbers[0], numbers[-1]))
    except InvalidArgument as problem:
        raise bad(str(problem)) from None
    if hard != -1 and (soft == -1 or soft > hard):
        what = f"soft: -1 (unlimited), hard: {hard}" if soft == -1 else f"{soft} > {hard}"
        raise bad(f"ulimit soft limit must be less than or equal to hard limit: {what}")
    return Ulimit(name=name, soft=soft, hard=hard)


def check_cgroup_parent(path: str) -> str:
    """The cgroup below which a container has its own, "" for the top. Raises: InvalidArgument."""
    if not path:
        return ""
    if plain("cgroup parent", path).endswith(".slice") or ".." in path.split("/"):
        raise InvalidArgument(f"cgroup parent {path} is not valid: it must be a path below the cgroup mount")
    return normal("/" + path)


def check_cgroups(word: str) -> str:
    """The mode. Raises: InvalidArgument, Unsupported."""
    word = word or "enabled"
    if word in ("enabled", "disabled", "no-conmon"):
        return word
    if word == "split":
        raise Unsupported("--cgroups=split is not supported: use enabled, disabled or no-conmon")
    raise InvalidArgument(f"invalid cgroup mode {word!a}: use enabled or disabled")

"""What `stats` tells of a container, under podman's field names."""

from __future__ import annotations

from seabox.container.top import duration
from seabox.model.human import binary_size, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.container.stats import Stats

_JSON = {
    "ID": "id", "Name": "name", "CPUTime": "cpu_time", "CPUPerc": "cpu_percent", "AvgCPU": "avg_cpu",
    "MemUsage": "mem_usage", "MemPerc": "mem_percent", "NetIO": "net_io", "BlockIO": "block_io", "PIDS": "pids",
}  # fmt: skip
_OF_PODS = {"CPU": "CPUPerc", "Mem": "MemPerc"}  # where the words for pods are others
_SHORT = 12  # of an id


def row(now: Stats, before: Stats | None, whole: bool) -> dict[str, object]:
    """What is shown of a container, under the field names of podman's templates."""
    average = 100 * now.cpu / now.uptime if now.uptime else 0.0
    current = average
    if before is not None and now.at > before.at and now.cpu >= before.cpu:
        current = 100 * (now.cpu - before.cpu) / (now.at - before.at)
    return {
        "ID": now.id if whole else now.id[:_SHORT],
        "ContainerID": now.id,
        "Name": now.name,
        "CPUPerc": f"{current:.2f}%",
        "MemUsage": f"{size(now.memory)} / {size(now.memory_limit)}",
        "MemUsageBytes": f"{binary_size(now.memory)} / {binary_size(now.memory_limit)}",
        "MemPerc": f"{100 * now.memory / now.memory_limit if now.memory_limit else 0.0:.2f}%",
        "NetIO": f"{size(now.net_received)} / {size(now.net_sent)}",
        "BlockIO": f"{size(now.block_read)} / {size(now.block_written)}",
        "PIDS": now.pids,
        "PIDs": now.pids,
        "CPUTime": duration(now.cpu),
        "AvgCPU": f"{average:.2f}%",
        "UpTime": duration(now.uptime),
    }


def pod_row(pod: str, now: Stats, before: Stats | None) -> dict[str, object]:
    """What is shown of a container of a pod, under the field names of podman's templates; dashes if it does not run."""
    whole = row(now, before, False)
    fields: dict[str, object] = {
        name: whole[_OF_PODS.get(name, name)]
        for name in ("CPU", "MemUsage", "MemUsageBytes", "Mem", "NetIO", "BlockIO", "PIDS")
    }
    if not now.uptime:
        pairs = ("MemUsage", "MemUsageBytes", "NetIO", "BlockIO")
        fields = {name: "-- / --" if name in pairs else "--" for name in fields}
    return fields | {"Pod": pod[:_SHORT], "CID": now.id[:_SHORT], "Name": now.name}


def json_row(row: dict[str, object]) -> dict[str, str]:
    """A row as `--format json` shows it."""
    return {name: str(row[field]) for field, name in _JSON.items()}

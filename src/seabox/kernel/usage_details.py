"""What a container uses of the machine, item by item: as docker tells it."""

from __future__ import annotations

import os

from . import cgroups
from .procfs import TICKS, content_of, number_in, transfers

_SECOND = 10**9
_INTERFACE = ("rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped")
_COLUMNS = (0, 1, 2, 3, 8, 9, 10, 11)  # of these in /proc/net/dev


class Details:
    """One moment of a cgroup and of the machine. CPU times in ns.

    `memory` is the whole, caches included, and `memory_items` the lines of memory.stat; `transferred` are (major,
    minor, "read" | "write", bytes); `interfaces` by name, each by docker's names; `system` is what all processors
    of the machine did, `processors` how many there are.
    """

    __slots__ = (
        "interfaces", "kernel", "memory", "memory_failures", "memory_items", "memory_most", "periods", "pids_limit",
        "processors", "system", "throttled", "throttled_time", "transferred", "user", "v2",
    )  # fmt: skip

    def __init__(self, cgroup: str, pid: int) -> None:
        """All is zero without a cgroup; no interface without a process."""
        folders = cgroups.paths(cgroup) if cgroup else []
        self.v2 = not any(os.path.exists(f"{folder}/memory.usage_in_bytes") for folder in folders)
        self._processor(folders)
        self._memory(folders)
        self.pids_limit = number_in(folders, "pids.max")
        self.transferred = [(*_device(device), way, size) for device, way, size in transfers(folders)]
        self.interfaces = _interfaces(pid) if pid else {}
        self.system, self.processors = _machine()

    def _processor(self, folders: list[str]) -> None:
        items = _items(folders, "cpu.stat")
        if "user_usec" in items:
            self.user, self.kernel = items["user_usec"] * 1000, items["system_usec"] * 1000
        else:
            split = _items(folders, "cpuacct.stat")
            self.user, self.kernel = (split.get(name, 0) * _SECOND // TICKS for name in ("user", "system"))
        self.periods, self.throttled = items.get("nr_periods", 0), items.get("nr_throttled", 0)
        self.throttled_time = items.get("throttled_time", 0) or items.get("throttled_usec", 0) * 1000

    def _memory(self, folders: list[str]) -> None:
        self.memory = number_in(folders, "memory.current" if self.v2 else "memory.usage_in_bytes")
        self.memory_most = number_in(folders, "memory.peak" if self.v2 else "memory.max_usage_in_bytes")
        self.memory_failures = 0 if self.v2 else number_in(folders, "memory.failcnt")
        self.memory_items = _items(folders, "memory.stat")


def _items(folders: list[str], file: str) -> dict[str, int]:
    found = {}
    for line in content_of(folders, file).splitlines():
        name, _, value = line.partition(b" ")
        if value.isdigit():
            found[name.decode("ascii", "replace")] = int(value)
    return found


def _device(text: bytes) -> tuple[int, int]:
    major, _, minor = text.partition(b":")
    return int(major), int(minor)


def _interfaces(pid: int) -> dict[str, dict[str, int]]:
    """Of the process's network namespace, loopback left out; none if it is gone."""
    try:
        with open(f"/proc/{pid}/net/dev", "rb") as file:
            lines = file.read().splitlines()[2:]
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, _, numbers = line.partition(b":")
        fields = numbers.split()
        if name.strip() != b"lo":
            counts = (int(fields[column]) for column in _COLUMNS)
            found[os.fsdecode(name.strip())] = dict(zip(_INTERFACE, counts, strict=True))
    return found


def _machine() -> tuple[int, int]:
    """What all processors did since the machine began, in ns, and how many there are."""
    with open("/proc/stat", "rb") as file:
        lines = file.read().splitlines()
    ticks = sum(int(field) for field in lines[0].split()[1:9])
    return ticks * _SECOND // TICKS, sum(line.startswith(b"cpu") for line in lines) - 1

"""What the kernel tells about processes, and what cgroups use of the machine."""

from __future__ import annotations

import os

from . import cgroups

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
_SECOND = 10**9
_OPERATIONS = {b"read": "read", b"write": "write", b"rbytes": "read", b"wbytes": "write"}
UNKNOWN = "?"
_RUNTIMES_OWN = b"runc:["  # how runc calls its own processes in a container
_FORKED = 0x40  # PF_FORKNOEXEC: of a process that has executed nothing since it was forked (crun)
_EXITING = 0x4  # PF_EXITING


class ProcessFacts:
    """One process at one moment. Times in ns; `inner` is its pid in its own pid namespace, `status` the lines of its
    status file by their first words."""

    __slots__ = (
        "argv", "cpu", "elapsed", "gid", "group", "inner", "name", "nice", "parent", "pid", "resident", "session",
        "started_at", "state", "status", "threads", "tty", "uid", "virtual",
    )  # fmt: skip

    def __init__(self, pid: int) -> None:
        """Raises: FileNotFoundError, ProcessLookupError (it has ended)."""
        self.pid = pid
        stat = _read(f"/proc/{pid}/stat")
        name, _, rest = stat.partition(b"(")[2].rpartition(b")")
        fields = rest.split()
        self.name, self.state = os.fsdecode(name), fields[0].decode()
        self.parent, self.group, self.session, tty = (int(field) for field in fields[1:5])
        self.tty = _terminal(tty)
        self.cpu = (int(fields[11]) + int(fields[12])) * _SECOND // TICKS
        self.nice, self.threads = int(fields[16]), int(fields[17])
        self.started_at = _booted() + int(fields[19]) * _SECOND // TICKS
        self.elapsed = max(_uptime() - int(fields[19]) * _SECOND // TICKS, 0)
        self.virtual, self.resident = int(fields[20]), int(fields[21]) * PAGE
        lines = _read(f"/proc/{pid}/status").splitlines()
        self.status = status = dict(line.split(b":", 1) for line in lines if b":" in line)
        self.uid, self.gid = int(status[b"Uid"].split()[1]), int(status[b"Gid"].split()[1])
        self.inner = int(status.get(b"NSpid", b"0").split()[-1])
        words = _read(f"/proc/{pid}/cmdline").split(b"\0")[:-1]
        self.argv = [os.fsdecode(word) for word in words]


def has_executed(pid: int) -> bool:
    """Whether a container's first process is its program by now, and not the runtime that is about to execute it."""
    try:
        name, _, rest = _read(f"/proc/{pid}/stat").partition(b"(")[2].rpartition(b")")
    except OSError:  # it has ended
        return True
    return not (name.startswith(_RUNTIMES_OWN) or int(rest.split()[6]) & _FORKED)


def is_dying(pid: int) -> bool:
    """Whether the process is gone, or about to be: the kernel takes down what it has before others see it end."""
    try:
        return bool(int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[6]) & _EXITING)
    except OSError:
        return True


def blocked_on(pid: int) -> str:
    """What a process waits for: the link of the descriptor that its system call is about ("socket:[1]"), else "-".

    "" if it does not wait or is gone, UNKNOWN if nobody may know.
    """
    try:
        call, first = _read(f"/proc/{pid}/syscall").split()[:2]
    except (PermissionError, FileNotFoundError):
        return UNKNOWN if os.path.exists(f"/proc/{pid}") else ""
    except (OSError, ValueError):  # "running" is one word
        return ""
    try:
        return os.readlink(f"/proc/{pid}/fd/{int(first, 16)}") if int(call) >= 0 else "-"
    except OSError:
        return "-"


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _uptime() -> int:
    import time

    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _booted() -> int:
    import time

    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def security_label(pid: int) -> str:
    """What a security module calls the process, "?" without one or if it has ended."""
    try:
        return os.fsdecode(_read(f"/proc/{pid}/attr/current")).strip("\0\n") or "?"
    except OSError:
        return "?"


def _terminal(number: int) -> str:
    major, minor = os.major(number), os.minor(number)
    if not number:
        return "?"
    if 136 <= major <= 143:
        return f"pts/{(major - 136) * 256 + minor}"
    if major == 4:
        return f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}"
    return "console" if (major, minor) == (5, 1) else f"{major}:{minor}"


class Usage:
    """What a cgroup used: `cpu` ns since it was made, bytes of memory and its limit, tasks, bytes read and written."""

    __slots__ = ("cpu", "memory", "memory_limit", "pids", "read", "written")

    def __init__(self, cgroup: str) -> None:
        folders = cgroups.paths(cgroup) if cgroup else []
        self.cpu = number_in(folders, "cpuacct.usage") or _field(folders, "cpu.stat", b"usage_usec") * 1000
        cache = _field(folders, "memory.stat", b"total_inactive_file")  # which the kernel drops when it needs to
        cache = cache or _field(folders, "memory.stat", b"inactive_file")
        whole = number_in(folders, "memory.usage_in_bytes") or number_in(folders, "memory.current")
        self.memory = max(whole - cache, 0)
        limit = number_in(folders, "memory.limit_in_bytes") or number_in(folders, "memory.max")
        machine = os.sysconf("SC_PHYS_PAGES") * PAGE
        self.memory_limit = limit if 0 < limit < machine else machine
        self.pids = number_in(folders, "pids.current") or (len(cgroups.processes(cgroup)) if cgroup else 0)
        moved = transfers(folders)
        self.read, self.written = (sum(size for _, way, size in moved if way == each) for each in ("read", "write"))


def content_of(folders: list[str], file: str) -> bytes:
    """What the file says in the one of a cgroup's directories that has it; b"" if none has, or it has just gone."""
    for folder in folders:
        try:
            return _read(f"{folder}/{file}")
        except OSError:
            continue  # not this hierarchy, or the cgroup has just gone
    return b""


def number_in(folders: list[str], file: str) -> int:
    """As `content_of`, of a file that holds one number; 0 for "max" and for nothing."""
    text = content_of(folders, file).strip()
    return int(text) if text.isdigit() else 0


def _field(folders: list[str], file: str, key: bytes) -> int:
    for line in content_of(folders, file).splitlines():
        name, _, value = line.partition(b" ")
        if name == key:
            return int(value)
    return 0


def transfers(folders: list[str]) -> list[tuple[bytes, str, int]]:
    """What a cgroup read and wrote: ("MAJOR:MINOR", "read" or "write", bytes) for each device."""
    found = []
    for line in content_of(folders, "blkio.throttle.io_service_bytes_recursive").splitlines():  # DEVICE Read BYTES
        words = line.lower().split()
        if len(words) == 3 and words[1] in _OPERATIONS:
            found.append((words[0], _OPERATIONS[words[1]], int(words[2])))
    for line in content_of(folders, "io.stat").splitlines():  # DEVICE rbytes=BYTES wbytes=BYTES ...
        device, _, items = line.partition(b" ")
        for item in items.split():
            key, _, value = item.partition(b"=")
            if key in _OPERATIONS:
                found.append((device, _OPERATIONS[key], int(value)))
    return found


def network_bytes(pid: int) -> tuple[int, int]:
    """Bytes received and sent through the process's network namespace, loopback left out; zeros if it is gone."""
    received = sent = 0
    try:
        lines = _read(f"/proc/{pid}/net/dev").splitlines()[2:]
    except OSError:
        return 0, 0
    for line in lines:
        name, _, numbers = line.partition(b":")
        if name.strip() != b"lo":
            fields = numbers.split()
            received, sent = received + int(fields[0]), sent + int(fields[8])
    return received, sent

"""`info`: the engine and its host, under podman's field names."""

from __future__ import annotations

import os
import platform
from functools import cache

from . import __version__
from .config import find_program, registries_files
from .kernel import cgroups, process, programs
from .model.record import Status
from .spec.capabilities import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .rooms import Rooms


def info(rooms: Rooms) -> dict[str, Any]:
    """Host, store and version; runs the runtime, conmon and buildah once each for their versions."""
    return {
        "Host": _host(rooms),
        "Store": _store(rooms),
        "Registries": _registries(),
        "Plugins": {
            "Authorization": None,
            "Volume": ["local"],
            "Network": ["bridge", "macvlan", "ipvlan"],
            "Log": ["k8s-file", "none", "passthrough", "journald"],
        },
        "Version": version(),
    }


def _registries() -> dict[str, Any]:
    from .images.registries import Registries

    files = Registries(registries_files())
    found: dict[str, Any] = {
        each.prefix: {
            "Prefix": each.prefix, "Location": each.location, "Insecure": each.insecure, "Blocked": each.blocked,
            "MirrorByDigestOnly": False, "Mirrors": [{"Location": mirror} for mirror in each.mirrors] or None,
        }
        for each in files.configured()
    }  # fmt: skip
    return found | ({"search": search} if (search := files.search()) else {})


def version() -> dict[str, Any]:
    """What `seabox version` shows."""
    system = os.uname()
    return {
        "APIVersion": __version__,
        "Version": __version__,
        "PythonVersion": platform.python_version(),
        "GoVersion": "",  # there is none: for templates that ask
        "GitCommit": "",
        "Built": 0,
        "BuiltTime": "Thu Jan  1 00:00:00 1970",
        "OsArch": f"linux/{_architecture(system.machine)}",
        "Os": "linux",
    }


def programs_used(rooms: Rooms) -> dict[str, str]:
    """What the programs that run containers say of their versions: "conmon" and the runtime, by name."""
    runtime = rooms.chosen_runtime
    return {
        "conmon": _said(find_program("conmon", rooms.config.conmon)), os.path.basename(runtime): _said(runtime),
    }  # fmt: skip


def _host(rooms: Rooms) -> dict[str, Any]:
    system = os.uname()
    runtime = rooms.chosen_runtime
    conmon = find_program("conmon", rooms.config.conmon)
    memory = _meminfo()
    mode = cgroups.mode()
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    return {
        "Arch": _architecture(system.machine),
        "BuildahVersion": _said(find_program("buildah")).removeprefix("buildah version ").partition(" ")[0],
        "CgroupControllers": sorted(_controllers()),
        "CgroupManager": rooms.config.cgroup_manager,
        "CgroupVersion": "v2" if mode == "v2" else "v1",
        "CgroupMode": mode,
        "Conmon": {"Package": _package(conmon), "Path": conmon, "Version": _said(conmon)},
        "CPUUtilization": _utilization(),
        "CPUs": os.cpu_count() or 1,
        "DatabaseBackend": "sqlite",
        "Distribution": _distribution(),
        "EventLogger": rooms.config.events_backend,
        "Hostname": system.nodename,
        "IDMappings": {"GIDMap": None, "UIDMap": None},
        "Kernel": system.release,
        "LogDriver": rooms.config.log_driver,
        "MemFree": memory.get("MemFree", 0),
        "MemTotal": memory.get("MemTotal", 0),
        "NetworkBackend": "netavark",
        "NetworkBackendInfo": _network(rooms),
        "OCIRuntime": {
            "Name": os.path.basename(runtime), "Package": _package(runtime), "Path": runtime, "Version": _said(runtime),
        },
        "OS": "linux",
        "Pasta": {"Executable": "", "Package": "", "Version": ""},  # root needs none
        "Security": {
            "AppArmorEnabled": False,
            "DefaultCapabilities": ",".join(sorted(DEFAULT)),
            "Rootless": os.geteuid() != 0,
            "SECCOMPEnabled": os.path.exists("/proc/sys/kernel/seccomp"),
            "SECCOMPProfilePath": "",  # it is part of seabox
            "SELinuxEnabled": False,
        },
        "ServiceIsRemote": False,
        "Slirp4NetNS": {"Executable": "", "Package": "", "Version": ""},  # root needs none
        "SwapFree": memory.get("SwapFree", 0),
        "SwapTotal": memory.get("SwapTotal", 0),
        "Uptime": _uptime(uptime),
    }


def _network(rooms: Rooms) -> dict[str, Any]:
    """netavark, and aardvark-dns, which it starts."""
    about = {
        name: {"Version": _said(path), "Package": _package(path), "Path": path}
        for name, path in (
            ("netavark", find_program("netavark", rooms.config.netavark)), ("dns", find_program("aardvark-dns")),
        )
    }  # fmt: skip
    return {"Backend": "netavark", **about["netavark"], "DNS": about["dns"]}


def _store(rooms: Rooms) -> dict[str, Any]:
    disk = os.statvfs(_existing(rooms.config.root))
    statuses = [record.state.status for record in rooms.store.records()]
    running = statuses.count(Status.RUNNING)
    paused = statuses.count(Status.PAUSED)
    return {
        "ConfigFile": next(iter(rooms.config.containers_conf), ""),
        "ContainerStore": {
            "Number": len(statuses), "Paused": paused, "Running": running, "Stopped": len(statuses) - running - paused,
        },
        "GraphDriverName": rooms.storage.name,
        "GraphOptions": {},
        "GraphRoot": rooms.config.root,
        "GraphRootAllocated": disk.f_blocks * disk.f_frsize,
        "GraphRootUsed": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
        "GraphStatus": _graph_status(rooms),
        "ImageCopyTmpDir": "/var/tmp",
        "ImageStore": {"Number": len(rooms.images.list())},
        "RunRoot": rooms.config.runroot,
        "TransientStore": False,
        "VolumePath": rooms.config.volumes,
    }


_FILE_SYSTEMS = {"ext2": "extfs", "ext3": "extfs", "ext4": "extfs", "overlay": "overlayfs"}


def _graph_status(rooms: Rooms) -> dict[str, str]:
    """What the storage driver stands on."""
    path, best, kind = os.path.realpath(_existing(rooms.config.root)), "", "unknown"
    with open("/proc/self/mounts") as file:
        for line in file:
            _, place, found, *_ = line.split()
            if len(place) >= len(best) and (place == "/" or f"{path}/".startswith(f"{place}/")):
                best, kind = place, found
    status = {"Backing Filesystem": _FILE_SYSTEMS.get(kind, kind)}
    if rooms.storage.name != "overlay":
        return status
    return status | {"Native Overlay Diff": "true", "Supports d_type": "true", "Using metacopy": "false"}


def _architecture(machine: str) -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _existing(path: str) -> str:
    """The path, or the first above it that is there."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _utilization() -> dict[str, float]:
    """How the processors spent their time since the boot, in per cent."""
    with open("/proc/stat") as file:
        user, nice, system, idle, *rest = map(int, file.readline().split()[1:])
    whole = user + nice + system + idle + sum(rest)
    parts = (("UserPercent", user), ("SystemPercent", system), ("IdlePercent", idle))
    return {name: round(100 * part / whole, 2) for name, part in parts}


def _uptime(seconds: float) -> str:
    text = f"{int(seconds // 3600)}h {int(seconds // 60 % 60)}m {seconds % 60:.2f}s"
    return text if seconds < 3600 else f"{text} (Approximately {seconds / 86400:.2f} days)"


def _said(program: str) -> str:
    """What a program answers to --version; asked once, until it is another file."""
    return _answer(program, _stamp(program)) if program else ""


def _stamp(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


@cache
def _answer(program: str, stamp: tuple[int, int]) -> str:
    done = programs.run([program, "--version"], env=process.clean_env(), timeout_seconds=10)
    return done.out.decode(errors="replace").strip()


def _package(path: str) -> str:
    """The package that a program came in, as NAME_VERSION_ARCHITECTURE; "" if nobody knows."""
    return _package_of(path, _stamp(path))


@cache
def _package_of(path: str, stamp: tuple[int, int]) -> str:
    query = find_program("dpkg-query")
    if not query or not path:
        return ""
    env = process.clean_env()
    name = programs.run([query, "-S", path], env=env, timeout_seconds=10).out.decode(errors="replace").partition(":")[0]
    if not name or "/" in name:
        return ""
    form = "${Package}_${Version}_${Architecture}"
    return programs.run([query, "-W", "-f", form, name], env=env, timeout_seconds=10).out.decode(errors="replace")


def _controllers() -> Iterable[str]:
    from .spec.facts import host_facts

    return host_facts().controllers


def _meminfo() -> dict[str, int]:
    """/proc/meminfo in bytes."""
    with open("/proc/meminfo") as file:
        lines = (line.split() for line in file)
        return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}


def _distribution() -> dict[str, str]:
    found = {}
    try:
        with open("/etc/os-release") as file:
            found = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    except OSError:
        pass
    wanted = {"Distribution": "ID", "Version": "VERSION_ID", "Codename": "VERSION_CODENAME"}
    return {key: found.get(name, "").strip('"') for key, name in wanted.items()}

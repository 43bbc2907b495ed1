"""containers.conf: what podman's users have configured, in our words. Which files there are, config.py says.

The [engine] table, a key of [secrets] and a few of [containers] are settings of an engine (`engine_settings`); the
rest of [containers] is what a container gets where a request says nothing (`container_defaults`).
"""

from __future__ import annotations

import os
from functools import cache

from .errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

VENDORS = "/usr/share/containers/containers.conf"

# (table, key) -> setting of the engine, and its type
_ENGINE: dict[tuple[str, str], tuple[str, type]] = {
    ("engine", "runtime"): ("runtime", str),
    ("engine", "cgroup_manager"): ("cgroup_manager", str),
    ("engine", "conmon_path"): ("conmon", list),
    ("engine", "hooks_dir"): ("hooks_dir", list),
    ("engine", "stop_timeout"): ("stop_timeout", int),
    ("engine", "infra_image"): ("infra_image", str),
    ("engine", "pod_exit_policy"): ("pod_exit_policy", str),
    ("engine", "events_logger"): ("events_backend", str),
    ("engine", "detach_keys"): ("detach_keys", str),
    ("engine", "volume_path"): ("volume_path", str),
    ("secrets", "driver"): ("secret_driver", str),
    ("containers", "log_driver"): ("log_driver", str),
    ("containers", "netns"): ("network", str),
    ("containers", "log_size_max"): ("log_size_max", int),
    ("containers", "pids_limit"): ("pids_limit", int),
    ("containers", "no_new_privileges"): ("no_new_privileges", bool),
}

# (table, key) -> field of a request, and its type here
_CONTAINER: dict[tuple[str, str], tuple[str, type]] = {
    ("containers", "annotations"): ("annotations", list),
    ("containers", "apparmor_profile"): ("apparmor", str),
    ("containers", "cgroupns"): ("cgroupns", str),
    ("containers", "cgroups"): ("cgroups", str),
    ("containers", "default_capabilities"): ("capabilities", list),
    ("containers", "default_sysctls"): ("sysctls", list),
    ("containers", "default_ulimits"): ("ulimits", list),
    ("containers", "devices"): ("devices", list),
    ("containers", "dns_options"): ("dns_options", list),
    ("containers", "dns_searches"): ("dns_search", list),
    ("containers", "dns_servers"): ("dns", list),
    ("containers", "env"): ("env", list),
    ("containers", "env_host"): ("env_host", bool),
    ("containers", "http_proxy"): ("http_proxy", bool),
    ("containers", "init"): ("init", bool),
    ("containers", "init_path"): ("init_path", str),
    ("engine", "init_path"): ("init_path", str),
    ("containers", "ipcns"): ("ipc", str),
    ("containers", "log_tag"): ("log_tag", str),
    ("containers", "base_hosts_file"): ("hosts_file", str),
    ("containers", "host_containers_internal_ip"): ("host_address", str),
    ("containers", "no_hosts"): ("no_hosts", bool),
    ("containers", "oom_score_adj"): ("oom_score_adj", int),
    ("containers", "pidns"): ("pid", str),
    ("containers", "read_only"): ("read_only", bool),
    ("containers", "seccomp_profile"): ("seccomp", str),
    ("containers", "shm_size"): ("shm_size", str),
    ("containers", "tz"): ("tz", str),
    ("containers", "umask"): ("umask", str),
    ("containers", "userns"): ("userns", str),
    ("containers", "utsns"): ("uts", str),
    ("containers", "volumes"): ("volumes", list),
    ("engine", "image_volume_mode"): ("image_volume", str),
    ("engine", "pull_policy"): ("pull", str),
}
# what the file that comes with the package says of these is what we do anyway
_VENDORS_OWN = ("default_capabilities", "default_sysctls")


def engine_settings(paths: Iterable[str]) -> dict[str, Any]:
    """Settings of an engine, of the last file that says something. Raises: InvalidArgument."""
    found = _read(paths, _ENGINE)
    for key in ("hooks_dir",):
        if key in found:
            found[key] = tuple(found[key])
    if "conmon" in found:
        found["conmon"] = next((path for path in found["conmon"] if os.access(path, os.X_OK)), "")
    if found.get("network") == "private":
        found["network"] = "bridge"
    runtimes, flags = found.pop("runtimes", {}), found.pop("runtimes_flags", {})
    name = found.get("runtime", "")
    if isinstance(words := flags.get(name), list):
        found["runtime_flags"] = tuple(f"--{str(word).lstrip('-')}" for word in words)
    paths_of = runtimes.get(name)
    if isinstance(paths_of, list):
        found["runtime"] = next((p for p in paths_of if isinstance(p, str) and os.access(p, os.X_OK)), found["runtime"])
    return found


@cache
def container_defaults(paths: tuple[str, ...]) -> dict[str, Any]:
    """What a container gets where a request says nothing, by the fields of a request. Raises: InvalidArgument."""
    return _read(paths, _CONTAINER)


def _read(paths: Iterable[str], wanted: dict[tuple[str, str], tuple[str, type]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in paths:
        tables = _parse(path)
        for (table, key), (ours, kind) in wanted.items():
            section = tables.get(table)
            if not isinstance(section, dict) or key not in section or (path == VENDORS and key in _VENDORS_OWN):
                continue
            value = section[key]
            fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
            if not (fits if kind is list else isinstance(value, kind)):
                raise InvalidArgument(f"{path}: {table}.{key} must be of type {kind.__name__}")
            found[ours] = value
        for key in ("runtimes", "runtimes_flags"):
            if wanted is _ENGINE and isinstance(table := tables.get("engine", {}).get(key), dict):
                found[key] = found.get(key, {}) | table
    return found


@cache
def _parse(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as problem:
        why = (problem.strerror or "unknown error").lower()
        raise InvalidArgument(f"reading configuration: open {path}: {why}") from None
    if path == VENDORS and not any(_may_matter(line) for line in data.splitlines()):
        return {}
    return parse(path, data)


def parse(path: str, data: bytes) -> dict[str, Any]:
    """The tables of a TOML file. Raises: InvalidArgument."""
    import tomllib  # 11 ms: only where a file says something

    try:
        tables = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InvalidArgument(f"reading configuration {path}: {problem}") from None
    for name in ("containers", "engine", "secrets"):
        if not isinstance(tables.get(name, {}), dict):
            raise InvalidArgument(f"{path}: {name} must be a table")
    return tables


def _may_matter(line: bytes) -> bool:
    """Whether a line of the package's file may set something. Comments, tables, and lists that are our own do not."""
    line = line.strip()
    if line[:1] in (b"", b"#", b"[", b"]", b'"'):
        return False
    return line.partition(b"=")[0].strip().decode(errors="replace") not in _VENDORS_OWN

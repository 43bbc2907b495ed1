"""Where everything is and how the engine behaves: one frozen value, made once from defaults, files and overrides.

With cli/, the only reader of the environment and of /etc. Files (TOML, later ones win): containers.conf in
/usr/share/containers and /etc/containers, with their containers.conf.d, or $CONTAINERS_CONF in place of them all;
$CONTAINERS_CONF_OVERRIDE; /etc/seabox/seabox.conf and $SEABOX_CONF (keys as the fields below).
"""

from __future__ import annotations

import os

from .errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_CRIU_PREFIX = "/usr/local/lib/seabox/criu/bin/criu"

_FOLDERS = ("/etc/containers", "/usr/share/containers")
_DEFAULTS: dict[str, Any] = {
    "root": "/var/lib/seabox",
    "runroot": "/run/seabox",
    "runtime": "",  # name or path; "" = crun, or runc where crun cannot work
    "runtime_flags": (),
    "conmon": "",  # path; "" = looked for
    "cgroup_manager": "cgroupfs",
    "cgroup_parent": "/seabox",
    "storage_driver": "",  # "overlay" | "vfs"; "" = overlay where it works
    "catatonit": "",
    "netavark": "",
    "criu": "",
    "hooks_dir": ("/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"),
    "lock_timeout": 30.0,  # s
    "notify_socket": "",  # of the service manager that wants to be told of started containers, as $NOTIFY_SOCKET
    "supervisor_linger": 3.0,  # s that the supervisor stays when nothing is left for it to do
    "stop_timeout": 10,  # s
    "log_driver": "k8s-file",
    "log_size_max": 64 << 20,  # bytes, -1 = unlimited
    "pids_limit": 2048,
    "shm_size": 65536000,  # bytes
    "network": "bridge",  # of containers that say nothing: "none", "host", "bridge" or a network's name
    "volume_path": "",  # where new volumes are made; "" = in the root
    "secret_driver": "file",  # who keeps secrets that ask for nobody: any other is refused
    "no_new_privileges": False,
    "infra_image": "",  # of the infra containers of pods; "" = none is needed
    "pod_exit_policy": "continue",  # "continue" | "stop"
    "keep_events_days": 7,
    "keep_events_rows": 100_000,
    "events_backend": "sqlite",
    "detach_keys": "ctrl-p,ctrl-q",
    "containers_conf": (),  # files that say what containers get where nothing else does
}


class EngineConfig:
    """One engine's settings. Paths are absolute; nothing is read again after construction."""

    __slots__ = tuple(_DEFAULTS)

    root: str
    runroot: str
    runtime: str
    runtime_flags: tuple[str, ...]
    conmon: str
    cgroup_manager: str
    cgroup_parent: str
    storage_driver: str
    catatonit: str
    netavark: str
    criu: str
    hooks_dir: tuple[str, ...]
    lock_timeout: float
    notify_socket: str
    supervisor_linger: float
    stop_timeout: int
    log_driver: str
    log_size_max: int
    pids_limit: int
    shm_size: int
    network: str
    volume_path: str
    secret_driver: str
    no_new_privileges: bool
    infra_image: str
    pod_exit_policy: str
    keep_events_days: int
    keep_events_rows: int
    events_backend: str
    detach_keys: str
    containers_conf: tuple[str, ...]

    def __init__(self, **overrides: object) -> None:
        for key, value in (_DEFAULTS | overrides).items():
            if key not in _DEFAULTS:
                raise InvalidArgument(f"unknown engine setting: {key}")
            object.__setattr__(self, key, value)
        for key in ("root", "runroot", "volume_path"):
            if path := getattr(self, key):
                object.__setattr__(self, key, os.path.abspath(path))

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"EngineConfig is frozen: {key} cannot be set")

    def words(self) -> list[str]:
        """What differs from the defaults, as NAME=VALUE words that `from_words` reads back.

        Without containers_conf and hooks_dir, which are about creation: who acts later does it for many containers.
        """
        found = []
        for key, default in _DEFAULTS.items():
            value = getattr(self, key)
            if value != default and key not in ("containers_conf", "hooks_dir"):
                found += [f"{key}={each}" for each in (value if isinstance(value, tuple) else (value,))]
        return found

    @classmethod
    def from_words(cls, words: Iterable[str]) -> EngineConfig:
        """The settings that `words` were made of. Raises: InvalidArgument, ValueError."""
        settings: dict[str, Any] = {}
        for word in words:
            key, _, text = word.partition("=")
            kind = type(_DEFAULTS.get(key, ""))
            if kind is tuple:
                settings[key] = (*settings.get(key, ()), text)
            else:
                settings[key] = text == "True" if kind is bool else kind(text)
        return cls(**settings)

    @property
    def own_hooks_dir(self) -> tuple[str, ...]:
        """Where a new container's hooks are; () if nothing but the usual places was named."""
        return () if self.hooks_dir == _DEFAULTS["hooks_dir"] else self.hooks_dir

    @property
    def database(self) -> str:
        """The one database file."""
        return f"{self.root}/seabox.db"

    @property
    def volumes(self) -> str:
        """Where new volumes are made."""
        return self.volume_path or f"{self.root}/volumes"

    @property
    def secrets(self) -> str:
        """Where the bytes of secrets are."""
        return f"{self.root}/secrets"

    def static_dir(self, container_id: str) -> str:
        """What of a container survives a reboot: its log, artifacts, a copy of its configuration."""
        return f"{self.root}/containers/{container_id}"

    def run_dir(self, container_id: str) -> str:
        """What of a container ends with the boot: bundle, lock, exit file, conmon's sockets."""
        return f"{self.runroot}/containers/{container_id}"

    def runtime_root(self, runtime: str) -> str:
        """Where an OCI runtime keeps its own records of our containers."""
        return f"{self.runroot}/{os.path.basename(runtime)}"


def load(modules: Iterable[str] = (), **overrides: object) -> EngineConfig:
    """An EngineConfig from defaults, configuration files, the environment, and then `overrides` (None = not said).

    `modules` are containers.conf files that count more than the host's own: paths, or names below
    containers.conf.modules. Raises: InvalidArgument.
    """
    from . import containers_conf

    files = _containers_conf_files(modules)
    settings: dict[str, object] = {"containers_conf": files, **containers_conf.engine_settings(files)}
    for path in ("/etc/seabox/seabox.conf", os.environ.get("SEABOX_CONF", "")):
        settings |= _seabox_conf(path)
    for key in ("root", "runroot", "runtime", "network"):
        if value := os.environ.get(f"SEABOX_{key.upper()}"):
            settings[key] = value
    if value := os.environ.get("NOTIFY_SOCKET"):
        settings["notify_socket"] = value
    settings |= {key: value for key, value in overrides.items() if value is not None}
    return EngineConfig(**settings)


def _containers_conf_files(modules: Iterable[str]) -> tuple[str, ...]:
    """The containers.conf files that count here, the last one most; $CONTAINERS_CONF takes the place of all others."""
    from . import containers_conf

    if path := os.environ.get("CONTAINERS_CONF", ""):
        found = [path]
    else:
        found = [containers_conf.VENDORS, "/etc/containers/containers.conf"]
        for folder in ("/usr/share/containers/containers.conf.d", "/etc/containers/containers.conf.d"):
            if os.path.isdir(folder):
                found += sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".conf"))
        found = [path for path in found if os.path.exists(path)]
    found += map(_module, modules)
    if path := os.environ.get("CONTAINERS_CONF_OVERRIDE", ""):
        found.append(path)
    return tuple(found)


def _module(name: str) -> str:
    tries = [name] if name.startswith("/") else [f"{folder}/containers.conf.modules/{name}" for folder in _FOLDERS]
    for path in tries:
        if os.path.isfile(path):
            return path
    raise InvalidArgument(f'could not resolve module "{name}": stat {tries[0]}: no such file or directory')


def _seabox_conf(path: str) -> dict[str, object]:
    from . import containers_conf

    if not path:
        return {}
    try:
        with open(path, "rb") as file:
            found = containers_conf.parse(path, file.read())
    except FileNotFoundError:
        return {}
    for key, value in found.items():
        if key not in _DEFAULTS or not isinstance(value, type(_DEFAULTS[key])):
            raise InvalidArgument(f"{path}: {key} is not a setting, or of the wrong type")
    return found


def find_program(name: str, given: str = "") -> str:
    """The absolute path of a helper program, "" if it is nowhere; `given` (a path or a name) goes first."""
    if "/" in given:
        return given
    for folder in ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                   "/usr/bin", "/sbin", "/bin"):  # fmt: skip
        path = f"{folder}/{given or name}"
        if os.access(path, os.X_OK):
            return path
    return ""


_TRANSFER_VARIABLES = (
    "GNUPGHOME", "HOME", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "CONTAINERS_REGISTRIES_CONF", "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
)  # fmt: skip


def transfer_environment() -> dict[str, str]:
    """Our own variables that say how registries are reached: what skopeo gets."""
    return {key: os.environ[key] for key in _TRANSFER_VARIABLES if key in os.environ}


def registries_files() -> tuple[str, ...]:
    """The files, and directories of files, that say what names without a registry mean; later ones win."""
    if path := os.environ.get("CONTAINERS_REGISTRIES_CONF"):
        return (path,)
    return ("/etc/containers/registries.conf", "/etc/containers/registries.conf.d")


def find_criu(given: str = "") -> str:
    """The criu to use: the configured one, the private prefix made at set-up, or the host's; "" if there is none."""
    if given:
        return given
    return _CRIU_PREFIX if os.access(_CRIU_PREFIX, os.X_OK) else find_program("criu")

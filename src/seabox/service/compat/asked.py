"""From the body of Docker's create to what the engine is asked for: no look at the host, nothing is changed."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument
from ...model.times import LONGEST
from ..health import SECOND, add_check
from .asked_limits import asked_limits, restart_policy
from .asked_mounts import asked_mounts
from .asked_networks import asked_networks, asked_ports, linked_by_default
from .create_body import CreateBody, HostConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...model.options import CreateOptions
    from . import create_body as body

_RUNTIMES = ("", "runc", "crun", "io.containerd.runc.v2")
_LOG_DRIVERS = {"local": "json-file"} | {
    driver: driver for driver in ("json-file", "k8s-file", "journald", "none", "passthrough")
}
_LOG_OPTIONS_WITHOUT_EFFECT = (
    "compress", "env", "env-regex", "labels", "labels-regex", "max-buffer-size", "max-file", "mode",
)  # fmt: skip


class Asked:
    """A container as the engine is asked for it; what has to be looked at before; what the client is told after.

    to_make  directories of the host that are to be there
    linked  containers that must be there already
    keeps_command  the entrypoint is dropped, the image's command is not
    """

    __slots__ = ("command", "image", "keeps_command", "linked", "options", "to_make", "warnings")

    def __init__(self, image: str, command: list[str] | None, options: CreateOptions) -> None:
        self.image, self.command, self.options = image, command, options
        self.keeps_command = False
        self.to_make: list[str] = []
        self.linked: list[str] = []
        self.warnings: list[str] = []


def asked_for(container: CreateBody, name: str) -> Asked:
    """What a body asks for; `name` "" = any. Raises: InvalidArgument."""
    host = container.host_config or HostConfig()
    if not container.image:
        raise InvalidArgument("config cannot be empty in order to create a container: it needs an Image")
    _refuse(host)
    mounts = asked_mounts(container, host)
    options: CreateOptions = {
        "pull": "never",
        "asked": _shown_again(container, host),
        "labels": container.labels or {},
        "tty": bool(container.tty),
        "stdin": bool(container.open_stdin),
        "stdin_once": bool(container.stdin_once),
        "env": {key: value for key, equals, value in _env(container) if equals},
        "unset_env": [key for key, equals, _ in _env(container) if not equals],
        "mounts": mounts.mounts,
        "volumes": mounts.volumes,
        "tmpfs": mounts.tmpfs,
        "volumes_from": host.volumes_from or [],
        "annotations": host.annotations or {},
        "auto_remove": bool(host.auto_remove),
        "restart": restart_policy(host.restart_policy),
        "cap_add": _words(host.cap_add) or [],
        "cap_drop": _words(host.cap_drop) or [],
        "privileged": bool(host.privileged),
        "read_only": bool(host.readonly_rootfs),
        "read_only_tmpfs": False,
        "security_opt": [*(host.security_opt or ()), *_paths(host)],
        "dns": host.dns or [],
        "dns_options": host.dns_options or [],
        "dns_search": host.dns_search or [],
        "add_hosts": host.extra_hosts or [],
        "groups": host.group_add or [],
        "publish_all": bool(host.publish_all_ports),
        "sysctls": dict(host.sysctls or {}),
        "init": host.init,
        "pid": host.pid_mode,
        "ipc": host.ipc_mode,
        "uts": host.uts_mode,
        "userns": host.userns_mode,
        "cgroupns": host.cgroupns_mode,
        "make_workdir": True,
        "hosts_file": "none",  # what this host calls others is none of the container's business
    }
    options["publish"], options["expose"] = asked_ports(container, host)
    options.update(asked_limits(host))  # type: ignore[typeddict-item]
    _add_single(container, host, options)
    if name:
        options["name"] = name.removeprefix("/")
    networks = asked_networks(container, host)
    if networks is not None:
        options["network"] = networks
    entrypoint, command = _words(container.entrypoint), _words(container.cmd)
    if entrypoint is not None:
        options["entrypoint"] = entrypoint
    found = Asked(container.image, command or None, options)
    found.keeps_command = entrypoint == [] and not command
    found.to_make, found.linked = mounts.to_make, linked_by_default(container, host)
    _health(container.healthcheck, options, found.warnings)
    _log(host.log_config, options, found.warnings)
    if networks == ("host",) and options["publish"]:
        found.warnings.append("Published ports are discarded when using host network mode")
        options["publish"] = []
    return found


def _refuse(host: HostConfig) -> None:
    if host.storage_opt:
        raise InvalidArgument("StorageOpt is not supported: the size of a container's files cannot be bounded")
    if host.isolation not in (None, "", "default"):
        raise InvalidArgument(f'invalid isolation "{host.isolation}": on linux there is only "default"')
    if (host.runtime or "") not in _RUNTIMES:
        raise InvalidArgument(f"unknown or invalid runtime name: {host.runtime}")
    if host.volume_driver not in (None, "", "local") and any(not bind.startswith("/") for bind in host.binds or ()):
        raise InvalidArgument(f'error looking up volume plugin {host.volume_driver}: there is only "local"')


def _shown_again(container: CreateBody, host: HostConfig) -> dict[str, str]:
    """Words that an inspection shows as they were said: what the engine keeps in another form, or not at all."""
    streams = {"stdin": container.attach_stdin, "stdout": container.attach_stdout, "stderr": container.attach_stderr}
    said = {
        "image": container.image,
        "stop_signal": container.stop_signal,
        "attach": ",".join(stream for stream, wanted in streams.items() if wanted),
        "unset": _json([text for text in container.env or () if "=" not in text]),
        "host_config": _json(
            {key: value for key, value in (
                ("Isolation", host.isolation), ("LogConfig", _log_shown(host.log_config)), ("Mounts", host.mounts),
                ("Tmpfs", host.tmpfs), ("VolumeDriver", host.volume_driver),
            ) if value}
        ),
    }
    return {key: word for key, word in said.items() if word}


def _log_shown(said: body.LogConfig | None) -> dict[str, object] | None:
    if said is None or not (said.type or said.config):
        return None
    return {"Type": said.type or "json-file", "Config": said.config or {}}


def _json(value: list[str] | dict[str, object]) -> str:
    return msgspec.json.encode(value).decode() if value else ""


def _env(container: CreateBody) -> Iterable[tuple[str, str, str]]:
    for text in container.env or ():
        if not text:
            raise InvalidArgument("invalid environment variable: it is empty")
        yield text.partition("=")


def _words(said: body.Words | None) -> list[str] | None:
    return [said] if isinstance(said, str) else said


def _paths(host: HostConfig) -> Iterable[str]:
    """What of /proc and /sys is hidden: null = as usual, [] = nothing."""
    if host.masked_paths == [] and host.readonly_paths == []:
        yield "unmask=ALL"
    elif host.masked_paths:
        yield f"mask={':'.join(host.masked_paths)}"


def _add_single(container: CreateBody, host: HostConfig, options: CreateOptions) -> None:
    """What the image or the engine decides where it is not said: an empty text and 0 say nothing."""
    if container.user:
        options["user"] = container.user
    if container.working_dir:
        options["workdir"] = container.working_dir
    if container.hostname:
        options["hostname"] = container.hostname
    if container.stop_signal:
        options["stop_signal"] = container.stop_signal
    if container.stop_timeout is not None:
        options["stop_timeout"] = container.stop_timeout if container.stop_timeout >= 0 else LONGEST
    if container.domainname:
        options["sysctls"] = {"kernel.domainname": container.domainname} | dict(options["sysctls"])
    if host.shm_size:
        options["shm_size"] = host.shm_size
    if host.oom_score_adj:
        options["oom_score_adj"] = host.oom_score_adj


def _health(said: body.Healthcheck | None, options: CreateOptions, warnings: list[str]) -> None:
    if said is None:
        return
    for what, value in (
        ("Interval", said.interval), ("Timeout", said.timeout), ("StartPeriod", said.start_period),
        ("StartInterval", said.start_interval),
    ):  # fmt: skip
        if value and value < 10**6:
            raise InvalidArgument(f"{what} in Healthcheck cannot be less than 1ms")
    if (said.retries or 0) < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")
    add_check(said, options)
    if said.timeout and said.timeout < SECOND:
        options["health_timeout"] = 1.0
        warnings.append("A health check is given at least one second")
    if said.start_interval:
        options["health_start_interval"] = said.start_interval / SECOND


def _log(said: body.LogConfig | None, options: CreateOptions, warnings: list[str]) -> None:
    if said is None:
        return
    driver = said.type or ""
    if driver:
        if driver not in _LOG_DRIVERS:
            raise InvalidArgument(f'error looking up logging plugin {driver}: plugin "{driver}" not found')
        options["log_driver"] = _LOG_DRIVERS[driver]
    given = dict(said.config or {})
    unused = [key for key in given if key in _LOG_OPTIONS_WITHOUT_EFFECT]
    if "tag" in given and driver != "journald":
        unused.append("tag")
    if unused:
        warnings.append(f"Log options without effect: {', '.join(unused)}")
    options["log_options"] = {key: value for key, value in given.items() if key not in unused}

"""From podman's SpecGenerator to what the engine is asked for: no look at the host, nothing is changed."""

from __future__ import annotations

from ...errors import InvalidArgument
from ..health import add_check
from .spec_limits import asked_limits
from .spec_mounts import asked_mounts, device_rules
from .spec_networks import asked_networks, asked_ports, namespace
from .spec_secrets import asked_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...model.options import CreateOptions
    from . import spec_body as body

_ON_FAILURE = ("none", "none", "kill", "restart", "stop")  # podman's numbers for it
_RUNTIMES = ("", "runc", "crun", "oci")
_REFUSED = (
    ("env_host", "env_host is not supported: the variables of the service are not the client's"),
    ("storage_opts", "storage_opts are not supported: the size of a container's files cannot be bounded"),
    ("devices_from", "devices_from is not supported: name the devices"),
)


class Asked:
    """A container as the engine is asked for it, and what the client is told after."""

    __slots__ = ("command", "image", "options", "warnings")

    def __init__(self, image: str, command: list[str] | None, options: CreateOptions) -> None:
        self.image, self.command, self.options = image, command, options
        self.warnings: list[str] = []


def asked_for(spec: body.SpecGenerator, name: str = "") -> Asked:
    """What a specification asks for. Raises: InvalidArgument."""
    for field, why in _REFUSED:
        if getattr(spec, field):
            raise InvalidArgument(why)
    if not spec.image and not spec.rootfs:
        raise InvalidArgument("must set either an image or a rootfs: invalid configuration")
    if (spec.oci_runtime or "").rpartition("/")[2] not in _RUNTIMES:
        raise InvalidArgument(f"unknown or invalid runtime name: {spec.oci_runtime}")
    options: CreateOptions = {
        "pull": "never",
        "asked": {"image": spec.raw_image_name} if spec.raw_image_name else {},
        "annotations": spec.annotations or {},
        "labels": spec.labels or {},
        "env": spec.env or {},
        "unset_env": spec.unset_env or [],
        "unset_env_all": bool(spec.unset_env_all),
        "env_merge": dict(_merged(spec.env_merge)),
        "tty": bool(spec.terminal),
        "stdin": bool(spec.stdin),
        "auto_remove": bool(spec.remove),
        "auto_remove_image": bool(spec.remove_image),
        "requires": spec.dependency_containers or [],
        "passwd": spec.manage_password is not False,
        "host_users": spec.host_users or [],
        "chroot_dirs": spec.chroot_directories or [],
        "mounts": asked_mounts(spec),
        "volumes_from": spec.volumes_from or [],
        "secrets": list(asked_secrets(spec)),
        "devices": [each.path or "" for each in spec.devices or ()],
        "device_cgroup_rules": device_rules(spec.device_cgroup_rule or ()),
        "privileged": bool(spec.privileged),
        "groups": spec.groups or [],
        "cap_add": spec.cap_add or [],
        "cap_drop": spec.cap_drop or [],
        "security_opt": list(_security(spec)),
        "read_only": spec.read_only_filesystem,
        "read_only_tmpfs": bool(spec.read_write_tmpfs),
        "init": spec.init,
        "sysctls": spec.sysctl or {},
        "pid": namespace(spec.pidns),
        "ipc": namespace(spec.ipcns),
        "uts": namespace(spec.utsns),
        "cgroupns": namespace(spec.cgroupns),
        "userns": namespace(spec.userns),
        "network": asked_networks(spec),
        "publish_all": bool(spec.publish_image_ports),
        "dns": ["none"] if spec.use_image_resolve_conf else spec.dns_server or [],
        "dns_search": spec.dns_search or [],
        "dns_options": spec.dns_option or [],
        "add_hosts": spec.hostadd or [],
        "no_hosts": bool(spec.use_image_hosts),
        "no_hostname": bool(spec.use_image_hostname),
        "create_command": spec.container_create_command or [],
        "restart": _restart(spec),
        "cgroups": spec.cgroups_mode or "",
        "shm_size": spec.shm_size or None,
        "oom_score_adj": spec.oom_score_adj,
        "stop_signal": spec.stop_signal or None,
        "stop_timeout": spec.stop_timeout,
        "timeout": spec.timeout or 0,
    }
    options["publish"], options["expose"] = asked_ports(spec)
    options.update(asked_limits(spec))  # type: ignore[typeddict-item]
    _add_texts(spec, options, name)
    entrypoint, command = _words(spec.entrypoint), _words(spec.command)
    if entrypoint is not None:
        options["entrypoint"] = entrypoint
    if spec.rootfs:
        options["rootfs"] = f"{spec.rootfs}:O" if spec.rootfs_overlay else spec.rootfs
    found = Asked("" if spec.rootfs else spec.image or "", command or None, options)
    _health(spec, options)
    _log(spec.log_configuration, options)
    if spec.startup_health_config:
        found.warnings.append("a startup health check has no effect: use a start period")
    return found


def _words(said: list[str] | str | None) -> list[str] | None:
    return [said] if isinstance(said, str) else said


def _merged(texts: Iterable[str] | None) -> Iterable[tuple[str, str]]:
    for text in texts or ():
        key, _, value = text.partition("=")
        yield key, value


def _restart(spec: body.SpecGenerator) -> str:
    policy = spec.restart_policy or "no"
    return f"{policy}:{spec.restart_tries}" if spec.restart_tries and policy == "on-failure" else policy


def _security(spec: body.SpecGenerator) -> Iterable[str]:
    """SELinux's own options have no effect here, as on every host without it."""
    if spec.seccomp_policy not in (None, "", "default"):
        raise InvalidArgument("seccomp_policy=image is not supported: no label of an image changes what is allowed")
    if spec.seccomp_profile_path:
        yield f"seccomp={spec.seccomp_profile_path}"
    if spec.apparmor_profile:
        yield f"apparmor={spec.apparmor_profile}"
    if spec.no_new_privileges:
        yield "no-new-privileges"
    for path in spec.mask or ():
        yield f"mask={path}"
    for path in spec.unmask or ():
        yield f"unmask={path}"
    if spec.procfs_opts:
        yield f"proc-opts={','.join(spec.procfs_opts)}"


def _add_texts(spec: body.SpecGenerator, options: CreateOptions, name: str) -> None:
    """What the image or the engine decides where it is not said."""
    if said := spec.name or name:
        options["name"] = said
    if spec.user:
        options["user"] = spec.user
    if spec.work_dir:
        options["workdir"] = spec.work_dir
        options["make_workdir"] = bool(spec.create_working_dir)
    if spec.hostname:
        options["hostname"] = spec.hostname
    if spec.pod:
        options["pod"] = spec.pod
    if spec.init_container_type:
        options["init_ctr"] = spec.init_container_type
    if spec.init_path:
        options["init_path"] = spec.init_path
    if spec.image_volume_mode:
        options["image_volume"] = spec.image_volume_mode
    if spec.systemd:
        options["systemd"] = spec.systemd
    if spec.timezone:
        options["tz"] = spec.timezone
    if spec.passwd_entry:
        options["passwd_entry"] = spec.passwd_entry
    if spec.personality is not None and spec.personality.domain:
        options["personality"] = spec.personality.domain
    if spec.conmon_pid_file:
        options["conmon_pidfile"] = spec.conmon_pid_file
    if spec.cgroup_parent:
        options["cgroup_parent"] = spec.cgroup_parent
    if spec.base_hosts_file:
        options["hosts_file"] = spec.base_hosts_file
    if spec.umask:
        options["umask"] = _octal(spec.umask)


def _octal(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6 and not set(text) & set("89"):
        return int(text, 8)
    raise InvalidArgument(f"invalid umask string {text}: invalid argument")


def _health(spec: body.SpecGenerator, options: CreateOptions) -> None:
    said = spec.healthconfig
    if said is not None:
        add_check(said, options)
    if spec.health_max_log_count is not None:
        options["health_max_log_count"] = spec.health_max_log_count
    if spec.health_max_log_size is not None:
        options["health_max_log_size"] = spec.health_max_log_size
    action = spec.health_check_on_failure_action
    if isinstance(action, int):
        if not 0 <= action < len(_ON_FAILURE):
            raise InvalidArgument(f"invalid on-failure action {action} for health check: it is from 0 to 4")
        action = _ON_FAILURE[action]
    if action:
        options["health_on_failure"] = action


def _log(said: body.LogConfig | None, options: CreateOptions) -> None:
    if said is None:
        return
    if said.driver:
        options["log_driver"] = said.driver
    given = dict(said.options or {})
    if said.path:
        given["path"] = said.path
    if said.size and said.size > 0:
        given.setdefault("max-size", str(said.size))
    if given:
        options["log_options"] = given

"""What a configuration that came in an archive asks for beyond what every container gets.

Only what is named here may be asked for freely: a setting that is added one day is refused until somebody has thought
about it.
"""

from __future__ import annotations

from ..model.container import CONFIG_SCHEMA, ContainerConfig, Resources, Security

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    import msgspec

    from ..model.container import Mount

# Of the process and of the container's inside; and what is decided here anyway, whatever the archive says.
_FREE = frozenset(
    "schema id name created_at image image_id image_digest layers argv entrypoint command env user groups workdir "
    "workdir_given umask hostname tty stdin init shm_size add_hosts networks ports publish_all dns dns_search "
    "dns_options no_hosts no_hostname labels stop_signal stop_timeout timeout restart_policy restart_retries requires "
    "conditions healthcheck log auto_remove runtime cgroup_parent pidfile conmon_pidfile create_command hooks_dirs "
    "sdnotify passwd passwd_entry personality volumes_from asked exposed stdin_once secrets".split()
)
_FREE_SECURITY = frozenset(("cap_drop", "no_new_privileges", "mask", "read_only", "read_only_tmpfs"))
_FREE_RESOURCES = frozenset(
    "memory memory_swap memory_reservation memory_swappiness cpu_shares cpu_quota cpu_period cpuset_cpus cpuset_mems "
    "pids_limit blkio_weight".split()
)
_LOOKED_AT = frozenset(
    "security resources namespaces mounts devices sysctls ulimits annotations oom_score_adj cgroups hosts_file".split()
)
_SCARCE = ("memlock", "msgqueue", "nice", "rtprio", "rttime")  # limits that keep a container from starving the host
_SAFE_SYSCTLS = ("net.", "kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")
_RUNTIME_ANNOTATIONS = ("run.oci.", "org.criu.", "org.systemd.", "module.wasm.", "io.seabox.", "io.podman.")
_OWN = ("private", "shareable", "none", "bridge")
# Of a volume, which is then one that the import makes.
_VOLUME_OPTIONS = frozenset(
    "rw ro nosuid nodev noexec exec private rprivate bind rbind z Z copy nocopy atime noatime".split()
)


def wider(config: ContainerConfig) -> list[str]:
    """What the configuration asks for that the default does not give, in the words of the flags that ask for it."""
    return [*_looked_at(config), *_others(config, ContainerConfig, _FREE | _LOOKED_AT)]


def too_new(config: ContainerConfig) -> bool:
    """Whether a newer seabox made it."""
    return config.schema > CONFIG_SCHEMA


def _others(settings: msgspec.Struct, kind: type[msgspec.Struct], free: frozenset[str]) -> Iterator[str]:
    """The settings that are not free and not as they would be if nobody had said anything."""
    from msgspec import NODEFAULT
    from msgspec.structs import fields

    for field in fields(kind):
        value = getattr(settings, field.name)
        usual = field.default if field.default_factory is NODEFAULT else field.default_factory()
        if field.name not in free and value != usual:
            yield f"{field.name.replace('_', '-')}={value!a}"


def _is_plain(mount: Mount) -> bool:
    """Whether it is a volume that is nothing but a directory of its own."""
    local = mount.driver in ("", "local") and not ({"type", "device"} & mount.driver_options.keys())
    return mount.type == "volume" and local and _VOLUME_OPTIONS.issuperset(mount.options)


def _looked_at(config: ContainerConfig) -> Iterator[str]:
    security = config.security
    if security.privileged:
        yield "--privileged"
    for name in security.cap_add:
        yield f"--cap-add {name}"
    if security.unmask:
        yield f"unmask={':'.join(security.unmask)}"
    yield from _others(security, Security, _FREE_SECURITY | {"privileged", "cap_add", "unmask"})
    yield from _others(config.resources, Resources, _FREE_RESOURCES)
    for kind in config.namespaces.__struct_fields__:
        mode = getattr(config.namespaces, kind)
        if mode not in _OWN:
            yield f"{kind} namespace {mode}"
    for device in config.devices:
        yield f"--device {device.source}"
    for mount in config.mounts:
        if mount.type != "tmpfs" and not _is_plain(mount):
            yield f"--volume {mount.source}:{mount.destination}"
    for name in config.sysctls:
        if not name.startswith(_SAFE_SYSCTLS):
            yield f"--sysctl {name}"
    for limit in config.ulimits:
        if limit.name in _SCARCE:
            yield f"--ulimit {limit.name}"
    if config.oom_score_adj is not None and config.oom_score_adj < 0:
        yield f"--oom-score-adj {config.oom_score_adj}"
    if config.hosts_file not in ("", "image", "none"):
        yield f"--hosts-file {config.hosts_file}"
    if config.cgroups == "disabled":
        yield "--cgroups disabled"
    for key in config.annotations:
        if key.startswith(_RUNTIME_ANNOTATIONS):
            yield f"--annotation {key}"

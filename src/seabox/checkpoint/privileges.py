"""What a configuration that came in an archive asks for beyond what every container gets."""

from __future__ import annotations

from ..model.container import CONFIG_SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.container import ContainerConfig

_OWN_NETWORKS = ("private", "none", "bridge")
_RUNTIME_ANNOTATIONS = ("run.oci.", "org.criu.", "org.systemd.", "module.wasm.", "io.seabox.", "io.podman.")
_SCARCE = ("memlock", "msgqueue", "nice", "rtprio", "rttime")  # limits that keep a container from starving the host
_SAFE_SYSCTLS = ("net.", "kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")


def wider(config: ContainerConfig) -> list[str]:
    """What the configuration asks for that the default does not give, in the words of the flags that ask for it."""
    return list(_wider(config))


def _wider(config: ContainerConfig) -> Iterator[str]:
    security = config.security
    if security.privileged:
        yield "--privileged"
    for name in security.cap_add:
        yield f"--cap-add {name}"
    if security.seccomp:
        yield f"seccomp={security.seccomp}"
    if security.apparmor:
        yield f"apparmor={security.apparmor}"
    if security.unmask:
        yield f"unmask={':'.join(security.unmask)}"
    for kind in ("network", "pid", "ipc", "uts", "cgroup"):
        mode = getattr(config.namespaces, kind)
        if mode not in _OWN_NETWORKS:
            yield f"{kind} namespace {mode}"
    for device in config.devices:
        yield f"--device {device.source}"
    for mount in config.mounts:
        if mount.type != "tmpfs":
            yield f"--volume {mount.source}:{mount.destination}"
    for name in config.sysctls:
        if not name.startswith(_SAFE_SYSCTLS):
            yield f"--sysctl {name}"
    if config.rootfs:
        yield f"--rootfs {config.rootfs}"
    if config.oom_score_adj is not None and config.oom_score_adj < 0:
        yield f"--oom-score-adj {config.oom_score_adj}"
    for limit in config.ulimits:
        if limit.name in _SCARCE:
            yield f"--ulimit {limit.name}"
    if config.cgroups != "enabled":
        yield f"--cgroups {config.cgroups}"
    for key in config.annotations:
        if key.startswith(_RUNTIME_ANNOTATIONS):
            yield f"--annotation {key}"


def too_new(config: ContainerConfig) -> bool:
    """Whether a newer seabox made it."""
    return config.schema > CONFIG_SCHEMA

"""`inspect`: everything about a container under podman's field names."""

from __future__ import annotations

import json
import os

from ..errors import Refused
from ..model import human
from ..model.health import OUTPUT_KEPT, RESULTS_KEPT, Health
from ..model.record import ALIVE, INFRA, Status
from ..model.times import rfc3339
from ..spec import capabilities
from ..spec.facts import host_facts
from ..spec.resources import default_swap
from . import exec_reap, networks, snapshot
from .health import health_of
from .stored import decode_config

_PROGRAMS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")
_PROPAGATION = ("private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..model.container import ContainerConfig, DeviceLimit, Mount
    from .services import Services
    from .snapshot import Snapshot


_NOT_SHOWN = ("tmpfs", "ramfs", "devpts")


def inspect(on: Services, id: str, *, size: bool = False) -> dict[str, Any]:
    """See Container.inspect."""
    seen = snapshot.take(on, id)
    config = decode_config(on.store.config(id))
    run_dir = on.config.run_dir(id)
    bounding, effective = _capabilities(config)
    return _sizes(on, id, size) | {
        "Id": id,
        "Created": rfc3339(config.created_at),
        "Path": config.argv[0] if config.argv else "",
        "Args": list(config.argv[1:]),
        "State": _state(seen, run_dir, health_of(on, id) if config.healthcheck is not None else Health()),
        "Image": config.image_id,
        "ImageDigest": config.image_digest,
        "ImageName": config.image,
        "Rootfs": config.rootfs,
        "Pod": config.pod,
        "ResolvConfPath": "" if config.dns == ("none",) else _made(f"{run_dir}/resolv.conf"),
        "HostnamePath": "" if config.no_hostname else _made(f"{run_dir}/hostname"),
        "HostsPath": "" if config.no_hosts else _made(f"{run_dir}/hosts"),
        "StaticDir": on.config.static_dir(id),
        "OCIConfigPath": _made(f"{run_dir}/config.json"),
        "OCIRuntime": _runtime(config.runtime),
        "ConmonPidFile": config.conmon_pidfile or f"{run_dir}/conmon.pid",
        "PidFile": config.pidfile or f"{run_dir}/pid",
        "Name": seen.facts.name,
        "RestartCount": seen.state.restart_count,
        "Driver": on.storage.name,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "EffectiveCaps": effective,
        "BoundingCaps": bounding,
        "ExecIDs": exec_reap.running(on, id),
        "GraphDriver": {
            "Name": on.storage.name,
            "Data": _graph(on, id, config, seen.state.mountpoint),
        },
        "Mounts": [_mount(on, mount) for mount in config.mounts if mount.type not in _NOT_SHOWN],
        "Dependencies": list(config.requires),
        "NetworkSettings": networks.settings(on, id, config, alive=seen.state.status in ALIVE),
        "Namespace": "",
        "IsInfra": config.role == INFRA,
        "IsService": False,
        "Config": _config(config, run_dir),
        "HostConfig": _host_config(config),
    }


def _made(path: str) -> str:
    """The path of a file that is made before the container first runs, "" until then."""
    return path if os.path.lexists(path) else ""


def _sizes(on: Services, id: str, wanted: bool) -> dict[str, Any]:
    if not wanted:
        return {}
    from .sizes import sizes

    found = sizes(on, id)
    return {"SizeRw": found.written, "SizeRootFs": found.root}


def _capabilities(config: ContainerConfig) -> tuple[list[str], list[str]]:
    """The bounding and the effective set of its first process, as far as its user is known without its root."""
    try:
        bounding = capabilities.held(config.security, host_facts())
    except Refused:  # it asks for what we do not hold any more
        return [], []
    uid = 0 if config.user.partition(":")[0] in ("", "0", "root") else 1
    sets = capabilities.sets(config.security, bounding, uid)
    return sorted(sets.bounding), sorted(sets.effective)


def _graph(on: Services, id: str, config: ContainerConfig, mountpoint: str) -> dict[str, str]:
    if config.rootfs:
        return {}
    upper = on.storage.upper_dir(id)
    merged = {"MergedDir": mountpoint} if mountpoint else {}
    if on.storage.name != "overlay":
        return merged | {"UpperDir": upper}
    lowers = ":".join(on.layer_dir(layer) for layer in reversed(config.layers))
    return merged | {"LowerDir": lowers, "UpperDir": upper, "WorkDir": f"{upper.rpartition('/')[0]}/work"}


def _health(health: Health) -> dict[str, Any]:
    results = [
        {
            "Start": rfc3339(each.began_at), "End": rfc3339(each.ended_at), "ExitCode": each.exit_code,
            "Output": each.output,
        }
        for each in health.results
    ]  # fmt: skip
    return {"Status": health.status, "FailingStreak": health.failing_streak, "Log": results}


def _healthcheck(config: ContainerConfig) -> dict[str, Any] | None:
    check = config.healthcheck
    if check is None:
        return {"Test": ["NONE"]} if "healthcheck" in config.asked else None
    return {
        "Test": list(check.test), "Interval": check.interval, "Timeout": check.timeout,
        "StartPeriod": check.start_period, "Retries": check.retries,
    }  # fmt: skip


def _state(seen: Snapshot, run_dir: str, health: Health) -> dict[str, Any]:
    state = seen.state
    error = state.error
    if state.exit_reason and state.exit_code is None:
        error = f"exit code unknown: {state.exit_reason}"
    return {
        "OciVersion": "1.0.2",
        "Status": seen.word,
        "Running": state.status is Status.RUNNING,
        "Paused": state.status is Status.PAUSED,
        "Restarting": state.next_start_at > 0,
        "OOMKilled": state.oom_killed,
        "Dead": False,
        "Pid": state.pid if state.status in ALIVE else 0,
        "ConmonPid": state.conmon_pid if state.status in ALIVE else 0,
        "ExitCode": -1 if state.exit_reason else state.exit_code or 0,
        "Error": error,
        "StartedAt": rfc3339(state.started_at),
        "FinishedAt": rfc3339(state.finished_at),
        "Health": _health(health),
        "Healthcheck": _health(health),
        "CgroupPath": seen.facts.cgroup,
        "StoppedByUser": state.stopped_by_user,
        "Checkpointed": state.checkpointed,
        "CheckpointedAt": rfc3339(state.checkpointed_at),
        "Restored": state.restored,
        "RestoredAt": rfc3339(state.restored_at),
    }


def _runtime(path: str) -> str:
    """The name of a runtime that is where programs are, the path of any other."""
    folder, _, name = path.rpartition("/")
    return name if folder in _PROGRAMS else path


def _mount(on: Services, mount: Mount) -> dict[str, Any]:
    modes = [option for option in mount.options if option in ("z", "Z")]
    shown = {
        "Type": mount.type,
        "Source": mount.image or mount.source,
        "Destination": mount.destination,
        "Driver": "",
        "Mode": ",".join(modes),
        "Options": [option for option in mount.options if option not in ("ro", "rw", *modes, *_PROPAGATION)],
        "RW": "ro" not in mount.options,
        "Propagation": next((option for option in mount.options if option in _PROPAGATION), ""),
    } | ({"SubPath": mount.subpath} if mount.subpath else {})
    if mount.type == "volume":
        about = {"Name": mount.source, "Source": on.volume_uses.mountpoint(mount.source), "Driver": "local"}
        return {"Type": "volume"} | about | {key: shown[key] for key in shown if key not in ("Type", *about)} | about
    return shown


def _binds(config: ContainerConfig) -> list[str]:
    """The options in podman's order: what was said, then how it propagates, then how it is bound."""

    def rank(option: str) -> int:
        return 2 if option in ("bind", "rbind") else option in _PROPAGATION

    return [
        f"{mount.source}:{mount.destination}:{','.join(sorted(_told(mount), key=rank))}"
        for mount in config.mounts if mount.type in ("bind", "volume")
    ]  # fmt: skip


def _told(mount: Mount) -> Iterable[str]:
    return sorted(mount.options, key=lambda option: option not in ("ro", "rw"))


def _environment(config: ContainerConfig, run_dir: str) -> list[str]:
    """What the last process was given, as far as a run has left it behind; else what is known before there is one."""
    try:
        with open(f"{run_dir}/config.json", "rb") as file:
            given: list[str] = json.load(file)["process"]["env"]
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{key}={value}" for key, value in config.env.items()]
    secret = {use.target for use in config.secrets if use.type == "env"}
    kept = [f"{name}={config.env[name]}" for name in config.env if name in secret]
    return [*(each for each in given if each.partition("=")[0] not in secret), *kept]


def _secrets(config: ContainerConfig) -> dict[str, Any]:
    """The secrets that are files; of those that are variables nothing is told."""
    files = [use for use in config.secrets if use.type == "mount"]
    if not files:
        return {}
    return {"Secrets": [
        {"Name": use.name, "ID": use.id, "UID": use.uid, "GID": use.gid, "Mode": use.mode} for use in files
    ]}  # fmt: skip


def _config(config: ContainerConfig, run_dir: str) -> dict[str, Any]:
    return {
        "Hostname": config.hostname or config.id[:12],
        "Domainname": "",
        "User": config.user,
        "AttachStdin": False,  # as podman: who is attached is no matter of the configuration
        "AttachStdout": False,
        "AttachStderr": False,
        "Tty": config.tty,
        "OpenStdin": config.stdin,
        "StdinOnce": False,
        "Env": _environment(config, run_dir),
        "Cmd": list(config.command) or None,
        "Image": config.image,
        "Volumes": None,
        "WorkingDir": config.workdir,
        "Entrypoint": " ".join(config.entrypoint),
        "OnBuild": None,
        "Labels": dict(config.labels) or None,
        "Annotations": dict(config.annotations) or None,
        "StopSignal": config.stop_signal,
        "CreateCommand": list(config.create_command),
        "Umask": f"{config.umask:04o}",
        "Timeout": config.timeout,
        "Passwd": config.passwd,
        "Timezone": config.timezone,
        "SystemdMode": config.systemd,
        "ChrootDirs": list(config.chroot_dirs),
        "StopTimeout": config.stop_timeout,
        "Healthcheck": _healthcheck(config),
        "HealthcheckOnFailureAction": config.healthcheck.on_failure if config.healthcheck is not None else "none",
        "HealthLogDestination": "local",
        "HealthMaxLogCount": config.healthcheck.results_kept if config.healthcheck is not None else RESULTS_KEPT,
        "HealthMaxLogSize": config.healthcheck.output_kept if config.healthcheck is not None else OUTPUT_KEPT,
    } | _secrets(config)


def _host_config(config: ContainerConfig) -> dict[str, Any]:
    spaces, security, limits = config.namespaces, config.security, config.resources
    options = [f"seccomp={security.seccomp}"] if security.seccomp else []
    options += ["no-new-privileges"] if security.no_new_privileges else []
    options += [f"mask={':'.join(security.mask)}"] if security.mask else []
    options += [f"unmask={':'.join(security.unmask)}"] if security.unmask else []
    return {
        "Binds": _binds(config),
        "CgroupManager": "cgroupfs",
        "CgroupMode": spaces.cgroup,
        "ContainerIDFile": "",
        "LogConfig": {
            "Type": "json-file" if config.log.as_json_file else config.log.driver, "Config": None,
            "Path": config.log.path, "Tag": config.log.tag,
            "Size": human.size(max(config.log.size_max, 0)),
        },
        "NetworkMode": spaces.network,
        "PortBindings": networks.port_bindings(config),
        "RestartPolicy": {
            "Name": config.restart_policy,
            "MaximumRetryCount": config.restart_retries,
        },
        "AutoRemove": config.auto_remove,
        "AutoRemoveImage": config.auto_remove_image,
        "VolumeDriver": "",
        "VolumesFrom": list(config.volumes_from),
        "CapAdd": list(security.cap_add),
        "CapDrop": list(security.cap_drop),
        "Dns": list(config.dns),
        "DnsOptions": list(config.dns_options),
        "DnsSearch": list(config.dns_search),
        "ExtraHosts": list(config.add_hosts),
        "GroupAdd": list(config.groups),
        "IpcMode": spaces.ipc,
        "Cgroup": "",
        "Cgroups": "default" if config.cgroups == "enabled" else config.cgroups,
        "Links": [],
        "OomScoreAdj": config.oom_score_adj or 0,
        "PidMode": spaces.pid,
        "Privileged": security.privileged,
        "PublishAllPorts": config.publish_all,
        "ReadonlyRootfs": security.read_only,
        "SecurityOpt": options,
        "Tmpfs": {m.destination: ",".join(m.options) for m in config.mounts if m.type == "tmpfs"},
        "UTSMode": spaces.uts,
        "UsernsMode": "",
        "ShmSize": config.shm_size,
        "Runtime": "oci",
        "Init": config.init,
        "CpuShares": limits.cpu_shares or 0,
        "Memory": limits.memory or 0,
        "NanoCpus": (limits.cpu_quota or 0) * 10**9 // (limits.cpu_period or 100_000) if limits.cpu_quota else 0,
        "CgroupParent": config.cgroup_parent,
        "BlkioWeight": limits.blkio_weight or 0,
        "BlkioWeightDevice": [{"Path": each.path, "Weight": each.value} for each in limits.blkio_weight_devices],
        "BlkioDeviceReadBps": _rates(limits.read_bps),
        "BlkioDeviceWriteBps": _rates(limits.write_bps),
        "BlkioDeviceReadIOps": _rates(limits.read_iops),
        "BlkioDeviceWriteIOps": _rates(limits.write_iops),
        "CgroupConf": dict(limits.unified) or None,
        "CpuRealtimePeriod": limits.cpu_rt_period or 0,
        "CpuRealtimeRuntime": limits.cpu_rt_runtime or 0,
        "CpuPeriod": limits.cpu_period or 0,
        "CpuQuota": limits.cpu_quota or 0,
        "CpusetCpus": limits.cpuset_cpus,
        "CpusetMems": limits.cpuset_mems,
        "Devices": [
            {"PathOnHost": d.source, "PathInContainer": d.destination, "CgroupPermissions": d.permissions}
            for d in config.devices
        ],
        "MemoryReservation": limits.memory_reservation or 0,
        "MemorySwap": limits.memory_swap or default_swap(limits, host_facts()) or 0,
        "MemorySwappiness": limits.memory_swappiness or (-1 if limits.memory else 0),
        "OomKillDisable": limits.oom_kill_disable,
        "PidsLimit": limits.pids_limit or 0,
        "ConsoleSize": [0, 0],
        "Isolation": "",
        "KernelMemory": 0,
        "DiskQuota": 0,
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
        "Sysctls": dict(config.sysctls),
        "Ulimits": [{"Name": f"RLIMIT_{u.name.upper()}", "Soft": u.soft, "Hard": u.hard} for u in config.ulimits],
    }


def _rates(limits: Iterable[DeviceLimit]) -> list[dict[str, Any]]:
    return [{"Path": each.path, "Rate": each.value} for each in limits]


def labels_of(seen: Snapshot) -> dict[str, str]:
    """A container's labels, from the column."""
    found: dict[str, str] = json.loads(seen.facts.labels) if seen.facts.labels else {}
    return found

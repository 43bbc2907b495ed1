"""The configuration of a container that podman made, in our words: what it asks for is judged as anybody's request.

Its processes stand on the mounts that podman made, which criu wants to find again under the same names. All but a few
we make as well; a container with others is refused, as is one that shares something with containers left behind.
"""

from __future__ import annotations

from msgspec.structs import replace

from ..checkpoint.document import BadCheckpoint
from ..checkpoint.podman import MAKER, Asked, Blocks, Health, Pids, Resources, Status
from ..errors import InvalidArgument, NoSuchImage, Unsupported
from ..model.checkpoint import Address, Checkpoint
from ..model.container import CreateRequest, Mount, Security
from ..model.ids import is_id
from ..model.oci import Cpu, Memory
from ..spec.capabilities import DEFAULT
from ..spec.facts import host_facts
from ..spec.masking import masked_paths
from ..spec.process import INIT
from ..spec.resolve import resolve
from .podman_mounts import mounts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..checkpoint.podman import Config, Described, Linux, Process
    from ..model.container import ImageConfig
    from .services import Services

_RUNTIMES = ("runc", "crun")
_LOGS = {"k8s-file": "k8s-file", "json-file": "k8s-file", "journald": "journald", "none": "none"}
_ON_FAILURE = {0: "none", 2: "kill", 3: "restart", 4: "stop"}
_NOTES = ("io.podman.", "io.container.manager", "io.kubernetes.", "org.opencontainers.image.")  # of podman to itself
_APPARMOR = "containers-default-"  # how its own profile is called
# Beyond ours it gives these to every container, on some systems. They are left out unless privileges are allowed.
_ITS_DEFAULT = frozenset(("CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"))
_MASKED = frozenset(
    "/proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug "
    "/proc/scsi /sys/firmware".split()
)  # in every version


def translated(on: Services, path: str, found: Described, *, trusted: bool) -> Checkpoint:
    """The checkpoint that podman's archive `path` holds. Nothing is changed.

    Raises: BadCheckpoint, Unsupported (what it uses we do not have), NoSuchImage, NoSuchNetwork, InvalidArgument.
    """
    config = found.config
    if not is_id(config.id):
        raise BadCheckpoint(f"{path}: its configuration makes no sense")
    if lacking := next(_lacking(config), ""):
        raise Unsupported(f"{path}: a checkpoint made by podman that cannot be restored here: its container {lacking}")
    image = _image(on, path, config)
    try:
        asked = mounts_of(found)
        made = resolve(
            _request(found, image, asked, trusted=trusted), image=image, defaults=on.config, facts=host_facts(),
            id=config.id, name=config.name, now=on.clock.now(), find_network=on.network,
        )  # fmt: skip
        addresses = tuple(_address(on, found, name) for name in _networks(found))
    except Unsupported as problem:
        raise Unsupported(f"{path}: {problem}") from None
    except InvalidArgument as problem:
        raise BadCheckpoint(f"{path}: {problem}") from None
    unnamed = {mount.source for mount in asked if mount.anonymous}
    mounts = tuple(replace(mount, anonymous=mount.source in unnamed) for mount in made.mounts)
    rotate = "supervisor" if made.log.driver == "k8s-file" and made.log.size_max > 0 else ""
    made = replace(
        made, workdir_given=not config.create_workdir, mounts=mounts, log=replace(made.log, rotate=rotate)
    )
    return Checkpoint(
        created_at=on.clock.now(), by=MAKER, runtime=config.runtime.rpartition("/")[2], config=made,
        addresses=addresses,
    )  # fmt: skip


def _lacking(config: Config) -> Iterator[str]:
    """What the container has or is that we do not do, in words that follow "its container"."""
    if config.infra:
        yield "holds what a pod shares"
    if config.pod:
        yield "is a member of a pod"
    shared = {
        "pid": config.pid_of, "network": config.net_of, "ipc": config.ipc_of, "uts": config.uts_of,
        "mount": config.mount_of, "user": config.user_of, "cgroup": config.cgroup_of,
    }  # fmt: skip
    for kind, owner in shared.items():
        if owner:
            yield f"uses the {kind} namespace of another container"
    if config.dependencies:
        yield "depends on other containers"
    ids, linux = config.identities, config.spec.linux
    mapped = ids.uid_map or ids.gid_map or ids.auto or not (ids.host_uid_mapping and ids.host_gid_mapping)
    if mapped or linux.uid_mappings or any(each.type == "user" for each in linux.namespaces or ()):
        yield "has a user namespace"
    if config.rootfs or not config.image_id:
        yield "stands on a directory, not on an image"
    if config.secrets or config.secret_env:
        yield "uses secrets, which the archive does not hold"
    if config.overlay_volumes or config.image_volumes:
        yield "has volumes mounted as overlays, or images"
    if any(volume.sub_path for volume in config.named_volumes or ()):
        yield "has a part of a volume mounted"
    if config.cdi_devices:
        yield "has CDI devices"
    if config.create_netns and config.network_mode.partition(":")[0] not in ("", "default", "bridge", "private"):
        yield f"has a network of the kind {config.network_mode!a}"
    if config.old_ports:
        yield "publishes ports in the words of podman before version 4"
    blocks = (linux.resources or Resources()).block_io or Blocks()
    if any((blocks.weight_device, blocks.throttle_read_bps_device, blocks.throttle_write_bps_device,
            blocks.read_iops, blocks.write_iops)):
        yield "has limits for block devices of its host"
    if config.runtime.rpartition("/")[2] not in _RUNTIMES:
        yield f"was run by {config.runtime!a}"


def _image(on: Services, path: str, config: Config) -> ImageConfig:
    """The image that the container stands on, which is here. Raises: NoSuchImage."""
    for name in (config.image_id, config.image_name):
        try:
            found = on.image(name) if name else None
        except NoSuchImage:
            continue
        if found is not None and found.id == config.image_id:
            return found
    raise NoSuchImage(f"{path}: {config.image_name or 'image'} with the id {config.image_id[:64]!a}")


def _request(found: Described, image: ImageConfig, mounts: tuple[Mount, ...], *, trusted: bool) -> CreateRequest:
    """What somebody would ask for who wants such a container here."""
    config, spec = found.config, found.config.spec
    process, linux = spec.process, spec.linux
    name = config.image_name if config.image_name in image.names else next(iter(image.names), image.id)
    argv = process.args or ()
    init = argv[:1] == (INIT,)
    if init:
        argv = argv[2:] if argv[1:2] == ("--",) else argv[1:]
    entrypoint, command = config.entrypoint or (), config.command or ()
    if entrypoint + command != argv:
        entrypoint, command = (), argv
    add, drop = _capabilities(process, trusted=trusted) if not config.privileged else ((), ())
    resources, health = linux.resources or Resources(), config.healthcheck or Health()
    memory, cpu, pids = resources.memory or Memory(), resources.cpu or Cpu(), resources.pids or Pids()
    annotations = spec.annotations or {}
    restart, uts = config.restart_policy, _mode(config, "uts")
    return CreateRequest(
        image=name, entrypoint=entrypoint, command=command,
        env=dict(each.partition("=")[::2] for each in process.env or ()), unset_env_all=True, user=config.user,
        groups=config.groups or (), workdir=process.cwd, umask=_umask(config.umask),
        hostname=(found.spec.hostname or None) if uts == "private" else None, tty=process.terminal,
        stdin=config.stdin, init=init, systemd="always" if config.systemd else "false",
        personality=linux.personality.domain if linux.personality is not None else "", tz=config.timezone,
        passwd=config.passwd is not False, passwd_entry=config.passwd_entry, host_users=config.host_users or (),
        chroot_dirs=config.chroot_dirs or (), image_volume="ignore", mounts=mounts, devices=_devices(config),
        device_cgroup_rules=_rules(linux),
        network=_words(found), publish=_publish(config), dns=config.dns or (("none",) * config.image_resolv_conf),
        dns_search=config.dns_search or (), dns_options=config.dns_options or (), no_hosts=config.image_hosts,
        no_hostname=config.image_hostname,
        pid=_mode(config, "pid"), ipc=_ipc(config), uts=uts, cgroupns=_cgroupns(config),
        privileged=config.privileged, cap_add=add, cap_drop=drop,
        security_opt=tuple(_security(found)), read_only=spec.root.readonly,
        read_only_tmpfs=any(mount.destination == "/tmp" for mount in mounts),
        ulimits=tuple(
            f"{each.type.removeprefix('RLIMIT_').lower()}={_finite(each.soft)}:{_finite(each.hard)}"
            for each in process.rlimits or ()
        ),
        sysctls=linux.sysctl or {},
        memory=memory.limit, memory_swap=memory.swap, memory_reservation=memory.reservation,
        memory_swappiness=memory.swappiness, oom_kill_disable=bool(memory.disable_oom_killer),
        cpu_shares=cpu.shares, cpu_quota=cpu.quota, cpu_period=cpu.period, cpu_rt_period=cpu.realtime_period,
        cpu_rt_runtime=cpu.realtime_runtime, cpuset_cpus=cpu.cpus, cpuset_mems=cpu.mems,
        pids_limit=pids.limit or -1, blkio_weight=(resources.block_io or Blocks()).weight,
        cgroup_conf=resources.unified or {},
        shm_size=config.shm_size or None, oom_score_adj=process.oom_score_adj, add_hosts=config.add_hosts or (),
        labels=config.labels or {},
        annotations={key: value for key, value in annotations.items() if not key.startswith(_NOTES)},
        stop_signal=config.stop_signal, stop_timeout=config.stop_timeout, timeout=config.timeout,
        restart=f"{restart}:{config.restart_retries}" if restart == "on-failure" else restart,
        healthcheck=health.test or ("NONE",), health_interval=_seconds(health.interval),
        health_timeout=_seconds(health.timeout), health_start_period=_seconds(health.start_period),
        health_retries=health.retries or None,
        health_on_failure=_ON_FAILURE.get(config.on_failure, "none") if health.test else "none",
        log_driver=_LOGS.get(config.log_driver), log_options=_log(config),
        auto_remove=annotations.get("io.podman.annotations.autoremove") == "TRUE",
        cgroups="disabled" if config.cgroups == "disabled" else "", create_command=config.create_command or (),
    )  # fmt: skip


def _seconds(time: int) -> float | None:
    return time / 1e9 if time else None


def _umask(text: str) -> int:
    try:
        return int(text or "0022", 8)
    except ValueError:
        raise InvalidArgument(f"invalid umask {text!a}") from None


def _finite(limit: int) -> int:
    return -1 if limit >= 2**64 - 1 else limit


def _log(config: Config) -> dict[str, str]:
    said = {"tag": config.log_tag, "max-size": str(config.log_size) if config.log_size > 0 else ""}
    return {key: value for key, value in said.items() if value}


def _capabilities(process: Process, *, trusted: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is to be added to and dropped from what our containers hold."""
    held = set((process.capabilities.bounding if process.capabilities is not None else None) or ())
    left_out = frozenset() if trusted else _ITS_DEFAULT
    return tuple(sorted(held - DEFAULT - left_out)), tuple(sorted(DEFAULT - held))


def _security(found: Described) -> Iterator[str]:
    config, linux = found.config, found.config.spec.linux
    process = config.spec.process
    if process.no_new_privileges:
        yield "no-new-privileges"
    if config.privileged:
        return
    if linux.seccomp is None:
        yield "seccomp=unconfined"
    if process.apparmor_profile and not process.apparmor_profile.startswith(_APPARMOR):
        yield f"apparmor={process.apparmor_profile}"
    masked = linux.masked_paths or ()
    ours = masked_paths(Security(), host_facts())
    if shown := sorted(_MASKED - set(masked)):
        yield "unmask=ALL" if not masked else f"unmask={':'.join(shown)}"
    for path in masked:
        if path not in ours and path not in _MASKED:
            yield f"mask={path}"


def _mode(config: Config, kind: str) -> str:
    """Whose namespace the container is in: those that are not listed are the host's."""
    own = {each.type: each.path for each in config.spec.linux.namespaces or ()}
    return "host" if kind not in own else f"ns:{own[kind]}" if own[kind] else "private"


def _ipc(config: Config) -> str:
    mode = _mode(config, "ipc")
    if mode != "private":
        return mode
    return "none" if config.no_shm else "private" if config.no_shm_share else "shareable"


def _cgroupns(config: Config) -> str:
    """Beside cgroup version 1 podman gives containers none of their own, and shows them theirs alone all the same."""
    return _mode(config, "cgroup") if host_facts().cgroup_mode == "v2" else "private"


def _devices(config: Config) -> tuple[str, ...]:
    if config.privileged:
        return ()
    asked = tuple(f"{each.path}:{each.path}" for each in config.spec.linux.devices or ())
    return (*asked, "/dev") if config.all_devices else asked


def _rules(linux: Linux) -> tuple[str, ...]:
    nodes = {(each.type, each.major, each.minor) for each in linux.devices or ()}
    rules = (linux.resources.devices if linux.resources is not None else None) or ()
    return tuple(
        f"{each.type or 'a'} {_number(each.major)}:{_number(each.minor)} {each.access or 'rwm'}"
        for each in rules if each.allow and (each.type, each.major, each.minor) not in nodes
    )  # fmt: skip


def _number(value: int | None) -> str:
    return "*" if value is None or value < 0 else str(value)


def _publish(config: Config) -> tuple[str, ...]:
    found = []
    for each in config.ports or ():
        host, inside, last = str(each.host_port), str(each.container_port), max(each.range, 1) - 1
        if last:
            host, inside = f"{host}-{each.host_port + last}", f"{inside}-{each.container_port + last}"
        address = f"[{each.host_ip}]:" if ":" in each.host_ip else f"{each.host_ip}:" if each.host_ip else ""
        found += [f"{address}{host}:{inside}/{protocol}" for protocol in each.protocol.split(",")]
    return tuple(found)


def _networks(found: Described) -> list[str]:
    """The networks that the container was in, by podman's names."""
    config = found.config
    if not config.create_netns:
        return []
    return list(dict.fromkeys((*found.networks, *_asked(config)))) or ["podman"]


def _asked(config: Config) -> dict[str, Asked]:
    return config.networks if isinstance(config.networks, dict) else {}


def _words(found: Described) -> tuple[str, ...]:
    """As --network takes them."""
    config = found.config
    if not config.create_netns:
        mode = _mode(config, "network")
        return ("none" if mode == "private" else mode,)
    return tuple(f"{name}:{','.join(_options(found, name))}" for name in _networks(found))


def _options(found: Described, name: str) -> Iterator[str]:
    asked = _asked(found.config).get(name) or Asked()
    for alias in asked.aliases or ():
        if not found.config.id.startswith(alias):  # which it gives to each
            yield f"alias={alias}"
    status = found.networks.get(name) or Status()
    interface = next(iter(status.interfaces or ()), asked.interface_name)
    if interface:
        yield f"interface_name={interface}"


def _address(on: Services, found: Described, name: str) -> Address:
    """What it had in the network, under the name that the network has here. Raises: NoSuchNetwork, InvalidArgument."""
    from ..network.attach_syntax import check_mac
    from ..network.ipam import parse_address

    status = found.networks.get(name) or Status()
    here = on.network(name).name
    for interface in (status.interfaces or {}).values():
        ips = [str(parse_address(each.ipnet.partition("/")[0])) for each in interface.subnets or () if each.ipnet]
        return Address(network=here, ips=tuple(ips), mac=check_mac(interface.mac_address))
    return Address(network=here)

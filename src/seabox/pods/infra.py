"""The infra container of a pod: a process that waits for ever and holds what the others share.

It is the host's catatonit, on a root that has nothing in it; or what an image has to offer for this.
"""

from __future__ import annotations

from ..container.create import create
from ..errors import InvalidArgument, Unsupported
from ..kernel import files
from ..model.container import CreateRequest, Mount
from ..model.record import INFRA
from ..spec.limits import parse_resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig
    from ..model.pod import PodConfig, PodRequest
    from .services import PodServices

_PAUSE = "/catatonit"
_DIRECTORIES = ("dev", "etc", "proc", "run", "sys", "tmp", "var/tmp")
_FILES = ("catatonit", "etc/hostname", "etc/hosts", "etc/resolv.conf", "run/.containerenv")


def create_infra(on: PodServices, request: PodRequest, pod: PodConfig) -> str:
    """The pod's infra container exists, configured; its id. Raises: as Containers.create."""
    from msgspec.structs import replace

    wanted = infra_request(on, request, pod)
    if wanted.rootfs:
        _make_root(wanted.rootfs)

    def configure(id: str, name: str, now: int) -> ContainerConfig:
        config = on.resolve(wanted, id, name, now)
        log = replace(config.log, size_max=-1, rotate="") if wanted.rootfs else config.log  # it writes nothing
        limits = CreateRequest(
            memory=request.memory, memory_swap=request.memory_swap, cpus=request.cpus, cpu_shares=request.cpu_shares,
            cpuset_cpus=request.cpuset_cpus, cpuset_mems=request.cpuset_mems, blkio_weight=request.blkio_weight,
            blkio_weight_devices=request.blkio_weight_devices, device_read_bps=request.device_read_bps,
            device_write_bps=request.device_write_bps,
        )  # fmt: skip
        resources = parse_resources(limits, default_pids=-1, runtime=config.runtime)
        return replace(
            config, pod=pod.id, role=INFRA, log=log, pod_resources=replace(resources, pids_limit=None)
        )

    return create(on, wanted.name, configure)


def infra_request(on: PodServices, request: PodRequest, pod: PodConfig) -> CreateRequest:
    """The container that holds together the pod. Raises: InvalidArgument, Unsupported."""
    check_network(request, pod)
    image = request.infra_image or on.config.infra_image
    own_name = request.uts != "host" and not _is_host(request)
    return CreateRequest(
        name=request.infra_name or f"{pod.id[:12]}-infra",
        image=image,
        rootfs="" if image else f"{on.config.root}/pause",
        mounts=() if image else (_pause_program(on),),
        entrypoint=request.infra_command or (None if image else (_PAUSE, "-P")),
        cap_drop=() if image else ("all",),
        read_only=not image,
        read_only_tmpfs=False,
        init=False,
        hostname=request.hostname or (pod.name[:64] if own_name else None),
        network=request.network if "net" in pod.shared or _is_host(request) else "none",
        ip=request.ip,
        ip6=request.ip6,
        mac_address=request.mac_address,
        network_aliases=request.network_aliases,
        publish=request.publish,
        dns=request.dns,
        dns_search=request.dns_search,
        dns_options=request.dns_options,
        add_hosts=request.add_hosts,
        no_hosts=request.no_hosts,
        pid=request.pid,
        uts=request.uts,
        userns=request.userns,
        shm_size=request.shm_size,
        sysctls=request.sysctls,
        security_opt=request.security_opt,
        cgroup_parent=pod.cgroup or pod.cgroup_parent or None,
        conmon_pidfile=request.infra_conmon_pidfile,
        create_command=request.create_command,
    )


def _is_host(request: PodRequest) -> bool:
    return request.network in ("host", ("host",))


def check_network(request: PodRequest, pod: PodConfig) -> None:
    """What is said about the network can be the case in this pod. Raises: InvalidArgument with podman's words."""
    words = (request.network,) if isinstance(request.network, str) else request.network or ()
    mode = words[0].partition(":")[0] if words else ""
    if mode == "container":
        raise InvalidArgument("pods presently do not support network mode container")
    if request.publish and (mode in ("host", "none", "ns") or "net" not in pod.shared):
        raise InvalidArgument("PortMappings can only be used with Bridge or slirp4netns networking")
    if request.no_hosts and request.add_hosts:
        raise InvalidArgument("--no-hosts and --add-host cannot be set together")
    if mode == "none" and (request.dns or request.dns_search or request.dns_options):
        raise InvalidArgument("conflicting options: dns and the network mode: none")


def _pause_program(on: PodServices) -> Mount:
    if not on.catatonit:
        raise Unsupported("a pod's infra container needs catatonit installed, or an --infra-image, or --infra=false")
    return Mount(type="bind", source=on.catatonit, destination=_PAUSE, options=("bind", "ro", "rprivate"))


def _make_root(path: str) -> None:
    """The directory has a place for each mount of an infra container and nothing else; it is for all of them."""
    for name in _DIRECTORIES:
        files.make_dirs(f"{path}/{name}", 0o755)
    for name in _FILES:
        files.touch(f"{path}/{name}", 0o644)

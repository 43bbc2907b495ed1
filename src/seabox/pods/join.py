"""What a container gets from the pod it is created in."""

from __future__ import annotations

import msgspec

from ..container import snapshot
from ..container.stored import decode_config
from ..errors import InvalidArgument
from ..model.container import CreateRequest
from ..model.decoding import decode
from ..model.pod import PodConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.container import ContainerConfig
    from .services import PodServices

_NET = "network cannot be configured when it is shared with a pod"
_KINDS = (("pid", "pid", "pid"), ("ipc", "ipc", "ipc"), ("cgroupns", "cgroup", "cgroup"))  # asked, shared, mode


def joined(on: PodServices, request: CreateRequest) -> tuple[CreateRequest, PodConfig | None]:
    """The request of a container with what its pod adds to it, and the pod; None if it is to be in none.

    Raises: NoSuchPod, AmbiguousName, InvalidArgument with podman's words.
    """
    _check_init(request)
    if not request.pod:
        return request, None
    if request.userns:
        raise InvalidArgument("--userns and --pod cannot be set together")
    id = on.store.pods.find(request.pod)
    pod = decode(on.store.pods.config(id), PodConfig)
    changes: dict[str, Any] = {
        "volumes": (*_without_places_of(pod.volumes, request), *request.volumes),
        "devices": (*pod.devices, *request.devices),
        "security_opt": (*pod.security_opt, *request.security_opt),
    }
    if pod.restart and request.restart in ("", "no") and not (request.auto_remove or request.init_ctr):
        changes["restart"] = pod.restart
    if pod.cgroup and request.cgroup_parent is None:
        changes["cgroup_parent"] = pod.cgroup
    infra = on.store.pods.load(id).infra
    if infra:
        if request.init_ctr and snapshot.take(on, infra).status == "running":
            raise InvalidArgument("cannot add init-ctr to a running pod")
        if pod.shared:
            config = decode_config(on.store.config(infra))
            changes["requires"] = (*request.requires, infra)
            changes |= _network(request, pod, infra) | _hostname(request, pod, config)
            for asked, shared, kind in _KINDS:
                if shared in pod.shared and getattr(request, asked) is None:
                    mode = getattr(config.namespaces, kind)
                    changes[asked] = "host" if mode == "host" else f"container:{infra}"
    return msgspec.structs.replace(request, **changes), pod


def _check_init(request: CreateRequest) -> None:
    if not request.init_ctr:
        return
    if not request.pod:
        raise InvalidArgument("must specify pod value with init-ctr")
    if request.init_ctr not in ("once", "always"):
        raise InvalidArgument("init-ctr value must be 'always' or 'once'")


def _network(request: CreateRequest, pod: PodConfig, infra: str) -> dict[str, Any]:
    if "net" not in pod.shared:
        return {}
    why = ""
    if request.publish or request.publish_all:
        why = "published or exposed ports must be defined when the pod is created"
    elif request.add_hosts:
        why = "extra host entries must be specified on the pod"
    elif request.ip or request.ip6 or request.mac_address or request.network_aliases:
        why = "networks must be defined when the pod is created"
    if why:
        raise InvalidArgument(f"invalid config provided: {why}: {_NET}")
    return {} if request.network is not None else {"network": f"container:{infra}"}


def _hostname(request: CreateRequest, pod: PodConfig, infra: ContainerConfig) -> dict[str, Any]:
    if "uts" not in pod.shared or request.uts is not None:
        return {}
    if request.hostname:
        raise InvalidArgument(
            "invalid config provided: cannot set hostname when joining the pod UTS namespace: invalid configuration"
        )
    if infra.namespaces.uts == "host":
        return {"uts": "host"}
    return {"uts": f"container:{infra.id}", "hostname": infra.hostname}


def _without_places_of(volumes: tuple[str, ...], request: CreateRequest) -> list[str]:
    """The pod's volumes, where the container has no mount of its own."""
    taken = {_place(text) for text in request.volumes} | {mount.destination for mount in request.mounts}
    return [text for text in volumes if _place(text) not in taken]


def _place(volume: str) -> str:
    parts = volume.split(":")
    return parts[1] if len(parts) > 1 else parts[0]

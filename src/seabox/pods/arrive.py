"""A pod as the place in which a container that was checkpointed goes on."""

from __future__ import annotations

from ..container.pod_place import PodPlace
from ..container.stored import decode_config
from ..model.decoding import decode
from ..model.pod import PodConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .services import PodServices


def place(on: PodServices, name: str) -> PodPlace:
    """The pod of this name or id. Raises: NoSuchPod, AmbiguousName..."""
    id = on.store.pods.find(name)
    pod = decode(on.store.pods.config(id), PodConfig)
    infra = on.store.pods.load(id).infra
    if not infra:
        return PodPlace(id=id, name=pod.name, infra="", shared=frozenset(), cgroup=pod.cgroup, hostname="")
    config = decode_config(on.store.config(infra))
    modes = {"net": "network", "cgroup": "cgroup"}
    shared = {word for word in pod.shared if getattr(config.namespaces, modes.get(word, word)) != "host"}
    return PodPlace(
        id=id, name=pod.name, infra=infra, shared=frozenset(shared), cgroup=pod.cgroup, hostname=config.hostname
    )

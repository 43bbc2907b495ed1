"""A container from an archive goes on in a pod, with the namespaces of that pod in place of those it had."""

from __future__ import annotations

from msgspec.structs import replace

from ..errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig

_SHARED = {"net": "network", "ipc": "ipc", "uts": "uts", "pid": "pid", "cgroup": "cgroup"}


class PodPlace:
    """A pod that a container is to go on in. `cgroup` and `hostname`: "" = as the container's own."""

    __slots__ = ("cgroup", "hostname", "id", "infra", "name", "shared")

    def __init__(self, *, id: str, name: str, infra: str, shared: frozenset[str], cgroup: str, hostname: str) -> None:
        self.id, self.name, self.infra, self.shared = id, name, infra, shared
        self.cgroup, self.hostname = cgroup, hostname


def shares(config: ContainerConfig) -> frozenset[str]:
    """What the container has in common with the pod that it is, or was, in: "net", "ipc", "uts"..."""
    wanted = f"container:{config.requires[-1]}" if config.pod and config.requires else None
    return frozenset(word for word, kind in _SHARED.items() if getattr(config.namespaces, kind) == wanted)


def alone(config: ContainerConfig) -> ContainerConfig:
    """The configuration without what it has in common with its pod: what else it asks for is left."""
    changes = {_SHARED[word]: "private" for word in shares(config)}
    requires = config.requires[:-1] if changes else config.requires  # the infra container is the last
    return replace(config, namespaces=replace(config.namespaces, **changes), requires=requires, pod="", role="")


def moved(path: str, config: ContainerConfig, place: PodPlace | None) -> ContainerConfig:
    """The configuration of the container in the archive `path` as a member of the pod, or of none.

    Raises: InvalidArgument: the processes stand on other namespaces than they would have there.
    """
    had = shares(config)
    if place is None:
        if had:
            raise InvalidArgument(
                f"{path}: its container shared namespaces with a pod ({', '.join(sorted(had))}): name the pod that it "
                "is to go on in with --pod"
            )
        return alone(config)
    if had != place.shared:
        raise InvalidArgument(
            f"{path}: its container shared {', '.join(sorted(had)) or 'nothing'} with a pod, pod {place.name} shares "
            f"{', '.join(sorted(place.shared)) or 'nothing'}: it can only go on in a pod that shares the same"
        )
    mode = f"container:{place.infra}"
    config = alone(config)
    return replace(
        config, namespaces=replace(config.namespaces, **{_SHARED[word]: mode for word in had}), pod=place.id,
        requires=(place.infra,) if had else (), hostname=place.hostname if "uts" in had else config.hostname,
    )  # fmt: skip

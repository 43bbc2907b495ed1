"""--share: which namespaces the containers of a pod have in common."""

from __future__ import annotations

from ..errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.pod import PodRequest

DEFAULT = ("ipc", "net", "uts")
_KINDS = ("cgroup", "ipc", "net", "pid", "uts")


def parse_share(request: PodRequest) -> tuple[str, ...]:
    """The kinds of namespaces that are shared, in order. Raises: InvalidArgument with podman's words."""
    given = DEFAULT if request.share is None else request.share
    words: set[str] = set()
    for word in given:
        if word not in (*_KINDS, "none", ""):
            raise InvalidArgument(
                f"invalid kernel namespace to share: {word}. Options are: cgroup, ipc, net, pid, uts or none"
            )
        words.add(word)
    found = tuple(kind for kind in _KINDS if kind in words)
    if not request.infra:
        if request.share is not None and found:
            raise InvalidArgument(f"cannot set share({','.join(given)}) namespaces without an infra container")
        return ()
    if "cgroup" in found and request.share_parent:
        raise InvalidArgument(
            "cannot define the pod as the cgroup parent at the same time as joining the infra container's cgroupNS: "
            "invalid argument"
        )
    return found

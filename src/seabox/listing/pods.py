"""What lists and inspections tell of a pod, under podman's field names."""

from __future__ import annotations

from seabox.errors import NoSuchContainer
from seabox.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.engine import Engine
    from seabox.pods.snapshot import PodSnapshot

# fields that JSON leaves out where there is nothing to show
_SPARSE = (
    "Labels", "CgroupPath", "InfraContainerID", "InfraConfig", "SharedNamespaces", "Containers", "volumes", "devices",
    "security_opt",
)  # fmt: skip


def labels_of(seen: PodSnapshot) -> dict[str, str]:
    """The pod's labels."""
    if not seen.facts.labels:
        return {}
    import json

    found: dict[str, str] = json.loads(seen.facts.labels)
    return found


def networks_of(on: Engine, seen: PodSnapshot) -> list[str]:
    """The names of the networks that the pod's containers share."""
    if not seen.facts.infra:
        return []
    try:
        return list(on.containers.get(seen.facts.infra).inspect()["NetworkSettings"]["Networks"])
    except NoSuchContainer:  # it went meanwhile
        return []


def containers(seen: PodSnapshot) -> list[dict[str, str]]:
    """The members as podman lists them."""
    return [{"Id": each.facts.id, "Names": each.facts.name, "Status": each.word} for each in seen.members]


def json_row(on: Engine, seen: PodSnapshot) -> dict[str, object]:
    """A pod as `--format json` shows it."""
    facts = seen.facts
    return {
        "Cgroup": facts.cgroup.rpartition("/")[0],
        "Containers": containers(seen),
        "Created": rfc3339(facts.created_at),
        "Id": facts.id,
        "InfraId": facts.infra,
        "Name": facts.name,
        "Namespace": "",
        "Networks": networks_of(on, seen) or None,
        "Status": seen.status,
        "Labels": labels_of(seen),
    }


def sparse(about: dict[str, Any]) -> dict[str, Any]:
    """The pod as JSON shows it."""
    return {key: value for key, value in about.items() if value or key not in _SPARSE}

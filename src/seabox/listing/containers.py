"""What lists tell of a container, under podman's field names."""

from __future__ import annotations

import time

from seabox.errors import NoSuchContainer, NoSuchPod
from seabox.model.human import since
from seabox.model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

_SECOND = 10**9
_NEVER = -62135596800  # Go's zero time in unix seconds


def labels_of(seen: Snapshot) -> dict[str, str]:
    """The container's labels."""
    if not seen.facts.labels:
        return {}
    import json

    found: dict[str, str] = json.loads(seen.facts.labels)
    return found


def exit_code(seen: Snapshot) -> int:
    """The last exit code as podman shows it: -1 for one that nobody knows, 0 while there is none."""
    if seen.state.exit_code is not None:
        return seen.state.exit_code
    return -1 if seen.state.exit_reason else 0


def inspected(on: Engine, seen: Snapshot) -> dict[str, Any]:
    """All that is known of the container, nothing of one that has gone meanwhile."""
    try:
        return on.containers.get(seen.facts.id).inspect()
    except NoSuchContainer:
        return {}


def json_row(on: Engine, seen: Snapshot, *, size: bool = False) -> dict[str, object]:
    """A container as `--format json` shows it."""
    facts, state = seen.facts, seen.state
    about = inspected(on, seen)
    return {
        "AutoRemove": facts.auto_remove,
        "Command": list(about.get("Config", {}).get("Cmd") or ()),
        "CreatedAt": since(facts.created_at, time.time_ns()),
        "Exited": seen.status == "exited",
        "ExitedAt": state.finished_at // _SECOND if state.finished_at else _NEVER,
        "ExitCode": exit_code(seen),
        "Id": facts.id,
        "Image": facts.image,
        "ImageID": facts.image_id,
        "IsInfra": facts.role == INFRA,
        "Labels": labels_of(seen) or None,
        "Mounts": [mount["Destination"] for mount in about.get("Mounts", [])],
        "Names": [facts.name],
        "Namespaces": {},
        "Networks": networks_in(about),
        "Pid": state.pid,
        "Pod": facts.pod,
        "PodName": _pod_name(on, facts.pod),
        "Ports": _ports(about),
        "Restarts": state.restart_count,
        "Size": _json_size(on, seen) if size else None,
        "StartedAt": state.started_at // _SECOND if state.started_at else _NEVER,
        "State": seen.word,
        "Status": seen.told(time.time_ns()),
        "Created": facts.created_at // _SECOND,
    }


def _json_size(on: Engine, seen: Snapshot) -> dict[str, int] | None:
    try:
        found = on.containers.get(seen.facts.id).sizes()
    except NoSuchContainer:
        return None
    return {"rootFsSize": found.root, "rwSize": found.written}


def _pod_name(on: Engine, id: str) -> str:
    try:
        return on.pods.get(id).name if id else ""
    except NoSuchPod:
        return ""


def networks_in(about: dict[str, Any]) -> list[str]:
    """The names of the networks that a container is in, of all that is known of it."""
    return list(about.get("NetworkSettings", {}).get("Networks", {}))


def _ports(about: dict[str, Any]) -> list[dict[str, object]] | None:
    """podman's form of published ports."""
    found: list[dict[str, object]] = []
    for inside, places in about.get("NetworkSettings", {}).get("Ports", {}).items():
        number, _, protocol = inside.partition("/")
        for place in places:
            found.append(
                {"host_ip": place["HostIp"], "container_port": int(number), "host_port": int(place["HostPort"]),
                 "range": 1, "protocol": protocol}
            )  # fmt: skip
    return found or None

"""What `ps` shows only when it is asked for by --format."""

from __future__ import annotations

from seabox.cli.filters import exit_code, labels_of
from seabox.cli.golang import Map
from seabox.errors import NoSuchContainer, NoSuchPod
from seabox.model.human import go_time
from seabox.model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

_SECOND = 10**9
_SHORT = 12  # of an id
_NEVER = -62135596800  # Go's zero time in unix seconds


def add_details(
    on: Engine, row: dict[str, object], seen: Snapshot, *, size: bool = False, whole: bool = False
) -> None:
    """The row has every field that podman's templates know; its size only if that is wanted, for it is counted."""
    facts, state = seen.facts, seen.state
    labels, created = labels_of(seen), go_time(facts.created_at)
    row |= {
        "State": seen.word,
        "ImageID": facts.image_id if whole else facts.image_id[:_SHORT],
        "Created": created,
        "CreatedAt": created,
        "RunningFor": row["CreatedHuman"],
        "StartedAt": state.started_at // _SECOND,
        "ExitedAt": state.finished_at // _SECOND,
        "Exited": seen.status == "exited",
        "ExitCode": exit_code(seen),
        "Pid": state.pid,
        "Size": _size(on, seen) if size else "",
        "CGROUPNS": Lazy(lambda: _namespace(seen, "cgroup")),
        "Cgroup": Lazy(lambda: _namespace(seen, "cgroup")),
        "IPC": Lazy(lambda: _namespace(seen, "ipc")),
        "MNT": Lazy(lambda: _namespace(seen, "mnt")),
        "NET": Lazy(lambda: _namespace(seen, "net")),
        "PID": state.pid,
        "PIDNS": Lazy(lambda: _namespace(seen, "pid")),
        "USERNS": Lazy(lambda: _namespace(seen, "user")),
        "User": Lazy(lambda: _namespace(seen, "user")),
        "UTS": Lazy(lambda: _namespace(seen, "uts")),
        "Restarts": state.restart_count,
        "AutoRemove": facts.auto_remove,
        "IsInfra": facts.role == INFRA,
        "CIDFile": "",
        "Labels": Map(labels),
        "Label": lambda key: labels.get(key, ""),
        "Mounts": Lazy(lambda: [mount["Destination"] for mount in _inspected(on, seen).get("Mounts", [])]),
        "Networks": Lazy(lambda: ",".join(_networks(_inspected(on, seen)))),
    }


class Lazy:
    """A field that is expensive to know; worked out when a template shows it."""

    def __init__(self, know: Any) -> None:
        self._know = know

    def __call__(self) -> object:
        return self._know()

    def __str__(self) -> str:
        return str(self._know())


def _namespace(seen: Snapshot, kind: str) -> str:
    """The number of the namespace of this kind that the container's process is in, "" if it has none."""
    import os

    try:
        return os.readlink(f"/proc/{seen.state.pid}/ns/{kind}").partition("[")[2].rstrip("]") if seen.state.pid else ""
    except OSError:
        return ""


def _size(on: Engine, seen: Snapshot) -> str:
    """Bytes written, and with the image, as people read them."""
    from seabox.model.human import size

    try:
        found = on.containers.get(seen.facts.id).sizes()
    except NoSuchContainer:
        return ""
    return f"{size(found.written, 3)} (virtual {size(found.root, 3)})"


def json_row(on: Engine, seen: Snapshot, *, size: bool = False) -> dict[str, object]:
    """A container as `--format json` shows it."""
    facts, state = seen.facts, seen.state
    inspected = _inspected(on, seen)
    return {
        "AutoRemove": facts.auto_remove,
        "Command": list(inspected.get("Config", {}).get("Cmd") or ()),
        "CreatedAt": _since(facts.created_at),
        "Exited": seen.status == "exited",
        "ExitedAt": state.finished_at // _SECOND if state.finished_at else _NEVER,
        "ExitCode": exit_code(seen),
        "Id": facts.id,
        "Image": facts.image,
        "ImageID": facts.image_id,
        "IsInfra": facts.role == INFRA,
        "Labels": labels_of(seen) or None,
        "Mounts": [mount["Destination"] for mount in inspected.get("Mounts", [])],
        "Names": [facts.name],
        "Namespaces": {},
        "Networks": _networks(inspected),
        "Pid": state.pid,
        "Pod": facts.pod,
        "PodName": _pod_name(on, facts.pod),
        "Ports": _ports(inspected),
        "Restarts": state.restart_count,
        "Size": _json_size(on, seen) if size else None,
        "StartedAt": state.started_at // _SECOND if state.started_at else _NEVER,
        "State": seen.word,
        "Status": _text(seen),
        "Created": facts.created_at // _SECOND,
    }


def _json_size(on: Engine, seen: Snapshot) -> dict[str, int] | None:
    try:
        found = on.containers.get(seen.facts.id).sizes()
    except NoSuchContainer:
        return None
    return {"rootFsSize": found.root, "rwSize": found.written}


def _since(at: int) -> str:
    import time

    from seabox.model.human import since

    return since(at, time.time_ns())


def _pod_name(on: Engine, id: str) -> str:
    try:
        return on.pods.get(id).name if id else ""
    except NoSuchPod:
        return ""


def _networks(inspected: dict[str, Any]) -> list[str]:
    return list(inspected.get("NetworkSettings", {}).get("Networks", {}))


def _ports(inspected: dict[str, Any]) -> list[dict[str, object]] | None:
    """podman's form of published ports."""
    found: list[dict[str, object]] = []
    for inside, places in inspected.get("NetworkSettings", {}).get("Ports", {}).items():
        number, _, protocol = inside.partition("/")
        for place in places:
            found.append(
                {"host_ip": place["HostIp"], "container_port": int(number), "host_port": int(place["HostPort"]),
                 "range": 1, "protocol": protocol}
            )  # fmt: skip
    return found or None


def _text(seen: Snapshot) -> str:
    import time

    from seabox.cli.commands.ps import status

    return status(seen, time.time_ns())


def _inspected(on: Engine, seen: Snapshot) -> dict[str, Any]:
    try:
        return on.containers.get(seen.facts.id).inspect()
    except NoSuchContainer:
        return {}

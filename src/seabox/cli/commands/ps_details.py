"""What `ps` shows only when it is asked for by --format."""

from __future__ import annotations

from seabox.cli.golang import Map
from seabox.errors import NoSuchContainer
from seabox.listing.containers import exit_code, inspected, labels_of, networks_in
from seabox.model.human import go_time
from seabox.model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

_SECOND = 10**9
_SHORT = 12  # of an id


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
        "Mounts": Lazy(lambda: [mount["Destination"] for mount in inspected(on, seen).get("Mounts", [])]),
        "Networks": Lazy(lambda: ",".join(networks_in(inspected(on, seen)))),
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

"""What lists and inspections tell of a volume, under podman's field names."""

from __future__ import annotations

from seabox.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.model.volume import Volume

_ONLY_IF_SO = ("UID", "GID", "Anonymous", "NeedsCopyUp", "NeedsChown")  # in JSON


def fields(volume: Volume) -> dict[str, Any]:
    """Everything about a volume, under the field names of podman's templates."""
    return {
        "Name": volume.name,
        "Driver": volume.driver,
        "Mountpoint": volume.mountpoint,
        "CreatedAt": rfc3339(volume.created_at),
        "Labels": dict(volume.labels),
        "Scope": "local",
        "Options": dict(volume.options),
        "UID": volume.uid or 0,
        "GID": volume.gid or 0,
        "Anonymous": volume.anonymous,
        "MountCount": volume.mount_count,
        "NeedsCopyUp": volume.needs_copy_up,
        "NeedsChown": volume.needs_chown,
    }


def inspected(volume: Volume) -> dict[str, Any]:
    """Everything about a volume, as JSON shows it."""
    return {key: value for key, value in fields(volume).items() if value or key not in _ONLY_IF_SO}

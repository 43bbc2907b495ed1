"""What lists and inspections tell of an image, under podman's field names."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.images.history import Step
    from seabox.model.image import ImageRow

_SECOND = 10**9
_NONE = "<none>"


def parts(name: str) -> tuple[str, str]:
    """Repository and tag of a name."""
    repository, _, tag = name.rpartition(":")
    if "/" in tag or "@" in name:
        return name.partition("@")[0], _NONE
    return repository, tag


def labels_of(image: ImageRow) -> dict[str, str]:
    """The labels in its configuration."""
    import json

    settings = json.loads(image.config).get("config") or {}
    return settings.get("Labels") or {}


def digest(image: ImageRow) -> str:
    """The digest of its manifest, "" if it has none."""
    if not image.manifest:
        return ""
    import hashlib

    return f"sha256:{hashlib.sha256(image.manifest).hexdigest()}"


def repo_digests(image: ImageRow) -> list[str]:
    """Its complete names by digest."""
    own = digest(image)
    made = [f"{parts(name)[0]}@{own}" for name in image.names] if own else []
    return sorted({*image.digests, *made})


def json_row(image: ImageRow, users: int, past: list[str]) -> dict[str, object]:
    """An image in `--format json`."""
    seconds = image.created_at // _SECOND
    found: dict[str, object] = {
        "Id": image.id,
        "ParentId": "",
        "RepoTags": list(image.names) or None,
        "RepoDigests": repo_digests(image),
        "Size": image.size,
        "SharedSize": 0,
        "VirtualSize": image.size,
        "Labels": labels_of(image) or None,
        "Containers": users,
        "Names": list(image.names),
        "Digest": digest(image),
        "History": past,
        "Created": seconds,
        "CreatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
    }
    return found if image.names else found | {"Dangling": True}


def inspected(image: ImageRow, past: list[str], graph: dict[str, Any]) -> dict[str, Any]:
    """Everything about an image, under podman's field names."""
    import json

    stored = json.loads(image.config)
    settings = stored.get("config") or {}
    return {
        "Id": image.id,
        "Digest": digest(image),
        "RepoTags": list(image.names),
        "RepoDigests": repo_digests(image),
        "Parent": "",
        "Comment": stored.get("comment", ""),
        "Created": stored.get("created"),
        "Config": settings,
        "Version": "",
        "Author": stored.get("author", ""),
        "Architecture": stored.get("architecture", ""),
        "Os": stored.get("os", ""),
        "Size": image.size,
        "VirtualSize": image.size,
        "ManifestType": (json.loads(image.manifest).get("mediaType") if image.manifest else "") or "",
        "GraphDriver": graph,
        "RootFS": {"Type": "layers", "Layers": (stored.get("rootfs") or {}).get("diff_ids") or []},
        "Labels": settings.get("Labels"),
        "Annotations": {},
        "User": settings.get("User", ""),
        "History": stored.get("history") or [],
        "NamesHistory": past,
    }


def history_row(step: Step) -> dict[str, object]:
    """A step in which an image was made, as `--format json` shows it."""
    found: dict[str, object] = {"id": step.id, "created": step.created, "CreatedBy": step.by, "size": step.size}
    return found | {"comment": step.comment} if step.comment else found

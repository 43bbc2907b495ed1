"""Images for Docker's clients: the list, one, how it was made, and giving it names."""

from __future__ import annotations

from typing import Any

from ...images.history import MISSING
from ...images.lineage import Lineage
from ...listing.images import labels_of, repo_digests
from ...model.decoding import decode
from ...model.times import ZERO
from .. import image_names
from ..image_filters import patterns, shown_names, wanted
from ..images import shared_sizes
from ..response import Response, empty, json
from ..routing import Route, filters, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request

_SECOND = 10**9
_NAMED_NONE = (1, 43)  # before it, an image without a name has "<none>" for one
_VIRTUAL = (1, 44)  # before it, there are virtual sizes
_OLD_FILTER = (1, 41)  # before it, `filter` is a name
_NOT_COUNTED = -1
# What an image's configuration always shows, and what only if it is there.
_PLAIN: dict[str, object] = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": "", "Volumes": None,
    "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": None,
}  # fmt: skip
_IF_THERE = ("ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "StopSignal", "StopTimeout", "Shell")


def list_(on: Engine, ask: Request) -> Response:
    """Images, the newest first; no lists of images, of which Docker's clients know nothing."""
    conditions = ask.filters()
    if ask.version < _OLD_FILTER and ask.text("filter"):
        conditions.setdefault("reference", []).append(ask.text("filter"))
    fits = wanted(on, conditions)
    images = on.images.list()
    lineage = Lineage(images)
    named = patterns(on, images, conditions.get("reference", ()))
    shared = shared_sizes(on, images) if ask.flag("shared-size") else {}
    every = ask.flag("all") or "dangling" in conditions
    rows = []
    for image in images:
        if fits(image) and (every or not lineage.hidden(image)):
            row = row_of(image, lineage.parent(image), named, shared.get(image.id, _NOT_COUNTED))
            if not named or row["RepoTags"] or row["RepoDigests"]:
                rows.append(_as_of(ask.version, row))
    return json(rows)


def row_of(image: ImageRow, parent: ImageRow | None, named: list[str], shared: int) -> dict[str, Any]:
    """An image in a list."""
    return {
        "Containers": _NOT_COUNTED,
        "Created": image.created_at // _SECOND,
        "Id": f"sha256:{image.id}",
        "Labels": labels_of(image) or None,
        "ParentId": f"sha256:{parent.id}" if parent else "",
        "RepoDigests": shown_names(repo_digests(image), named),
        "RepoTags": shown_names(image.names, named),
        "SharedSize": shared,
        "Size": image.size,
    }


def _as_of(version: tuple[int, ...], row: dict[str, Any]) -> dict[str, Any]:
    """The row as that version of the API has it."""
    if version < _NAMED_NONE and not row["RepoTags"] and not row["RepoDigests"]:
        row |= {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]}
    return row | {"VirtualSize": row["Size"]} if version < _VIRTUAL else row


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about an image; of a list of images what there is."""
    image = image_names.find_any(on, ask.place("name"))
    stored = decode(image.config, dict[str, Any])
    parent = Lineage(on.images.list()).parent(image)
    graph = on.images.graph_driver(image)
    steps = [] if image.is_list else on.images.history(image.id)
    shown: dict[str, Any] = {
        "Id": f"sha256:{image.id}",
        "RepoTags": [image_names.short(name) for name in image.names],
        "RepoDigests": [image_names.short(name) for name in repo_digests(image)],
        "Parent": f"sha256:{parent.id}" if parent else "",
        "Comment": _text(stored, "comment") or next((step.comment for step in steps), ""),
        "Created": _text(stored, "created") or ZERO,
        "Container": _text(stored, "container"),
        "ContainerConfig": _config(stored.get("container_config") or {}),
        "DockerVersion": _text(stored, "docker_version"),
        "Author": _text(stored, "author"),
        "Config": _config(stored.get("config") or {}),
        "Architecture": _text(stored, "architecture"),
        "Os": _text(stored, "os"),
        "Size": image.size,
        "GraphDriver": {"Name": graph["Name"], "Data": graph["Data"] or {}},
        "RootFS": {"Type": "layers", "Layers": (stored.get("rootfs") or {}).get("diff_ids") or []},
        "Metadata": {"LastTagTime": ZERO},
    }
    if variant := _text(stored, "variant"):
        shown["Variant"] = variant
    if ask.version < _VIRTUAL:
        shown["VirtualSize"] = image.size
    return json(shown)


def _text(stored: dict[str, Any], key: str) -> str:
    """What the image says of it: nobody has looked whether that is a text."""
    value = stored.get(key)
    return value if isinstance(value, str) else ""


def _config(settings: dict[str, Any]) -> dict[str, Any]:
    """What containers inherit, with all of Docker's keys."""
    shown = {key: settings.get(key) or usual for key, usual in _PLAIN.items()}
    return shown | {key: settings[key] for key in _IF_THERE if settings.get(key)}


def history(on: Engine, ask: Request) -> Response:
    """How it was made, the last step first."""
    image = image_names.find(on, ask.place("name"))
    tags = [image_names.short(name) for name in image.names]
    return json([
        {
            "Comment": step.comment, "Created": step.created_at // _SECOND, "CreatedBy": step.by,
            "Id": MISSING if step.id == MISSING else f"sha256:{step.id}", "Size": step.size,
            "Tags": tags or None if step.id == image.id else None,
        }
        for step in on.images.history(image.id)
    ])  # fmt: skip


def tag(on: Engine, ask: Request) -> Response:
    """It has one more name."""
    name = image_names.joined(ask.text("repo"), ask.text("tag"))
    on.images.tag(image_names.find(on, ask.place("name")).id, name)
    return empty(201)


ROUTES = (
    Route("GET", "/images/json", list_, flag("all"), flag("digests"), flag("shared-size"), flag("manifests"),
          text("filter"), filters()),
    Route("GET", "/images/{name...}/json", inspect, flag("manifests")),
    Route("GET", "/images/{name...}/history", history),
    Route("POST", "/images/{name...}/tag", tag, text("repo"), text("tag"), answer=None, status=201),
)  # fmt: skip

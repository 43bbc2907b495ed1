"""GET /system/df as dockerd answers it."""

from __future__ import annotations

from contextlib import suppress

from ...errors import InvalidArgument, NoSuchContainer
from ...images.lineage import Lineage
from ...usage import tree_size
from ..images import layer_sizes, shared_sizes
from ..response import Response, json
from ..routing import Route, texts
from .containers import row
from .images import row_of
from .volumes import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ..request import Request

_TYPES = ("container", "image", "volume", "build-cache")


def disk_usage(on: Engine, ask: Request) -> Response:
    """How much room each image, container and volume takes. May take long."""
    wanted = ask.texts("type") or _TYPES
    for each in wanted:
        if each not in _TYPES:
            raise InvalidArgument(f"unknown object type: {each}")
    images = on.images.list() if "image" in wanted else []
    return json({
        "LayersSize": sum(layer_sizes(on, images).values()),
        "Images": _images(on) if "image" in wanted else None,
        "Containers": _containers(on) if "container" in wanted else None,
        "Volumes": _volumes(on) if "volume" in wanted else None,
        "BuildCache": [] if "build-cache" in wanted else None, "BuilderSize": 0,
    })  # fmt: skip


def _images(on: Engine) -> list[dict[str, Any]]:
    images = on.images.list()
    shared = shared_sizes(on, images)
    lineage = Lineage(images)
    return [
        row_of(image, lineage.parent(image), [], shared[image.id]) | {"Containers": len(on.images.users(image.id))}
        for image in images
    ]


def _containers(on: Engine) -> list[dict[str, Any]]:
    found = []
    for seen in on.containers.list():
        with suppress(NoSuchContainer):  # it went meanwhile
            found.append(row(on, seen, size=True))
    return found


def _volumes(on: Engine) -> list[dict[str, Any]]:
    return [
        shown(volume) | {"UsageData": {"Size": tree_size(volume.mountpoint), "RefCount": len(volume.users)}}
        for volume in on.volumes.list()
    ]


ROUTES = (Route("GET", "/system/df", disk_usage, texts("type")),)

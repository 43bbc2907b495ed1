"""podman's words for the engine and its host, the room that everything takes, and giving it back."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from ...errors import NoSuchContainer
from ...listing.image_filters import matcher as image_matcher
from ...listing.images import parts
from ...listing.network_filters import matcher as network_matcher
from ...listing.system import lowered
from ...model.times import rfc3339
from ...usage import tree_size
from .. import lifecycle, volumes
from ..guard import LIBPOD_VERSION
from ..images import layer_sizes
from ..response import Response, json
from ..routing import Route, filters, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request

_OF_NETWORKS = ("label", "label!", "until")


def info(on: Engine, ask: Request) -> Response:
    """What this engine and its host are."""
    about = lowered(on.info())
    about["version"] |= {"APIVersion": LIBPOD_VERSION, "BuildOrigin": ""}
    return json(about)


# --- room ------------------------------------------------------------------------------------------------------------


def disk_usage(on: Engine, ask: Request) -> Response:
    """How much room each image, container and volume takes. May take long."""
    images, sizes = _images(on)
    return json({"ImagesSize": sizes, "Images": images, "Containers": _containers(on), "Volumes": _volumes(on)})


def _images(on: Engine) -> tuple[list[dict[str, Any]], int]:
    images = on.images.list()
    sizes = layer_sizes(on, images)
    uses = Counter(layer for image in images for layer in image.layers)
    found = []
    for image in images:
        own = sum(sizes[layer] for layer in image.layers if uses[layer] == 1)
        whole = sum(sizes[layer] for layer in image.layers)
        repository, tag = parts(next(iter(image.names), "<none>:<none>"))
        found.append({
            "Repository": repository, "Tag": tag, "ImageID": image.id, "Created": rfc3339(image.created_at),
            "Size": whole, "SharedSize": whole - own, "UniqueSize": own, "Containers": len(on.images.users(image.id)),
        })  # fmt: skip
    return found, sum(sizes.values())


def _containers(on: Engine) -> list[dict[str, Any]]:
    links = Counter(user for volume in on.volumes.list() for user in volume.users)
    found = []
    for seen in on.containers.list():
        facts = seen.facts
        with suppress(NoSuchContainer):  # it went meanwhile
            sizes = on.containers.get(facts.id).sizes()
            found.append({
                "ContainerID": facts.id, "Image": facts.image_id, "Command": [facts.command] if facts.command else [],
                "LocalVolumes": links[facts.id], "Size": sizes.root, "RWSize": sizes.written,
                "Created": rfc3339(facts.created_at), "Status": seen.status, "Names": facts.name,
            })  # fmt: skip
    return found


def _volumes(on: Engine) -> list[dict[str, Any]]:
    found = []
    for volume in on.volumes.list():
        size = tree_size(volume.mountpoint)
        found.append({
            "VolumeName": volume.name, "Links": len(volume.users), "Size": size,
            "ReclaimableSize": 0 if volume.users else size,
        })  # fmt: skip
    return found


# --- given back ------------------------------------------------------------------------------------------------------


def prune(on: Engine, ask: Request) -> Response:
    """Pods and containers that have ended are gone, and the networks, images and (if asked) volumes without a user."""
    conditions = ask.conditions()
    fits_network = network_matcher([text for text in conditions if text.partition("=")[0] in _OF_NETWORKS])
    accepted = image_matcher(on, conditions)
    pods = [] if conditions else [{"Id": id, "Err": None} for id in on.pods.prune()]
    ended = list(lifecycle.prune(on, conditions))
    containers = [
        {"Id": each.id, "Err": None if each.problem is None else str(each.problem), "Size": each.size} for each in ended
    ]
    networks = [{"Name": network.name, "Error": None} for network in on.networks.prune(fits_network)]
    before = on.images.list()
    sizes = layer_sizes(on, before)
    keep = [image.id for image in before if conditions and not accepted(image)]
    gone = on.images.prune(all=ask.flag("all"), keep=keep)
    left = {layer for image in on.images.list() for layer in image.layers}
    images = [{"Id": id, "Err": None, "Size": _freed(id, before, sizes, left)} for id in gone]
    freed = volumes.prune(on, ask) if ask.flag("volumes") else []
    reclaimed = sum(size for layer, size in sizes.items() if layer not in left) + sum(size for _, size in freed)
    return json({
        "PodPruneReport": pods, "ContainerPruneReports": containers, "NetworkPruneReports": networks,
        "ImagePruneReports": images,
        "VolumePruneReports": [{"Id": volume.name, "Err": None, "Size": size} for volume, size in freed],
        "ReclaimedSpace": reclaimed + sum(each.size for each in ended if each.problem is None),
    })  # fmt: skip


def _freed(id: str, images: list[ImageRow], sizes: dict[str, int], left: set[str]) -> int:
    """The bytes of an image's layers that are gone."""
    return sum(sizes[layer] for image in images if image.id == id for layer in image.layers if layer not in left)


def check(on: Engine, ask: Request) -> Response:
    """What is wrong with the database, containers and images, and was mended or removed if asked. May take long."""
    lossy = ask.flag("repair_lossy")
    findings = on.check(repair=ask.flag("repair") or lossy, force=lossy, quick=ask.flag("quick"))
    of_kind: dict[str, dict[str, list[str]]] = {"container": {}, "image": {}, "layer": {}}
    for finding in findings:
        words = f"{finding.text}: {finding.mended}" if finding.mended else finding.text
        of_kind.get(finding.kind, of_kind["layer"]).setdefault(finding.id or finding.kind, []).append(words)
    return json({
        "Errors": any(not finding.mended for finding in findings), "Layers": of_kind["layer"], "ROLayers": None,
        "RemovedLayers": None, "Images": of_kind["image"], "ROImages": None, "RemovedImages": None,
        "Containers": of_kind["container"], "RemovedContainers": None,
    })  # fmt: skip


_NO_EFFECT = "Without effect"

ROUTES = (
    Route("GET", "/libpod/info", info),
    Route("GET", "/libpod/system/df", disk_usage),
    Route("POST", "/libpod/system/prune", prune, flag("all"), flag("volumes"), flag("force"), filters(),
          flag("external", about=_NO_EFFECT), flag("build", about=_NO_EFFECT)),
    Route("POST", "/libpod/system/check", check, flag("quick"), flag("repair"), flag("repair_lossy"),
          text("unreferenced_layer_max_age", about=_NO_EFFECT)),
)  # fmt: skip

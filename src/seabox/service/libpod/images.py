"""Images for podman's clients: lists, one, how it was made and what it adds, and its names."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidArgument, NoSuchImage, NotFound
from ...images.lineage import Lineage
from ...listing.image_filters import matcher
from ...listing.image_tree import tree as drawn
from ...listing.images import inspected, json_row
from ...model.decoding import decode
from ..response import Response, empty, json
from ..routing import Route, filters, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request

_SECOND = 10**9
_KINDS = {"C": 0, "A": 1, "D": 2}


def list_(on: Engine, ask: Request) -> Response:
    """Images, the newest first."""
    fits = matcher(on, ask.conditions())
    images = on.images.list()
    lineage = Lineage(images)
    rows = [
        _row(on, image, lineage.parent(image)) for image in images
        if fits(image) and (ask.flag("all") or image.names or not lineage.hidden(image))
    ]  # fmt: skip
    return json(rows + [_row_of_list(image) for image in on.images.lists() if fits(image)])


def _row_of_list(found: ImageRow) -> dict[str, Any]:
    row = json_row(found, 0, [])
    del row["CreatedAt"]
    return row | {"Arch": "", "Os": "", "IsManifestList": True}


def _row(on: Engine, image: ImageRow, parent: ImageRow | None) -> dict[str, Any]:
    row = json_row(image, len(on.images.users(image.id)), on.images.past_names(image.id))
    del row["CreatedAt"]
    stored = decode(image.config, dict[str, Any])
    return row | {
        "ParentId": parent.id if parent else "", "Arch": stored.get("architecture") or "",
        "Os": stored.get("os") or "", "IsManifestList": False,
    }  # fmt: skip


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about an image; of a list of images what there is."""
    try:
        image = on.images.find(ask.place("name"))
    except NoSuchImage:
        if (found := on.images.find_list(ask.place("name"))) is None:
            raise
        return json(inspected(found, [], on.images.graph_driver(found)))
    parent = Lineage(on.images.list()).parent(image)
    shown = inspected(image, on.images.past_names(image.id), on.images.graph_driver(image))
    return json(shown | {"Parent": parent.id if parent else ""})


def exists(on: Engine, ask: Request) -> Response:
    """Whether there is such an image; what cannot be one's name is none."""
    name = ask.place("name")
    try:
        on.images.find(name)
    except (NotFound, InvalidArgument):
        raise NotFound(f"failed to find image {name}") from None
    return empty(204)


def history(on: Engine, ask: Request) -> Response:
    """How it was made, the last step first."""
    image = on.images.find(ask.place("name"))
    return json([
        {
            "Id": step.id, "Created": step.created_at // _SECOND, "CreatedBy": step.by, "Size": step.size,
            "Comment": step.comment, "Tags": list(image.names) or None if step.id == image.id else None,
        }
        for step in on.images.history(image.id)
    ])  # fmt: skip


def tree(on: Engine, ask: Request) -> Response:
    """Its layers, drawn."""
    return json({"Tree": drawn(on, on.images.find(ask.place("name")))})


def changes(on: Engine, ask: Request) -> Response:
    """What its top layer adds to those below."""
    image = on.images.find(ask.place("name"))
    return json([{"Path": path, "Kind": _KINDS[kind]} for kind, path in on.images.diff(image.id)])


def resolve(on: Engine, ask: Request) -> Response:
    """Where it would be looked for."""
    return json({"Names": on.images.resolve(ask.place("name"))})


def tag(on: Engine, ask: Request) -> Response:
    """It has one more name."""
    on.images.tag(on.images.find(ask.place("name")).id, *_names(ask, needed=True))
    return empty(201)


def untag(on: Engine, ask: Request) -> Response:
    """It does not have this name any more, or none at all if none was said."""
    on.images.untag(on.images.find(ask.place("name")).id, *_names(ask, needed=False))
    return empty(201)


def _names(ask: Request, *, needed: bool) -> list[str]:
    repository, tag = ask.text("repo"), ask.text("tag")
    if repository:
        return [f"{repository}:{tag or 'latest'}"]
    if needed or tag:
        raise InvalidArgument("repo parameter is required to tag an image")
    return []


ROUTES = (
    Route("GET", "/libpod/images/json", list_, flag("all"), filters()),
    Route("GET", "/libpod/images/{name...}/json", inspect),
    Route("GET", "/libpod/images/{name...}/exists", exists, answer=None, status=204),
    Route("GET", "/libpod/images/{name...}/history", history),
    Route("GET", "/libpod/images/{name...}/tree", tree, flag("whatrequires")),
    Route("GET", "/libpod/images/{name...}/resolve", resolve),
    Route("GET", "/libpod/images/{name...}/changes", changes, text("parent"), text("diffType")),
    Route("POST", "/libpod/images/{name...}/tag", tag, text("repo"), text("tag"), answer=None, status=201),
    Route("POST", "/libpod/images/{name...}/untag", untag, text("repo"), text("tag"), answer=None, status=201),
)  # fmt: skip

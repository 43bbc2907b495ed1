"""Removing images for Docker's clients: by name, by id, and all that are not used.

Containers are never removed with an image: one that a stopped container needs loses its names by force, and stays.
"""

from __future__ import annotations

from ...errors import InUse, InvalidArgument, NoSuchImage
from ...images.lineage import Lineage
from ...model.literals import read_bool
from .. import image_names
from ..image_filters import PRUNED, wanted
from ..images import layer_sizes, own_layers, using
from ..response import Response, json
from ..routing import Route, filters, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request

    Records = list[dict[str, str]]

_SHORT = 12  # of an id


def remove(on: Engine, ask: Request) -> Response:
    """A name is gone, or the image, and with it all that it alone was made of and that has no name."""
    name, force = ask.place("name"), ask.flag("force")
    image = image_names.find_any(on, name)
    if image.is_list:
        gone = on.images.remove(image.id)
        return json([*_untagged(gone.untagged), {"Deleted": f"sha256:{gone.deleted}"}])
    taken = image_names.names_meant(image, name)
    left = [other for other in image.names if other not in taken]
    if taken and left:
        on.images.untag(image.id, *taken)
        return json(_untagged(taken))
    if _users(on, image, name if taken else "", force):
        on.images.untag(image.id)
        return json(_untagged(image.names))
    told = _gone(on, image)
    if not ask.flag("noprune"):
        told += _forebears(on, image)
    return json(told)


def _users(on: Engine, image: ImageRow, name: str, force: bool) -> list[str]:
    """The containers that need the image; its names may go. Raises: InUse in Docker's words."""
    running, stopped = using(on, image)
    short = image.id[:_SHORT]
    if name and not force and (running or stopped):
        raise InUse(
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {(running or stopped)[0][:_SHORT]} is using its referenced image {short}"
        )
    conflict = f"conflict: unable to delete {short}"
    if running:
        raise InUse(f"{conflict} (cannot be forced) - image is being used by running container {running[0][:_SHORT]}")
    if len(image.names) > 1 and not force:
        raise InUse(f"{conflict} (must be forced) - image is referenced in multiple repositories")
    if stopped and not (force and image.names):
        how = "cannot be forced" if force else "must be forced"
        raise InUse(f"{conflict} ({how}) - image is being used by stopped container {stopped[0][:_SHORT]}")
    return stopped


def _gone(on: Engine, image: ImageRow) -> Records:
    """The image is not there any more; what that did. Raises: InUse."""
    layers = own_layers(image, on.images.list())
    if len(image.names) > 1:
        on.images.untag(image.id)
    on.images.remove(image.id)
    return [
        *_untagged([*image.names, *image.digests]), {"Deleted": f"sha256:{image.id}"},
        *({"Deleted": f"sha256:{layer}"} for layer in layers),
    ]  # fmt: skip


def _untagged(names: list[str] | tuple[str, ...]) -> Records:
    return [{"Untagged": image_names.short(name)} for name in names]


def _forebears(on: Engine, image: ImageRow) -> Records:
    """What the image was made of is gone, as far as nothing else needs it, and nobody gave it a name."""
    told: Records = []
    lineage = Lineage(on.images.list())
    parent = lineage.parent(image)
    while parent is not None and not parent.names and not lineage.has_children(parent):
        try:
            told += _gone(on, parent)
        except (InUse, NoSuchImage):  # a container needs it, or somebody was faster
            break
        lineage = Lineage(on.images.list())
        parent = lineage.parent(parent)
    return told


def prune(on: Engine, ask: Request) -> Response:
    """Images that nothing uses are gone: those without a name, or all."""
    conditions = ask.filters()
    fits = wanted(on, {key: values for key, values in conditions.items() if key != "dangling"}, PRUNED)
    only_dangling = all(_is_true(value) for value in conditions.get("dangling", ()))
    before = {image.id: image for image in on.images.list()}
    sizes = layer_sizes(on, before.values())
    keep = [image.id for image in before.values() if not fits(image)]
    told: Records = []
    for id in on.images.prune(all=not only_dangling, keep=keep):
        names = [*before[id].names, *before[id].digests] if id in before else []
        told += [*_untagged(names), {"Deleted": f"sha256:{id}"}]
    left = {layer for image in on.images.list() for layer in image.layers}
    freed = [layer for layer in sizes if layer not in left]
    told += [{"Deleted": f"sha256:{layer}"} for layer in freed]
    return json({"ImagesDeleted": told or None, "SpaceReclaimed": sum(sizes[layer] for layer in freed)})


def _is_true(value: str) -> bool:
    try:
        return read_bool(value)
    except ValueError:
        raise InvalidArgument(f"invalid filter 'dangling={value}'") from None


ROUTES = (
    Route("DELETE", "/images/{name...}", remove, flag("force"), flag("noprune")),
    Route("POST", "/images/prune", prune, filters()),
)

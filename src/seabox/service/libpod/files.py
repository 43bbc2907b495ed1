"""Files into containers and out of them, as podman's clients copy them."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument
from ...model.decoding import decode
from ..compat.files import export
from ..container_files import KINDS, PATH, given_path, told_to_podman
from ..response import TAR, Response, Stream, empty, json
from ..routing import Route, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_RENAME = text("rename", about="Other names for what an archive begins with, as JSON: {NAME: NAME}")


def _renaming(ask: Request) -> tuple[str, str] | None:
    """What an archive's names begin with, and what they are to begin with. Raises: InvalidArgument."""
    if not (said := ask.text("rename")):
        return None
    try:
        found = decode(said.encode(), dict[str, str])
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise InvalidArgument(f"couldn't decode the query: rename: {problem}") from None
    if len(found) > 1:
        raise InvalidArgument("rename: one name only")
    return next(iter(found.items()), None)


def look(on: Engine, ask: Request) -> Response:
    """What is at the path, or where a link at its end leads to."""
    ctr, path = on.containers.get(ask.place("name")), given_path(ask)
    with ctr.copy_out(path, cancel=ask.cancel) as found:
        headers = told_to_podman(ctr, path, found)
    return Response(200, content_type="application/json", headers=headers)


def get(on: Engine, ask: Request) -> Response:
    """An archive of what is at the path, a link at its end being followed."""
    ctr, path, renaming = on.containers.get(ask.place("name")), given_path(ask), _renaming(ask)
    found = ctr.copy_out(path, cancel=ask.cancel)
    try:
        if renaming is not None and found.name == renaming[0]:
            found.name = renaming[1]
        return Stream(found, TAR, headers=told_to_podman(ctr, path, found))
    except BaseException:
        found.close()
        raise


def put(on: Engine, ask: Request) -> Response:
    """What the archive holds is in the directory at the path."""
    ctr, path = on.containers.get(ask.place("name")), given_path(ask)
    ctr.copy_in(
        path, ask.pieces, own=ask.flag("copyUIDGID"), overwrite=not ask.flag("noOverwriteDirNonDir"),
        rename=_renaming(ask),
    )  # fmt: skip
    return empty(200)


def changes(on: Engine, ask: Request) -> Response:
    """What the container, or an image of this name, changed of the files below it."""
    name, kind = ask.place("name"), ask.text("diffType")
    if ask.text("parent"):
        raise InvalidArgument("parent: only what is below the container itself can be compared with")
    if kind == "image" or (kind != "container" and not on.containers.exists(name) and on.images.exists(name)):
        found = on.images.diff(name)
    else:
        found = on.images.container_diff(on.containers.get(name).id)
    return json([{"Path": path, "Kind": KINDS[letter]} for letter, path in found])


ROUTES = (
    Route("HEAD", "/libpod/containers/{name}/archive", look, PATH, answer=None),
    Route("GET", "/libpod/containers/{name}/archive", get, PATH, _RENAME, answer="raw"),
    Route(
        "PUT", "/libpod/containers/{name}/archive", put, PATH, _RENAME,
        flag("noOverwriteDirNonDir", about="A file does not replace a directory, nor the other way round"),
        flag("copyUIDGID", True, "The files belong to the container's user"),
        flag("pause", True, "Accepted, without effect"), body="raw", answer=None,
    ),
    Route("GET", "/libpod/containers/{name}/export", export, answer="raw"),
    Route(
        "GET", "/libpod/containers/{name}/changes", changes, text("parent", about="Not supported"),
        text("diffType", about="all, container or image"),
    ),
)  # fmt: skip

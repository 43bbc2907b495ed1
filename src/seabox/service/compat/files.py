"""Files into containers and out of them, as Docker's clients copy them."""

from __future__ import annotations

import posixpath

from ..container_files import KINDS, PATH, cleaned, given_path, told
from ..response import TAR, Response, Stream, empty, json
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...container.container import Container
    from ...container.copy import Outgoing
    from ...engine import Engine
    from ..request import Request


_OURS = ("/dev", "/etc", "/proc", "/run", "/sys")  # dockerd puts its files into a layer of their own


def _open(on: Engine, ask: Request) -> tuple[Container, str, Outgoing]:
    """The container, the path, and what is there; a link at the end of the path is a link."""
    ctr, path = on.containers.get(ask.place("name")), cleaned(given_path(ask))
    name = "/" if path == "/" else posixpath.basename(path.rstrip("/"))
    return ctr, path, ctr.copy_out(path, name=name, follow=False, itself=True, cancel=ask.cancel)


def look(on: Engine, ask: Request) -> Response:
    """What is at the path."""
    ctr, path, found = _open(on, ask)
    with found:
        headers = told(ctr, path, found)
    return Response(200, content_type="application/json", headers=headers)


def get(on: Engine, ask: Request) -> Response:
    """An archive of what is at the path."""
    ctr, path, found = _open(on, ask)
    try:
        return Stream(found, TAR, headers=told(ctr, path, found))
    except BaseException:
        found.close()
        raise


def put(on: Engine, ask: Request) -> Response:
    """What the archive holds is in the directory at the path."""
    ctr, path = on.containers.get(ask.place("name")), cleaned(given_path(ask))
    own = ask.flag("copyUIDGID") and bool(ctr.config().user)
    ctr.copy_in(path, ask.pieces, own=own, overwrite=not ask.flag("noOverwriteDirNonDir"))
    return empty(200)


def export(on: Engine, ask: Request) -> Response:
    """An archive of the container's root, without volumes."""
    ctr = on.containers.get(ask.place("name"))
    return Stream(ctr.exported(cancel=ask.cancel), "application/octet-stream")


def changes(on: Engine, ask: Request) -> Response:
    """What the container changed of its image's files, without the directories in which files were put for it."""
    found = on.images.container_diff(on.containers.get(ask.place("name")).id)
    above = {posixpath.dirname(path) for _, path in found}
    own = [(kind, path) for kind, path in found if kind != "C" or path not in _OURS or path in above]
    return json([{"Path": path, "Kind": KINDS[kind]} for kind, path in own] or None)


ROUTES = (
    Route("HEAD", "/containers/{name}/archive", look, PATH, answer=None),
    Route("GET", "/containers/{name}/archive", get, PATH, answer="raw"),
    Route(
        "PUT", "/containers/{name}/archive", put, PATH,
        flag("noOverwriteDirNonDir", about="A file does not replace a directory, nor the other way round"),
        flag("copyUIDGID", about="The files belong to the container's user"), body="raw", answer=None,
    ),
    Route("GET", "/containers/{name}/export", export, answer="raw"),
    Route("GET", "/containers/{name}/changes", changes),
)  # fmt: skip

"""Volumes in podman's form."""

from __future__ import annotations

import msgspec

from ...listing.volumes import inspected
from ...model.times import check_timeout
from ...volumes.errors import NoSuchVolume
from .. import volumes
from ..response import TAR, Stream, empty, json
from ..routing import Route, filters, flag, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request
    from ..response import Response


def list_(on: Engine, ask: Request) -> Response:
    """Every volume that the filters fit."""
    fits = volumes.fitting(on, ask.conditions())
    return json([inspected(volume) for volume in on.volumes.list() if fits(volume)])


class LibpodVolumeCreate(msgspec.Struct, kw_only=True, rename="pascal"):
    """A volume that is to be. `Label` is what `Labels` was called before."""

    name: str | None = None
    driver: str | None = None
    label: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None
    ignore_if_exists: bool | None = None
    uid: int | None = msgspec.field(default=None, name="UID")
    gid: int | None = msgspec.field(default=None, name="GID")


def create(on: Engine, ask: Request) -> Response:
    """The volume exists."""
    wanted = ask.json(LibpodVolumeCreate)
    options = dict(wanted.options or {})
    for key, value in (("uid", wanted.uid), ("gid", wanted.gid)):
        if value is not None:
            options["o"] = ",".join(filter(None, (options.get("o"), f"{key}={value}")))
    labels = (wanted.label or {}) | (wanted.labels or {})
    found = volumes.create(on, wanted.name, wanted.driver, options, labels, ignore=bool(wanted.ignore_if_exists))
    return json(inspected(found), 201)


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one volume."""
    return json(inspected(volumes.exact(on, ask.place("name"))))


def exists(on: Engine, ask: Request) -> Response:
    """There is a volume of this name."""
    volumes.exact(on, ask.place("name"))
    return empty()


def remove(on: Engine, ask: Request) -> Response:
    """The volume is gone; with `force` the containers that use it went first, if it was there at all."""
    timeout = ask.number("timeout")
    check_timeout(timeout)
    try:
        on.volumes.remove(ask.place("name"), force=ask.flag("force"), timeout=timeout)
    except NoSuchVolume:
        if not ask.flag("force"):
            raise
    return empty()


def prune(on: Engine, ask: Request) -> Response:
    """The volumes that no container uses are gone."""
    return json([{"Id": volume.name, "Size": size} for volume, size in volumes.prune(on, ask)])


def export(on: Engine, ask: Request) -> Response:
    """The volume's files, as a tar archive."""
    return Stream(on.volumes.export_pieces(volumes.exact(on, ask.place("name")).name), TAR)


def import_(on: Engine, ask: Request) -> Response:
    """The volume holds what the tar archive holds, beside what was in it."""
    on.volumes.import_tar(volumes.exact(on, ask.place("name")).name, ask.pieces)
    return empty()


_FORCE = flag("force", about="Remove the containers that use it as well")
_TIMEOUT = number("timeout", about="Seconds that they get to end")

ROUTES = (
    Route("GET", "/libpod/volumes/json", list_, filters()),
    Route("POST", "/libpod/volumes/create", create, body=LibpodVolumeCreate, status=201),
    Route("POST", "/libpod/volumes/prune", prune, filters()),
    Route("GET", "/libpod/volumes/{name}/json", inspect),
    Route("GET", "/libpod/volumes/{name}/exists", exists, answer=None, status=204),
    Route("GET", "/libpod/volumes/{name}/export", export, answer="raw"),
    Route("POST", "/libpod/volumes/{name}/import", import_, body="raw", answer=None, status=204),
    Route("DELETE", "/libpod/volumes/{name}", remove, _FORCE, _TIMEOUT, answer=None, status=204),
)  # fmt: skip

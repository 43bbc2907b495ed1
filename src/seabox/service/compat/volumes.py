"""Volumes in Docker's form."""

from __future__ import annotations

import time

import msgspec

from ...errors import InvalidArgument
from ...model.literals import read_bool
from ...volumes.errors import NoSuchVolume
from .. import volumes
from ..response import empty, json
from ..routing import Route, filters, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ...model.volume import Volume
    from ..request import Request
    from ..response import Response

_FILTERS = ("dangling", "driver", "label", "label!", "name")
_OF_PRUNE = ("all", "label", "label!", "until")
_KEEPS_NAMED = (1, 42)  # the first version of the API in which a prune leaves volumes that have a name
_ANONYMOUS = "com.docker.volume.anonymous"


def shown(volume: Volume) -> dict[str, Any]:
    """What Docker's clients are told of a volume."""
    labels = dict(volume.labels) | ({_ANONYMOUS: ""} if volume.anonymous else {})
    return {
        "CreatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(volume.created_at // 10**9)),
        "Driver": volume.driver, "Labels": labels, "Mountpoint": volume.mountpoint, "Name": volume.name,
        "Options": dict(volume.options), "Scope": "local",
    }  # fmt: skip


def list_(on: Engine, ask: Request) -> Response:
    """Every volume that the filters fit."""
    asked = ask.filters()
    for key in asked:
        if key not in _FILTERS:
            raise InvalidArgument(f"invalid filter '{key}'")
    if len(asked.get("dangling", ())) > 1:
        raise InvalidArgument('got more than one value for filter key "dangling"')
    fits = volumes.fitting(on, ask.conditions())
    return json({"Volumes": [shown(volume) for volume in on.volumes.list() if fits(volume)], "Warnings": None})


class VolumeCreate(msgspec.Struct, kw_only=True, rename="pascal"):
    """A volume that is to be."""

    name: str | None = None
    driver: str | None = None
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None


def create(on: Engine, ask: Request) -> Response:
    """The volume exists; one that has the name already will do."""
    wanted = ask.json(VolumeCreate)
    found = volumes.create(on, wanted.name, wanted.driver, wanted.driver_opts, wanted.labels, ignore=True)
    return json(shown(found), 201)


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one volume."""
    return json(shown(volumes.exact(on, ask.place("name"))))


def remove(on: Engine, ask: Request) -> Response:
    """The volume is gone; with `force` it is no error if it was not there. Containers that use it keep it."""
    try:
        on.volumes.remove(volumes.exact(on, ask.place("name")).name)
    except NoSuchVolume:
        if not ask.flag("force"):
            raise
    return empty()


def prune(on: Engine, ask: Request) -> Response:
    """The volumes that no container uses are gone: anonymous ones, or with the filter `all` every one."""
    asked = ask.filters()
    for key in asked:
        if key not in _OF_PRUNE:
            raise InvalidArgument(f'"{key}" is an invalid volume filter')
    try:
        every = True in map(read_bool, asked.get("all", ()))
    except ValueError as problem:
        raise InvalidArgument(f"invalid filter 'all': {problem}") from None
    every = every or ask.version < _KEEPS_NAMED
    gone = volumes.prune(on, ask, lambda volume: every or volume.anonymous)
    return json({
        "VolumesDeleted": [volume.name for volume, _ in gone], "SpaceReclaimed": sum(size for _, size in gone),
    })  # fmt: skip


ROUTES = (
    Route("GET", "/volumes", list_, filters()),
    Route("POST", "/volumes/create", create, body=VolumeCreate, status=201),
    Route("POST", "/volumes/prune", prune, filters()),
    Route("GET", "/volumes/{name}", inspect),
    Route("DELETE", "/volumes/{name}", remove, flag("force"), answer=None, status=204),
)  # fmt: skip

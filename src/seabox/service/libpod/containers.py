"""Containers as podman's own API makes, lists and shows them."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidArgument, Unsupported
from ...listing.container_filters import matcher
from ...listing.containers import json_row
from ...model.signals import signal_name
from ...model.times import utc
from ..lifecycle import await_code
from ..response import Response, json
from ..routing import Route, filters, flag, number, text
from .spec import asked_for
from .spec_body import SpecGenerator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...container.snapshot import Snapshot
    from ...engine import Engine
    from ..request import Request


def create(on: Engine, ask: Request) -> Response:
    """A container is there."""
    asked = asked_for(ask.json(SpecGenerator), ask.text("name"))
    try:
        ctr = on.containers.create(asked.image, asked.command, **asked.options)
    except Unsupported as problem:  # it is the request that asks for it
        raise InvalidArgument(str(problem)) from None
    return json({"Id": ctr.id, "Warnings": asked.warnings}, 201)


def list_(on: Engine, ask: Request) -> Response:
    """The containers, the oldest first; of `last` or `limit` the newest ones."""
    asked = ask.filters()
    limit = max(ask.number("last") or 0, ask.number("limit") or 0, 0)  # podman's own client sends -1 for all
    fits = matcher(on, ask.conditions())
    all_ = ask.flag("all") or limit > 0 or bool(asked.get("status"))
    seen = [each for each in on.containers.list(all=True) if (all_ or each.status == "running") and fits(each)]
    return json([_row(on, each, size=ask.flag("size")) for each in seen[-limit:]])


def _row(on: Engine, seen: Snapshot, *, size: bool) -> dict[str, Any]:
    found: dict[str, Any] = json_row(on, seen, size=size)
    found["Created"] = utc(seen.facts.created_at)
    found["Status"] = seen.state.health  # podman's clients put it behind the state
    return found


def inspect(on: Engine, ask: Request) -> Response:
    """All that is known of a container."""
    ctr = on.containers.get(ask.place("name"))
    await_code(ctr)
    about = ctr.inspect(size=ask.flag("size"))
    config = ctr.config()
    marks = {"io.podman.annotations.privileged": "TRUE"} if config.security.privileged else {}
    about["HostConfig"]["Annotations"] = config.annotations | marks or None
    if ask.version[0] not in _OLD:
        about["Config"]["Entrypoint"] = list(config.entrypoint)
        about["Config"]["StopSignal"] = signal_name(config.stop_signal)
    return json(about)


_OLD = (2, 3, 4)  # versions of podman whose clients expect one text, and a number
_SIZE = flag("size", about="Also what its files take")
ROUTES = (
    Route("POST", "/libpod/containers/create", create, text("name"), body=SpecGenerator, status=201),
    Route(
        "GET", "/libpod/containers/json", list_, flag("all"), number("limit"), number("last"), flag("namespace"),
        flag("size"), flag("sync"), flag("external"), flag("pod"), filters(),
    ),
    Route("GET", "/libpod/containers/{name}/json", inspect, _SIZE),
)  # fmt: skip

"""GET /containers/json as dockerd answers it."""

from __future__ import annotations

from ...errors import InvalidArgument, NoSuchContainer
from ...listing.container_filters import matcher
from ...model.record import ALIVE
from ..networks import engine_name
from ..response import Response, json
from ..routing import Route, filters, flag, number
from .shown import argv_text, image_of, mounts_of, network_mode, networks_of, status_of, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...container.snapshot import Snapshot
    from ...engine import Engine
    from ...model.container import ContainerConfig
    from ...model.network import Port
    from ..request import Request

    Test = Callable[[Snapshot], bool]

_SECOND = 10**9
_STATUS = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
_OWN = ("expose", "is-task", "isolation", "network", "publish", "status")
# what says of which containers it is by itself, so that those that do not run count as well
_OF_ALL = ("status", "exited", "before", "since")


def list_(on: Engine, ask: Request) -> Response:
    """The containers, the newest first."""
    asked = ask.filters()
    fits = _tests(on, asked)
    limit = ask.number("limit") or 0
    all_ = ask.flag("all") or limit > 0 or any(asked.get(key) for key in _OF_ALL)
    found = []
    for seen in reversed(on.containers.list(all=True)):
        if not (all_ or status_of(seen) in ("running", "paused", "restarting")) or not all(test(seen) for test in fits):
            continue
        try:
            found.append(row(on, seen, size=ask.flag("size")))
        except NoSuchContainer:
            continue  # it has gone meanwhile
        if len(found) == limit > 0:
            break
    return json(found)


def row(on: Engine, seen: Snapshot, *, size: bool = False) -> dict[str, Any]:
    """A container in a list. Raises: NoSuchContainer."""
    ctr = on.containers.get(seen.facts.id)
    config = ctr.config()
    about = ctr.inspect(size=size)
    sizes = {key: about[key] for key in ("SizeRw", "SizeRootFs") if key in about}
    return {
        "Id": config.id,
        "Names": [f"/{seen.facts.name}"],
        "Image": image_of(config),
        "ImageID": f"sha256:{config.image_id}" if config.image_id else "",
        "Command": argv_text(config),
        "Created": config.created_at // _SECOND,
        "Ports": _ports(config) if seen.state.status in ALIVE else [],
        "Labels": config.labels,
        "State": status_of(seen),
        "Status": told(seen),
        "HostConfig": {"NetworkMode": network_mode(config)}
        | ({"Annotations": config.annotations} if config.annotations else {}),
        "NetworkSettings": {"Networks": networks_of(seen, config, ctr.memberships())},
        "Mounts": mounts_of(about),
    } | sizes


def _ports(config: ContainerConfig) -> list[dict[str, Any]]:
    if config.namespaces.network != "bridge":
        return []
    found: list[dict[str, Any]] = []
    inside = set()
    for port in config.ports:
        for number_ in range(port.count):
            inside.add(f"{port.container + number_}/{port.protocol}")
            found.append(
                {"IP": port.host_ip or "0.0.0.0", "PrivatePort": port.container + number_,
                 "PublicPort": port.host + number_, "Type": port.protocol}
            )  # fmt: skip
    for text in config.exposed:
        if text not in inside:
            number, _, protocol = text.partition("/")
            found.append({"PrivatePort": int(number), "Type": protocol})
    return found


# --- filters ---------------------------------------------------------------------------------------------------------


def _tests(on: Engine, asked: dict[str, list[str]]) -> list[Test]:
    """What a container must fit. Raises: InvalidArgument, NoSuchContainer."""
    others = [f"{key}={value}" for key, values in asked.items() if key not in _OWN for value in values]
    tests: list[Test] = [matcher(on, others)] if others else []
    for key, values in asked.items():
        if key in _OWN and values:
            tests.append(_any([_own(on, key, value) for value in values]))
    return tests


def _any(tests: list[Test]) -> Test:
    return lambda seen: any(test(seen) for test in tests)


def _own(on: Engine, key: str, value: str) -> Test:
    """The conditions that are Docker's alone, or that it words in its own way."""
    if key == "status":
        if value not in _STATUS:
            raise InvalidArgument(f"invalid filter 'status={value}'")
        return lambda seen: status_of(seen) == value
    if key in ("is-task", "isolation"):
        if key == "is-task" and value not in ("true", "false", "1", "0"):
            raise InvalidArgument(f"invalid filter 'is-task={value}'")
        return lambda seen: key == "isolation" or value in ("false", "0")
    if key == "network":
        return _in_network(on, value)
    return _with_port(on, value, published=key == "publish")


def _in_network(on: Engine, value: str) -> Test:
    wanted = engine_name(value) if value else ""

    def fits(seen: Snapshot) -> bool:
        try:
            ctr = on.containers.get(seen.facts.id)
            mode = ctr.config().namespaces.network
            members = ctr.memberships()
        except NoSuchContainer:
            return False
        if mode != "bridge":
            return mode == wanted
        return any(wanted == each.network.name or each.network.id.startswith(wanted or "-") for each in members)

    return fits


def _with_port(on: Engine, value: str, *, published: bool) -> Test:
    from ...network.ports import parse_expose

    wanted = parse_expose(value)

    def fits(seen: Snapshot) -> bool:
        try:
            config = on.containers.get(seen.facts.id).config()
        except NoSuchContainer:
            return False
        ports: list[Port] = list(config.ports) if published else [parse_expose(text) for text in config.exposed]
        return any(
            port.protocol == wanted.protocol
            and port.container < wanted.container + wanted.count
            and wanted.container < port.container + port.count
            for port in ports
        )

    return fits


ROUTES = (
    Route(
        "GET", "/containers/json", list_, flag("all", about="Also those that do not run"), number("limit"),
        flag("size", about="Also SizeRw and SizeRootFs"), filters(),
    ),
)  # fmt: skip

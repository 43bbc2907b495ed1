"""POST /libpod/containers/{name}/update: other limits, another restart policy, another health check."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidArgument, Unsupported
from ...model.literals import read_duration
from ..response import Response, json
from ..routing import Route, number, text
from .spec_body import Resources, UInt64
from .spec_limits import changed_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_NANO = 10**9
_TIMES = ("health_interval", "health_timeout", "health_start_period")
_AS_THEY_ARE = ("health_retries", "health_max_log_count", "health_max_log_size", "health_on_failure")


class UpdateBody(Resources, kw_only=True):
    """What is to be different. Times as Go writes them: "1m30s"."""

    no_healthcheck: bool | None = None
    health_cmd: str | None = None
    health_interval: str | None = None
    health_timeout: str | None = None
    health_start_period: str | None = None
    health_retries: UInt64 | None = None
    health_max_log_count: UInt64 | None = None
    health_max_log_size: UInt64 | None = None
    health_on_failure: str | None = None


def update(on: Engine, ask: Request) -> Response:
    """The container is what was asked for."""
    changes = changed(ask.json(UpdateBody))
    if policy := ask.text("restartPolicy"):
        retries = ask.number("restartRetries")
        changes["restart"] = f"{policy}:{retries}" if retries else policy
    ctr = on.containers.get(ask.place("name"))
    if changes:
        try:
            ctr.update(cancel=ask.cancel, **changes)
        except Unsupported as problem:  # it is the request that asks for it
            raise InvalidArgument(str(problem)) from None
    return json(ctr.id, 201)


def changed(said: UpdateBody) -> dict[str, Any]:
    """What a body asks for, in the engine's words. Raises: InvalidArgument."""
    found = changed_limits(said)
    if said.no_healthcheck:
        if said.health_cmd:
            raise InvalidArgument("cannot specify both no_healthcheck and health_cmd")
        found["healthcheck"] = ["NONE"]
    elif said.health_cmd:
        found["healthcheck"] = said.health_cmd
    for name in _TIMES:
        if value := getattr(said, name):
            found[name] = 0.0 if (name, value) == ("health_interval", "disable") else _seconds(name, value)
    for name in _AS_THEY_ARE:
        if (value := getattr(said, name)) is not None:
            found[name] = value
    return found


def _seconds(name: str, value: str) -> float:
    try:
        return read_duration(value) / _NANO
    except ValueError as problem:
        raise InvalidArgument(f"invalid {name}: {problem}") from None


ROUTES = (
    Route(
        "POST", "/libpod/containers/{name}/update", update, text("restartPolicy"), number("restartRetries"),
        body=UpdateBody, status=201,
    ),
)  # fmt: skip

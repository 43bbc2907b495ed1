"""Secrets in podman's form."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument
from ...listing.secrets import inspected, matcher
from ...model.decoding import decode
from ...secrets.secrets import TOO_LARGE
from ..response import empty, json
from ..routing import Route, filters, flag, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request
    from ..response import Response


def create(on: Engine, ask: Request) -> Response:
    """The body is a secret."""
    secret = on.secrets.create(
        ask.text("name"), ask.read(TOO_LARGE), driver=ask.text("driver"),
        driver_options=_pairs(ask, "driveropts"), labels=_pairs(ask, "labels"), replace=ask.flag("replace"),
        ignore=ask.flag("ignore"),
    )  # fmt: skip
    return json({"ID": secret.id})


def _pairs(ask: Request, name: str) -> dict[str, str]:
    said = ask.text(name)
    try:
        return decode(said.encode(), dict[str, str]) if said not in ("", "null") else {}
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise InvalidArgument(f"{name}: {problem}") from None


def list_(on: Engine, ask: Request) -> Response:
    """Every secret that the filters fit."""
    fits = matcher(ask.conditions())
    return json([inspected(secret) for secret in on.secrets.list() if fits(secret)])


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one secret; what it holds only if that is asked for."""
    secret = on.secrets.get(ask.place("name"))
    return json(inspected(secret, on.secrets.data(secret.id) if ask.flag("showsecret") else None))


def exists(on: Engine, ask: Request) -> Response:
    """There is such a secret."""
    on.secrets.get(ask.place("name"))
    return empty()


def remove(on: Engine, ask: Request) -> Response:
    """The secret is gone."""
    on.secrets.remove(ask.place("name"))
    return empty()


ROUTES = (
    Route(
        "POST", "/libpod/secrets/create", create, text("name"), text("driver"),
        text("driveropts", about="{KEY: VALUE} as JSON"), text("labels", about="{KEY: VALUE} as JSON"),
        flag("replace", about="Put it in the place of one that has the name already"),
        flag("ignore", about="One that has the name already will do"), body="raw",
    ),
    Route("GET", "/libpod/secrets/json", list_, filters()),
    Route("GET", "/libpod/secrets/{name}/json", inspect, flag("showsecret", about="Show what it holds")),
    Route("GET", "/libpod/secrets/{name}/exists", exists, answer=None, status=204),
    Route(
        "DELETE", "/libpod/secrets/{name}", remove, flag("all", about="Accepted, without effect, as in podman"),
        answer=None, status=204,
    ),
)  # fmt: skip

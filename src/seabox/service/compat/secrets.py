"""Secrets in Docker's form, as podman has them: without a swarm."""

from __future__ import annotations

import binascii

import msgspec

from ...errors import InvalidArgument, Unsupported
from ...listing.secrets import inspected, matcher
from ..response import empty, json
from ..routing import Route, filters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ...model.secret import Secret
    from ..request import Request
    from ..response import Response


class SecretDriver(msgspec.Struct, kw_only=True, rename="pascal"):
    """Who keeps the bytes."""

    name: str | None = None
    options: dict[str, str] | None = None


class SecretCreate(msgspec.Struct, kw_only=True, rename="pascal"):
    """A secret that is to be; its bytes are written in base64."""

    name: str = ""
    data: str = ""
    labels: dict[str, str] | None = None
    driver: SecretDriver | None = None


def shown(secret: Secret) -> dict[str, Any]:
    """What Docker's clients are told of a secret."""
    return inspected(secret) | {"Version": {"Index": 1}}


def list_(on: Engine, ask: Request) -> Response:
    """Every secret that the filters fit."""
    fits = matcher(ask.conditions())
    return json([shown(secret) for secret in on.secrets.list() if fits(secret)])


def create(on: Engine, ask: Request) -> Response:
    """The secret exists."""
    wanted = ask.json(SecretCreate)
    driver = wanted.driver or SecretDriver()
    try:
        data = binascii.a2b_base64(wanted.data, strict_mode=True)
    except ValueError:
        raise InvalidArgument("the data of the secret are not written in base64") from None
    secret = on.secrets.create(
        wanted.name, data, driver=driver.name or "", driver_options=driver.options, labels=wanted.labels
    )
    return json({"ID": secret.id})


def inspect(on: Engine, ask: Request) -> Response:
    """Everything about one secret but what it holds."""
    return json(shown(on.secrets.get(ask.place("name"))))


def remove(on: Engine, ask: Request) -> Response:
    """The secret is gone."""
    on.secrets.remove(ask.place("name"))
    return empty()


def update(on: Engine, ask: Request) -> Response:
    """Refused, as by podman."""
    raise Unsupported("update is not supported")


ROUTES = (
    Route("GET", "/secrets", list_, filters()),
    Route("POST", "/secrets/create", create, body=SecretCreate),
    Route("GET", "/secrets/{name}", inspect),
    Route("DELETE", "/secrets/{name}", remove, answer=None, status=204),
    Route("POST", "/secrets/{name}/update", update, status=501),
)  # fmt: skip

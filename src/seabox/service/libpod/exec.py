"""Commands run in containers, as podman's clients do it."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...streams.mux import STDERR
from ..execs import (
    SIZE,
    ExecBody,
    Known,
    RemoveBody,
    StartBody,
    create,
    remove,
    resize,
    start_attached,
    start_detached,
    to_be_started,
)
from ..response import Response, empty, json, plain
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def prepare(on: Engine, ask: Request) -> Response:
    """A session that can be started."""
    ctr, body = on.containers.get(ask.place("name")), ask.json(ExecBody)
    env = {}
    for each in body.env or ():
        name, equals, env[name] = each.partition("=")
        if not equals:
            raise InvalidArgument(f'environment variable "{each}" badly formed, must be key=value')
    return json({"Id": create(ctr, body, env)}, 201)


def start(on: Engine, ask: Request) -> Response | None:
    """It runs; unless detached, the client was connected to it until one of them left."""
    body = ask.json(StartBody)
    session, ctr = to_be_started(on, ask.place("id"))
    tty = session.options["tty"]
    if tty:
        session.size = body.size or session.size
    if body.detach:
        start_detached(ctr, session)
        return plain("\n")  # as podman's
    start_attached(on, ctr, session, ask, framed=not tty, complaints=STDERR)
    return None


def set_size(on: Engine, ask: Request) -> Response:
    """Its terminal has this size."""
    resize(on, ask)
    return empty(201)


def inspect(on: Engine, ask: Request) -> Response:
    """What is known of the session; 0 stands for an exit code that is not there yet."""
    found = Known(on, ask.place("id")).inspect()
    return json(found | {"ExitCode": found["ExitCode"] or 0})


def forget(on: Engine, ask: Request) -> Response:
    """There is no such session any more."""
    remove(on, ask.place("id"), force=ask.json(RemoveBody).force, ask=ask)
    return empty(200)


ROUTES = (
    Route("POST", "/libpod/containers/{name}/exec", prepare, body=ExecBody, status=201),
    Route("POST", "/libpod/exec/{id}/start", start, body=StartBody, answer="stream", also=(101,)),
    Route("POST", "/libpod/exec/{id}/resize", set_size, *SIZE, answer=None, status=201),
    Route("GET", "/libpod/exec/{id}/json", inspect),
    Route("POST", "/libpod/exec/{id}/remove", forget, body=RemoveBody, answer=None),
)

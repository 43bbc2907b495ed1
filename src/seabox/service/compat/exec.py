"""Commands run in containers, as Docker's clients do it."""

from __future__ import annotations

from ...streams.mux import STDOUT
from ..execs import SIZE, ExecBody, Known, StartBody, create, resize, start_attached, start_detached, to_be_started
from ..response import Response, empty, json
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def prepare(on: Engine, ask: Request) -> Response:
    """A session that can be started. A variable without a value is none that could be set."""
    ctr, body = on.containers.get(ask.place("name")), ask.json(ExecBody)
    pairs = (each.partition("=") for each in body.env or ())
    return json({"Id": create(ctr, body, {name: value for name, equals, value in pairs if equals})}, 201)


def start(on: Engine, ask: Request) -> Response | None:
    """It runs; unless detached, the client was connected to it until one of them left.

    Frames or not is what this request says: a client does not know any more what the session was made with.
    """
    body = ask.json(StartBody)
    session, ctr = to_be_started(on, ask.place("id"))
    if session.options["tty"]:
        session.size = body.size or session.size
    if body.detach:
        start_detached(ctr, session)
        return empty(200)
    start_attached(on, ctr, session, ask, framed=not body.tty, complaints=STDOUT)
    return None


def set_size(on: Engine, ask: Request) -> Response:
    """Its terminal has this size."""
    resize(on, ask)
    return empty(200)


def inspect(on: Engine, ask: Request) -> Response:
    """What is known of the session."""
    return json(Known(on, ask.place("id")).inspect())


ROUTES = (
    Route("POST", "/containers/{name}/exec", prepare, body=ExecBody, status=201),
    Route("POST", "/exec/{id}/start", start, body=StartBody, answer="stream", also=(101,)),
    Route("POST", "/exec/{id}/resize", set_size, *SIZE, answer=None),
    Route("GET", "/exec/{id}/json", inspect),
)

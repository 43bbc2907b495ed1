"""What needs a swarm of dockerd's, or its plugins: clients ask at their start, and are told that there is none."""

from __future__ import annotations

from ...errors import SeaboxError
from ..response import Response, json
from ..routing import Route, filters, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_LISTS = ("services", "nodes", "tasks", "configs")


class NoSwarm(SeaboxError):
    """This host is no part of a swarm."""

    http_status = 503


def no_manager(on: Engine, ask: Request) -> Response:
    """Refused: this host manages no swarm."""
    raise NoSwarm(
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
        "swarm and try again."
    )


def no_member(on: Engine, ask: Request) -> Response:
    """Refused: this host is in no swarm."""
    raise NoSwarm("This node is not part of a swarm")


def plugins(on: Engine, ask: Request) -> Response:
    """There is none."""
    return json([])


ROUTES = (
    *(Route("GET", f"/{name}", no_manager, filters(), flag("status"), status=503) for name in _LISTS),
    Route("GET", "/swarm", no_manager, status=503),
    Route("POST", "/swarm/leave", no_member, flag("force"), status=503),
    Route("GET", "/plugins", plugins, filters()),
)

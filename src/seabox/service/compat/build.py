"""`docker build`, and forgetting what builds keep."""

from __future__ import annotations

from ..build_order import PARAMETERS
from ..building import build as build_image
from ..building import docker_names
from ..response import Response, json
from ..routing import Route, filters, flag, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def build(on: Engine, ask: Request) -> Response:
    """An image is built of the context in the body; what is said meanwhile comes line by line."""
    return build_image(
        on, ask, docker=True, names=docker_names(ask), containerfile=ask.text("dockerfile"),
        further=lambda context, place: ["--format=docker", "--identity-label=false"],
    )  # fmt: skip


def prune(on: Engine, ask: Request) -> Response:
    """What builds keep for the next is gone; how many bytes that were."""
    return json({"CachesDeleted": [], "SpaceReclaimed": on.images.forget_builds()})


ROUTES = (
    Route("POST", "/build", build, *PARAMETERS, body="raw", answer="raw"),
    Route(
        "POST", "/build/prune", prune, flag("all", about="Accepted, without effect"),
        number("keep-storage", about="Accepted, without effect"), filters("Accepted, without effect"),
        text("reserved-space", about="Accepted, without effect"),
        text("max-used-space", about="Accepted, without effect"),
        text("min-free-space", about="Accepted, without effect"),
    ),
)  # fmt: skip

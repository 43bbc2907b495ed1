"""Making an image of a container, for podman's clients."""

from __future__ import annotations

from ...errors import InvalidArgument
from ..commit import Given, commit
from ..response import JSON, Response, json, json_line
from ..routing import Route, flag, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def make(on: Engine, ask: Request) -> Response:
    """The image is there, with a name if one was given; with `stream` there are lines about its making as well."""
    if ask.text("format") not in ("oci", "docker"):
        raise InvalidArgument(f'unrecognized image format "{ask.text("format")}"')
    name = f"{ask.text('repo')}:{ask.text('tag') or 'latest'}" if ask.text("repo") else ""
    said: list[str] = []
    id = commit(
        on, ask.text("container"), name, ask.json(Given), pause=ask.flag("pause"), changes=ask.texts("changes"),
        message=ask.text("comment"), author=ask.text("author"), squash=ask.flag("squash"),
        docker=ask.text("format") == "docker", progress=said.append,
    )  # fmt: skip
    if not ask.flag("stream"):
        return json({"Id": id})
    return Response(200, b"".join(json_line({"stream": f"{line}\n"}) for line in [*said, id]), JSON)


ROUTES = (
    Route("POST", "/libpod/commit", make, text("container"), text("repo"), text("tag"), text("comment"),
          text("author"), text("format", "oci"), flag("pause"), flag("squash"), flag("stream"), texts("changes"),
          body=Given),
)  # fmt: skip

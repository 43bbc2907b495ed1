"""Making an image of a container, for Docker's clients."""

from __future__ import annotations

from .. import image_names
from ..commit import Given, commit
from ..response import Response, json
from ..routing import Route, flag, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def make(on: Engine, ask: Request) -> Response:
    """The image is there, with a name if one was given."""
    name = image_names.joined(ask.text("repo"), ask.text("tag")) if ask.text("repo") else ""
    id = commit(
        on, ask.text("container"), name, ask.json(Given), pause=ask.flag("pause"), changes=ask.texts("changes"),
        message=ask.text("comment"), author=ask.text("author"), docker=True,
    )  # fmt: skip
    return json({"Id": f"sha256:{id}"}, 201)


ROUTES = (
    Route("POST", "/commit", make, text("container"), text("repo"), text("tag"), text("comment"), text("author"),
          flag("pause", True), texts("changes"), body=Given, status=201),
)  # fmt: skip

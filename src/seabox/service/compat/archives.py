"""Images in archives: `docker load` and `docker save`."""

from __future__ import annotations

from ...errors import InvalidArgument, SeaboxError
from ..image_names import find, names_meant, short
from ..progress import failure
from ..response import JSON, TAR, Response, Stream, json_line
from ..routing import Route, flag, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_PLATFORMS = texts("platform", "Accepted, without effect: images are for one platform each")


def load(on: Engine, ask: Request) -> Response:
    """The images in an archive are here. As dockerd does, a failure is told with the status of a success."""
    try:
        names = on.images.load(ask.pieces)
    except SeaboxError as problem:
        return Response(200, failure(problem), JSON)
    said = [f"image: {short(name)}" if ":" in name else f"image ID: sha256:{name}" for name in names]
    return Response(200, b"".join(json_line({"stream": f"Loaded {each}\n"}) for each in said), JSON)


def save(on: Engine, ask: Request) -> Response:
    """An archive with the image."""
    return _saved(on, [ask.place("name")])


def save_several(on: Engine, ask: Request) -> Response:
    """An archive with these images."""
    if not ask.texts("names"):
        raise InvalidArgument("no image was named")
    return _saved(on, ask.texts("names"))


def _saved(on: Engine, names: list[str]) -> Response:
    chosen = []
    for name in names:
        image = find(on, name)
        chosen.append(next(iter(names_meant(image, name)), image.id))
    return Stream(on.images.archived(chosen, shown=short), TAR)


ROUTES = (
    Route("POST", "/images/load", load, flag("quiet"), _PLATFORMS, body="raw", answer="raw"),
    Route("GET", "/images/get", save_several, texts("names", "Names or ids"), _PLATFORMS, answer="raw"),
    Route("GET", "/images/{name...}/get", save, _PLATFORMS, answer="raw"),
)

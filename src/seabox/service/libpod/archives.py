"""Images in archives, as podman's clients send and want them."""

from __future__ import annotations

from ...errors import InvalidArgument
from ..response import TAR, Response, Stream, json
from ..routing import Route, flag, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def load(on: Engine, ask: Request) -> Response:
    """The images in an archive, docker's or OCI's, are here; their names."""
    names = on.images.load(ask.pieces)
    if ask.text("reference") and names:
        on.images.tag(names[0], ask.text("reference"))
    return json({"Names": [name if ":" in name else f"sha256:{name}" for name in names]})


def import_(on: Engine, ask: Request) -> Response:
    """The files in an archive are an image; its id."""
    address = ask.text("url") or ask.text("URL")
    if address and not address.startswith(("http://", "https://")):
        raise InvalidArgument("url must be an address of the web")
    id = on.images.import_tar(
        address or ask.pieces, ask.text("reference"), changes=ask.texts("changes"), message=ask.text("message"),
        arch=ask.text("architecture"), os=ask.text("os"), variant=ask.text("variant"),
    )  # fmt: skip
    return json({"Id": id})


def get(on: Engine, ask: Request) -> Response:
    """An archive with the image."""
    return _archive(on, ask, [ask.place("name")])


def export(on: Engine, ask: Request) -> Response:
    """An archive with these images."""
    if not ask.texts("references"):
        raise InvalidArgument("no references")
    return _archive(on, ask, ask.texts("references"))


def _archive(on: Engine, ask: Request, names: list[str]) -> Response:
    return Stream(on.images.archived(names, ask.text("format"), compress=ask.flag("compress")), TAR)


_FORM = (
    text("format", "oci-archive", "oci-archive, docker-archive; oci-dir and docker-dir as archives of directories"),
    flag("compress", about="Compress the layers in a directory"),
    flag("ociAcceptUncompressedLayers", about="Accepted, without effect: layers stay as they are"),
)

ROUTES = (
    Route("POST", "/libpod/images/load", load, text("reference", about="A further name"), body="raw"),
    Route(
        "POST", "/libpod/images/import", import_, text("reference", about="Its name"), text("message"),
        texts("changes", about="Lines of a Containerfile"), text("url", about="Where the archive is; else: the body"),
        text("URL", about="As url"), text("os"), text("architecture"), text("variant"), body="raw",
    ),
    Route("GET", "/libpod/images/export", export, texts("references", "Names or ids"), *_FORM, answer="raw"),
    Route("GET", "/libpod/images/{name...}/get", get, *_FORM, answer="raw"),
)  # fmt: skip

"""Images that come: from a registry, and as the archive of a file system."""

from __future__ import annotations

from ...errors import InvalidArgument, NoSuchImage
from ...images.skopeo import NotInRegistry
from ...images.tarwrite import END
from ..credentials import access_to
from ..image_names import joined, short
from ..platforms import platform
from ..progress import Pulled, failure, on_loopback
from ..response import JSON, Response, json_line
from ..routing import Route, text, texts
from ..telling import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...engine import Engine
    from ...kernel.watch import Cancel
    from ..request import Request
    from ..telling import Tell


def create(on: Engine, ask: Request) -> Response:
    """An image is pulled (fromImage), or imported from an archive of its files (fromSrc)."""
    if ask.text("fromImage"):
        return _pull(on, ask)
    if ask.text("fromSrc"):
        return _import(on, ask)
    raise InvalidArgument("either fromImage or fromSrc must be given")


def _pull(on: Engine, ask: Request) -> Response:
    name, tag = ask.text("fromImage"), ask.text("tag")
    every = not tag and "@" not in name and ":" not in name.rpartition("/")[2]
    name = joined(name, tag)
    access = access_to(ask, name, on_loopback(name))
    wanted = platform(ask.text("platform"))

    def work(tell: Tell, cancel: Cancel) -> None:
        names = [name]
        if every:
            repository = name.rpartition(":")[0]
            names = [f"{repository}:{each}" for each in on.images.tags(repository, access)]
        for each in names:
            told = Pulled(tell, each)
            try:
                before = on.images.find(each).id
            except NoSuchImage:
                before = ""
            try:
                id = on.images.pull(each, access=access, platform=wanted, progress=told.heard, cancel=cancel)
            except NotInRegistry as problem:
                raise NotInRegistry(_denial(short(each), problem.words)) from None
            told.over(on.images, id, before)

    return telling(work, ask.cancel, failure)


def _denial(name: str, words: str) -> str:
    """What dockerd says; some clients read it."""
    if "manifest unknown" in words:
        return f"manifest for {name} not found: {words}"
    return f"pull access denied for {name}, repository does not exist or may require 'docker login': {words}"


def _import(on: Engine, ask: Request) -> Response:
    source = ask.text("fromSrc")
    if source != "-" and not source.startswith(("http://", "https://")):
        raise InvalidArgument('fromSrc must be "-", for an archive in the body, or an address of the web')
    name = joined(ask.text("repo"), ask.text("tag")) if ask.text("repo") else ""
    os, arch, variant = [*platform(ask.text("platform")).split("/"), "", ""][:3]
    id = on.images.import_tar(
        _or_empty(ask.pieces) if source == "-" else source, name, changes=ask.texts("changes"),
        message=ask.text("message"), os=os, arch=arch, variant=variant,
    )  # fmt: skip
    return Response(200, json_line({"status": f"sha256:{id}"}), JSON)


def _or_empty(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The archive; for none at all one without files, as docker takes it."""
    yield next((piece for piece in pieces if piece), END)
    yield from pieces


ROUTES = (
    Route(
        "POST", "/images/create", create, text("fromImage", about="The image to pull"),
        text("fromSrc", about='What to import: "-" (the body) or an address'), text("repo", about="Its name"),
        text("tag", about="Its tag or digest; absent: pull all tags"), text("message", about="Of an import"),
        texts("changes", about="Lines of a Containerfile, for an import"),
        text("platform", about="OS[/ARCH[/VARIANT]]"), text("inputImage", about="Accepted, without effect"),
        body="raw", answer="raw",
    ),
)  # fmt: skip

"""Images that go to a registry."""

from __future__ import annotations

from ...errors import InvalidArgument, NoSuchImage
from ...images.reference import parse
from ..credentials import access_to
from ..image_names import complete, find, joined, short
from ..progress import Pushed, failure, on_loopback
from ..response import json_line
from ..routing import Route, flag, text
from ..telling import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...kernel.watch import Cancel
    from ...model.image import ImageRow
    from ..request import Request
    from ..response import Response
    from ..telling import Tell


def push(on: Engine, ask: Request) -> Response:
    """The image is in its registry; without a tag, all of that repository. A registry's failures are in the stream.

    Raises: NoSuchImageToPush, InvalidArgument.
    """
    name, tag = ask.place("name"), ask.text("tag")
    whole = joined(name, tag)
    if "@" in whole:
        raise InvalidArgument("cannot push a digest reference")
    target = complete(ask.text("destination")) if ask.text("destination") else ""
    repository = (target or whole).rpartition(":")[0]
    access = access_to(ask, target or whole, on_loopback(target or whole) if ask.flag("tlsVerify") else False)
    every = not tag and not target and ":" not in name.rpartition("/")[2]
    images = _tagged(on, repository) if every else {target or whole: _named(on, whole)}
    if not images:
        raise NoSuchImageToPush(short(repository))

    def work(tell: Tell, cancel: Cancel) -> None:
        tell(json_line({"status": f"The push refers to repository [{repository}]"}))
        for each, image in sorted(images.items()):
            told = Pushed(tell)
            digest = on.images.push(image.id, each, access=access, progress=told.heard, cancel=cancel)
            told.over(parse(each).tag, digest, len(image.manifest))

    return telling(work, ask.cancel, failure)


def _tagged(on: Engine, repository: str) -> dict[str, ImageRow]:
    """Every image of the repository, by its complete name."""
    return {name: row for row in on.images.list() for name in row.names if name.startswith(f"{repository}:")}


def _named(on: Engine, whole: str) -> ImageRow:
    try:
        return find(on, short(whole))
    except NoSuchImage:
        raise NoSuchImageToPush(short(whole.rpartition(":")[0])) from None


class NoSuchImageToPush(NoSuchImage):
    """In dockerd's words."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.args = (f"An image does not exist locally with the tag: {name}",)


ROUTES = (
    Route(
        "POST", "/images/{name...}/push", push, text("tag", about="Absent: all tags"),
        text("destination", about="podman's: its name there"), flag("tlsVerify", True),
        text("platform", about="Accepted, without effect"), answer="raw",
    ),
)  # fmt: skip

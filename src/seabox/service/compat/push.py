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
    from ..request import Request
    from ..response import Response
    from ..telling import Tell


def push(on: Engine, ask: Request) -> Response:
    """The image is in its registry; without a tag, all of that repository. Failures are told in the stream."""
    name, tag = ask.place("name"), ask.text("tag")
    every = not tag and ":" not in name.rpartition("/")[2]
    whole = joined(name, tag)
    if "@" in whole:
        raise InvalidArgument("cannot push a digest reference")
    target = complete(ask.text("destination")) if ask.text("destination") else ""
    repository = (target or whole).rpartition(":")[0]
    access = access_to(ask, target or whole, on_loopback(target or whole) if ask.flag("tlsVerify") else False)

    def work(tell: Tell, cancel: Cancel) -> None:
        tell(json_line({"status": f"The push refers to repository [{repository}]"}))
        names = [whole]
        if every and not target:
            names = [each for row in on.images.list() for each in row.names if each.startswith(f"{repository}:")]
        if not names:
            raise NoSuchImageToPush(short(repository))
        for each in sorted(names):
            try:
                image = find(on, each if every and not target else short(each))
            except NoSuchImage:
                raise NoSuchImageToPush(short(repository)) from None
            told = Pushed(tell)
            digest = on.images.push(image.id, target or each, access=access, progress=told.heard, cancel=cancel)
            told.over(parse(target or each).tag, digest, len(image.manifest))

    return telling(work, ask.cancel, failure)


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

"""What registries have, as podman's clients ask for it."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...images.reference import looks_like_host
from ...listing.search import matcher, row
from ..credentials import access_to
from ..response import json
from ..routing import Route, filters, flag, number, text
from .pull import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request
    from ..response import Response

_MOST = 10_000


def search(on: Engine, ask: Request) -> Response:
    """The repositories that fit a word, of the registry that it names or of all that are searched; or one's tags."""
    words, limit = ask.text("term"), ask.number("limit") or 25
    if not words:
        raise InvalidArgument("term must not be empty")
    if not 0 < limit <= _MOST:
        raise InvalidArgument(f"limit {limit} is outside the range of [1, {_MOST}]")
    fits = matcher(ask.conditions())
    host, slash, rest = words.partition("/")
    named = bool(slash and rest and looks_like_host(host))
    access = access_to(ask, f"{host}/x" if named else "docker.io/x", verify(ask))
    if ask.flag("listTags"):
        if not named:
            raise InvalidArgument("listTags needs a repository with its registry")
        tags = on.images.tags(words, access)[:limit]
        return json([{"Index": host, "Name": words, "Tag": tag} for tag in tags])
    found = on.images.search(words, limit=limit, access=access)
    return json([row(each, whole=True) for each in found if fits(each)])


ROUTES = (
    Route(
        "GET", "/libpod/images/search", search, text("term"), number("limit"), filters(), flag("listTags"),
        flag("noTrunc", True, "Accepted, without effect: nothing is cut off"), flag("tlsVerify", True),
    ),
)  # fmt: skip

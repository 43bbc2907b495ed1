"""What registries have, and whether they know somebody."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument, SeaboxError
from ...images.manifest import read_manifest
from ...images.reference import looks_like_host, require_host
from ...images.skopeo import TransferFailed
from ...listing.search import matcher
from ...model.decoding import decode
from ...model.digests import digest_of
from ..credentials import Account, access_to, registry
from ..image_names import complete
from ..progress import on_loopback
from ..response import Response, json
from ..routing import Route, filters, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ..request import Request

_HUB = "docker.io"
_MOST = 100
_REFUSED = ("invalid username/password", "unauthorized")


class Unauthorized(SeaboxError):
    """The registry does not take the credentials: others are needed."""

    http_status = 401


class _Platform(msgspec.Struct):
    """Of an image's configuration."""

    architecture: str = ""
    os: str = ""
    variant: str = ""


def auth(on: Engine, ask: Request) -> Response:
    """The registry takes these credentials; they are not kept."""
    account = ask.json(Account)
    host = registry(account.server or _HUB)
    require_host(host)
    access = account.access(on_loopback(f"{host}/x"))
    name, _, password = access.creds.partition(":")
    if not name or not password:
        raise InvalidArgument("a username and a password are needed")
    try:
        on.images.check_login(host, name, password, access)
    except TransferFailed as problem:
        if any(words in problem.words for words in _REFUSED):
            raise Unauthorized(problem.words) from None
        raise
    return json({"Status": "Login Succeeded", "IdentityToken": ""})


def distribution(on: Engine, ask: Request) -> Response:
    """What an image is in its registry: its manifest's digest, and the platforms it is for."""
    name = complete(ask.place("name"))
    raw, config = on.images.described(name, access_to(ask, name, on_loopback(name)), ask.cancel)
    found = read_manifest(raw)
    if config:
        platforms = [_shown(decode(config, _Platform))]
    else:
        listed = [each.platform for each in found.manifests or [] if each.platform is not None]
        platforms = [_shown(_Platform(each.architecture, each.os, each.variant or "")) for each in listed]
    descriptor = {"mediaType": found.kind(), "digest": digest_of(raw), "size": len(raw)}
    return json({"Descriptor": descriptor, "Platforms": platforms})


def _shown(platform: _Platform) -> dict[str, Any]:
    found = {"architecture": platform.architecture, "os": platform.os}
    return found | ({"variant": platform.variant} if platform.variant else {})


def search(on: Engine, ask: Request) -> Response:
    """The repositories that fit a word, of the registry that it names, or of docker's."""
    words, limit = ask.text("term"), ask.number("limit")
    if not words:
        raise InvalidArgument("term must not be empty")
    if limit is not None and not 0 < limit <= _MOST:
        raise InvalidArgument(f"limit {limit} is outside the range of [1, {_MOST}]")
    fits = matcher(ask.conditions())
    host = words.partition("/")[0]
    if "/" not in words or not looks_like_host(host):
        host, words = _HUB, f"{_HUB}/{words}"
    found = on.images.search(words, limit=limit or 25, access=access_to(ask, f"{host}/x", on_loopback(f"{host}/x")))
    return json([
        {
            "name": each.name.removeprefix(f"{_HUB}/"), "description": each.description, "star_count": each.stars,
            "is_official": each.official, "is_automated": each.automated,
        }
        for each in found if fits(each)
    ])  # fmt: skip


ROUTES = (
    Route("POST", "/auth", auth, body=Account),
    Route("GET", "/distribution/{name...}/json", distribution),
    Route("GET", "/images/search", search, text("term"), number("limit"), filters()),
)

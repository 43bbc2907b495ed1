"""Images that go to a registry, as podman's clients ask for it."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...images.skopeo import TransferFailed
from ..credentials import access_to
from ..response import JSON, Response, json_line
from ..routing import Route, flag, number, text
from ..telling import telling
from .pull import registry_name, verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...kernel.watch import Cancel
    from ..request import Request
    from ..telling import Tell

_FORMS = {"oci": "oci", "v2s2": "v2s2", "docker": "v2s2", "v2s1": "v2s1"}
_COMPRESSIONS = ("gzip", "zstd", "zstd:chunked")


class PushRefused(TransferFailed):
    """The registry does not take it; podman says that the request is wrong."""

    http_status = 400


def push(on: Engine, ask: Request) -> Response:
    """The image is in the registry. Without `quiet` a failure is told in the stream."""
    source, target = ask.place("name"), registry_name(ask.text("destination") or ask.place("name"))
    on.images.find(source)
    access, options = access_to(ask, target, verify(ask)), _options(ask)
    if not ask.text("destination"):
        target = ""
    if ask.flag("quiet"):
        try:
            on.images.push(source, target, access=access, options=options, cancel=ask.cancel)
        except TransferFailed as problem:
            raise PushRefused(f'pushing image "{target or source}": {problem.words}') from None
        return Response(200, b"", JSON)

    def work(tell: Tell, cancel: Cancel) -> None:
        digest = on.images.push(
            source, target, access=access, options=options, cancel=cancel,
            progress=lambda line: tell(json_line({"stream": f"{line}\n"})),
        )  # fmt: skip
        tell(json_line({"manifestdigest": digest}))

    return telling(work, ask.cancel, lambda problem: json_line({"error": str(problem)}), at_once=True)


def _options(ask: Request) -> list[str]:
    """For skopeo."""
    options: list[str] = []
    if form := ask.text("format"):
        if form not in _FORMS:
            raise InvalidArgument(f'unknown format "{form}". Choose one of the supported formats: oci, v2s1, or v2s2')
        options += ["--format", _FORMS[form]]
    if kind := ask.text("compressionFormat"):
        if kind not in _COMPRESSIONS:
            raise InvalidArgument(f'unknown compression "{kind}": it must be one of {", ".join(_COMPRESSIONS)}')
        options += ["--dest-compress-format", kind]
    if ask.flag("removeSignatures"):
        options.append("--remove-signatures")
    return options


ROUTES = (
    Route(
        "POST", "/libpod/images/{name...}/push", push, text("destination", about="Its name there"),
        flag("tlsVerify", True), flag("quiet", True), text("format", about="Kind of manifest: oci, v2s2 or v2s1"),
        text("compressionFormat", about="gzip, zstd or zstd:chunked"), flag("removeSignatures"),
        number("compressionLevel", about="Accepted, without effect"), flag("all", about="Accepted, without effect"),
        flag("forceCompressionFormat", about="Accepted, without effect"),
        number("retry", about="Accepted, without effect"), text("retryDelay", about="Accepted, without effect"),
        answer="raw",
    ),
)  # fmt: skip

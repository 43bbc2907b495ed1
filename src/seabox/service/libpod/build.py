"""`podman --remote build`."""

from __future__ import annotations

import msgspec

from ...errors import InvalidArgument
from ...images.reference import local_name
from ...kernel.files import write_file
from ...model.decoding import decode
from ..build_order import PARAMETERS
from ..building import build as build_image
from ..routing import Route, flag, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...engine import Engine
    from ..build_context import Context
    from ..request import Request
    from ..response import Response

_FORMS = {
    "": "oci", "oci": "oci", "docker": "docker", "application/vnd.oci.image.manifest.v1+json": "oci",
    "application/vnd.docker.distribution.manifest.v2+json": "docker",
}  # fmt: skip


def build(on: Engine, ask: Request) -> Response:
    """An image is built of the context in the body; the last line of the stream is its id."""
    kind = ask.header("content-type").partition(";")[0].strip()
    if kind not in ("", "application/tar", "application/x-tar"):
        raise InvalidArgument(f'Content-Type: {kind} is not supported. Should be "application/x-tar"')
    form = ask.text("outputformat")
    if form not in _FORMS:
        raise InvalidArgument(f'outputformat "{form}" is not supported')
    if ask.text("manifest") or ask.flag("allplatforms"):
        raise InvalidArgument("builds for several platforms are not supported: build for each, and list the images")
    names = [name for name in ask.texts("t") if name]
    for name in names:
        local_name(name)

    def further(context: Context, place: str) -> list[str]:
        found = [f"--format={_FORMS[form]}", *_secrets(ask, context, place)]
        if ask.given("layers") and not ask.flag("squash"):
            found.append(f"--layers={str(ask.flag('layers')).lower()}")
        return found

    return build_image(on, ask, docker=False, names=names, containerfile=_containerfile(ask), further=further)


def _containerfile(ask: Request) -> str:
    """podman's own client sends a list, of which one is taken."""
    said = ask.text("dockerfile")
    if not said.startswith("["):
        return said
    names = _list(said, "dockerfile")
    if len(names) > 1:
        raise InvalidArgument("dockerfile: only one Containerfile can be built")
    return names[0] if names else ""


def _secrets(ask: Request, context: Context, place: str) -> Iterator[str]:
    """Secrets for buildah, each of a file of the context: clients put them there. The host's own are not theirs."""
    for number, each in enumerate(_list(ask.text("secrets"), "secrets") if ask.text("secrets") else ()):
        options = dict(word.partition("=")[::2] for word in each.split(","))
        id, source = options.get("id", ""), options.get("src") or options.get("source") or ""
        if not id.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise InvalidArgument("secrets: each needs an id")
        if (data := context.read(source)) is None:
            raise InvalidArgument(f"secrets: there is no file {source!a} in the context")
        write_file(f"{place}/secret.{number}", data)
        yield f"--secret=id={id},src={place}/secret.{number}"


def _list(said: str, name: str) -> list[str]:
    try:
        return decode(said.encode(), list[str])
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise InvalidArgument(f"{name}: {problem}") from None


ROUTES = (
    Route(
        "POST", "/libpod/build", build, *PARAMETERS, flag("layers", True), text("outputformat"),
        text("secrets", about='["id=NAME,src=FILE OF THE CONTEXT"...] as JSON'),
        text("manifest", about="Must be empty"), flag("allplatforms", about="Must be false"),
        flag("httpproxy", about="Accepted, without effect"), texts("output", "Accepted, without effect"),
        flag("identitylabel", about="Accepted, without effect"), body="raw", answer="raw",
    ),
)  # fmt: skip

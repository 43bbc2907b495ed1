"""Lists of images for several platforms, for podman's clients: buildah does it, and its words are told."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...errors import Conflict, InvalidArgument, NoSuchImage, NotFound, SeaboxError
from ...images.buildah import BuildFailed
from ...images.manifest import OCI_INDEX, OCI_MANIFEST, Platform, read_manifest
from ...images.reference import parse
from ...listing.images import digest as digest_of
from ...model.decoding import decode
from ..credentials import access_to
from ..response import Response, empty, json, json_line
from ..routing import Route, flag, number, text, texts
from ..telling import telling
from .pull import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...engine import Engine
    from ...images.skopeo import Access
    from ...kernel.watch import Cancel
    from ...model.image import ImageRow
    from ..request import Request
    from ..telling import Tell

_ID = re.compile(r"^[0-9a-f]{64}", re.MULTILINE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TRANSPORT = re.compile(r"(containers-storage|dir|docker|docker-archive|oci|oci-archive):")
_DOCKER = "docker://"


class NoSuchList(NotFound):
    """No list has this name or id."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: manifest not found")


class Refused(InvalidArgument):
    """buildah, or a registry, does not do it."""


class Modification(msgspec.Struct):
    """What is to be changed of a list, and of those of its images that are named. podman writes keys in two ways."""

    operation: str | None = None  # "update" (add), "remove", "annotate"
    images: list[str] | None = None
    all: bool | None = None
    annotation: list[str] | dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    arch: str | None = None
    features: list[str] | None = None
    os: str | None = None
    os_features: list[str] | None = None
    os_version: str | None = None
    variant: str | None = None

    def flags(self) -> list[str]:
        """buildah's words for it."""
        said = self.annotation or []
        pairs = [f"{key}={value}" for key, value in said.items()] if isinstance(said, dict) else list(said)
        pairs += [f"{key}={value}" for key, value in (self.annotations or {}).items()]
        single = {"arch": self.arch, "os": self.os, "os-version": self.os_version, "variant": self.variant}
        several = {"annotation": pairs, "features": self.features, "os-features": self.os_features}
        found = [f"--{key}={value}" for key, value in single.items() if value]
        return found + [f"--{key}={value}" for key, values in several.items() for value in values or ()]


def _done(
    on: Engine, verb: str, words: Sequence[str], flags: Sequence[str] = (), *, access: Access | None = None,
    cancel: Cancel | None = None, tell: Callable[[str], None] | None = None,
) -> str:  # fmt: skip
    """What buildah said of doing it, of a push the digest; its complaints go to `tell` as well.

    Raises: NotFound, Conflict, Refused.
    """
    said: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}

    def heard(stream: int, piece: bytes) -> None:
        said[stream] += piece
        if tell is not None and stream == 2:
            tell(piece.decode(errors="replace"))

    more = {"access": access} if access else {}
    try:
        digest = on.images.manifest(verb, words, flags=flags, account=heard, cancel=cancel, **more)
    except BuildFailed:
        raise _complaint(said[2].decode(errors="replace")) from None
    return digest if verb == "push" else said[1].decode(errors="replace")


def _complaint(said: str) -> SeaboxError:
    """An error with buildah's last words, as one line."""
    words = said.rpartition("Error: ")[2].strip()
    if "occurred:" in words.partition("\n")[0]:
        words = "; ".join(line.strip(" \t*") for line in words.splitlines()[1:] if line.strip())
    words = " ".join(words.split()) or "buildah failed"
    if "already in use" in words or "already associated" in words:
        return Conflict(words)
    if "image not known" in words or "no instance matching" in words:
        return NotFound(words)
    return Refused(words)


def _exists(on: Engine, name: str) -> bool:
    """Whether there is such a list. Raises: InvalidArgument."""
    parse(name)
    try:
        _done(on, "exists", [name])
    except Refused:
        return False
    return True


def _list(on: Engine, ask: Request) -> str:
    """The name of a list that there is. Raises: NoSuchList."""
    name = ask.place("name")
    try:
        if _exists(on, name):
            return name
    except InvalidArgument:
        pass
    raise NoSuchList(name)


def _image(name: str) -> str:
    """The name of an image, or where one is. Raises: InvalidArgument."""
    if not _TRANSPORT.match(name):
        parse(name.removeprefix("sha256:"))
    return name


def _id(said: str, name: str) -> str:
    found = _ID.search(said)
    return found[0] if found else name


def create(on: Engine, ask: Request) -> Response:
    """There is a list, with these images."""
    return _created(on, ask, ask.place("name"), 201)


def create_as_podman_3(on: Engine, ask: Request) -> Response:
    """As `create`; the name is a parameter."""
    return _created(on, ask, ask.text("name"), 200)


def _created(on: Engine, ask: Request, name: str, status: int) -> Response:
    parse(name)
    body = ask.json(Modification)
    flags = [f"--{word}" for word in ("all", "amend") if ask.flag(word)]
    images = [_image(each) for each in [*ask.texts("images"), *ask.texts("image"), *(body.images or [])]]
    if not ask.flag("tlsVerify"):
        flags.append("--tls-verify=false")
    said = _done(on, "create", [name, *images], flags, cancel=ask.cancel)
    return json({"Id": _id(said, name)}, status)


def exists(on: Engine, ask: Request) -> Response:
    """Whether there is such a list."""
    _list(on, ask)
    return empty(204)


def inspect(on: Engine, ask: Request) -> Response:
    """The list as it would be given to a registry; an image is told of as a list of one."""
    try:
        said = _done(on, "inspect", [_list(on, ask)])
    except NoSuchList:
        try:
            return json(_list_of_one(on.images.find(ask.place("name"))))
        except (NoSuchImage, InvalidArgument):
            pass
        raise
    told = decode(said.encode(), dict[str, Any])
    return json(told | {"manifests": told.get("manifests") or []})


def _list_of_one(image: ImageRow) -> dict[str, object]:
    stored = decode(image.config, Platform)
    entry = {
        "mediaType": read_manifest(image.manifest).kind() if image.manifest else OCI_MANIFEST,
        "digest": digest_of(image), "size": len(image.manifest), "platform": stored,
    }  # fmt: skip
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}


def add(on: Engine, ask: Request) -> Response:
    """More images are in the list, in podman 3's way."""
    name, body = _list(on, ask), ask.json(Modification)
    return json({"Id": _added(on, ask, name, body, [_image(each) for each in body.images or []])})


def _added(on: Engine, ask: Request, name: str, body: Modification, images: Sequence[str]) -> str:
    flags = body.flags() + (["--all"] if body.all else [])
    id = name
    for image in images:
        access = access_to(ask, image.removeprefix(_DOCKER), verify(ask))
        id = _id(_done(on, "add", [name, image], flags, access=access, cancel=ask.cancel), id)
    return id


def modify(on: Engine, ask: Request) -> Response:
    """Images were added to the list or removed, or more is said of them. 409: of some of them only."""
    name, body = _list(on, ask), ask.json(Modification)
    operation = (body.operation or "").lower()
    if operation not in ("update", "remove", "annotate"):
        raise InvalidArgument(f"illegal operation {operation!r} for {name!r}")
    if not body.images:
        raise InvalidArgument("say which images are meant")
    id, changed, problems = name, list[str](), list[SeaboxError]()
    for image in body.images:
        try:
            if operation == "update":
                id = _added(on, ask, name, body, [_image(image)])
            else:
                flags = body.flags() if operation == "annotate" else []
                id = _id(_done(on, operation, [name, _digest(on, image)], flags, cancel=ask.cancel), id)
            changed.append(image)
        except (NotFound, InvalidArgument, Conflict) as problem:
            problems.append(problem)
    if problems and not changed:
        raise problems[0]
    report = {"Id": id, "images": changed, "errors": [str(each) for each in problems]}
    return json(report if problems else {"Id": id, "images": changed}, 409 if problems else 200)


def _digest(on: Engine, text: str) -> str:
    """The digest that is said, or the one of the image that is named. Raises: InvalidArgument, NoSuchImage."""
    if found := _DIGEST.search(text):
        return found[0]
    return digest_of(on.images.find(text)) or text


def remove_list(on: Engine, name: str) -> tuple[list[str], list[str]]:
    """There is no such list: the names that are gone, and its id. Raises: InvalidArgument, NotFound."""
    parse(name)
    said = _done(on, "rm", [name]).splitlines()
    untagged = [line.removeprefix("untagged: ") for line in said if line.startswith("untagged: ")]
    return untagged, [line for line in said if _ID.match(line)]


def remove(on: Engine, ask: Request) -> Response:
    """There is no such list; in podman 3's way the image with the `digest` is not in it."""
    name = _list(on, ask)
    if ask.text("digest"):
        return json({"Id": _id(_done(on, "remove", [name, _digest(on, ask.text("digest"))]), name)})
    untagged, deleted = remove_list(on, name)
    return json({"Untagged": untagged, "Deleted": deleted, "Errors": [], "ExitCode": 0})


def push(on: Engine, ask: Request) -> Response:
    """The list is in a registry, and with `all` its images. Without `quiet` its giving is told line by line."""
    pushed = _push(on, ask, ask.place("destination"))
    if ask.flag("quiet"):
        return json({"Id": pushed(ask.cancel, None)})

    def work(tell: Tell, cancel: Cancel) -> None:
        id = pushed(cancel, lambda words: tell(json_line({"Id": "", "stream": words})))
        tell(json_line({"Id": id}))

    return telling(work, ask.cancel, lambda problem: json_line({"Id": "", "error": str(problem)}), at_once=True)


def push_as_podman_3(on: Engine, ask: Request) -> Response:
    """As `push`, quiet; the destination is a parameter."""
    return json({"Id": _push(on, ask, ask.text("destination"))(ask.cancel, None)})


def _push(on: Engine, ask: Request, target: str) -> Callable[[Cancel, Callable[[str], None] | None], str]:
    """What pushes it, and says the digest that it has there. Raises: InvalidArgument, NoSuchList."""
    target = target.removeprefix(_DOCKER)
    parse(target)
    name, access = _list(on, ask), access_to(ask, target, verify(ask))
    flags = ["--all"] if ask.flag("all") else []
    flags += ["--remove-signatures"] if ask.flag("removeSignatures") else []
    if form := ask.text("format"):
        if form not in ("oci", "v2s2"):
            raise InvalidArgument(f'unknown format "{form}": it must be oci or v2s2')
        flags.append(f"--format={form}")

    def pushed(cancel: Cancel, tell: Callable[[str], None] | None) -> str:
        return _done(on, "push", [name, f"{_DOCKER}{target}"], flags, access=access, cancel=cancel, tell=tell)

    return pushed


_CREATED = (texts("images"), texts("image"), flag("all"), flag("amend"), flag("tlsVerify", True))
_PUSHED = (flag("all"), flag("removeSignatures"), flag("tlsVerify", True), text("format"))
ROUTES = (
    Route("POST", "/libpod/manifests/create", create_as_podman_3, text("name"), *_CREATED, body=Modification),
    Route("GET", "/libpod/manifests/{name...}/exists", exists, answer=None, status=204),
    Route("GET", "/libpod/manifests/{name...}/json", inspect, flag("tlsVerify", True)),
    Route("POST", "/libpod/manifests/{name...}/add", add, flag("tlsVerify", True), body=Modification),
    Route("POST", "/libpod/manifests/{name...}/push", push_as_podman_3, text("destination"), *_PUSHED),
    Route("POST", "/libpod/manifests/{name...}/registry/{destination...}", push, flag("quiet", True),
          text("compressionFormat"), number("compressionLevel"), flag("forceCompressionFormat"),
          texts("addCompression"), *_PUSHED, answer="lines"),
    Route("POST", "/libpod/manifests/{name...}", create, *_CREATED, body=Modification, status=201),
    Route("PUT", "/libpod/manifests/{name...}", modify, flag("tlsVerify", True), body=Modification),
    Route("DELETE", "/libpod/manifests/{name...}", remove, text("digest"), flag("ignore")),
)  # fmt: skip

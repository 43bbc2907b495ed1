"""Images that come from a registry, as podman's clients ask for them."""

from __future__ import annotations

from ...errors import InvalidArgument, NoSuchImage
from ...images.pull import POLICIES
from ...images.reference import parse
from ..credentials import access_to
from ..progress import Pulled, failure
from ..response import Response, json, json_line
from ..routing import Route, flag, number, text
from ..telling import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...images.skopeo import Access
    from ...kernel.watch import Cancel
    from ..request import Request
    from ..telling import Tell

_DOCKER = "docker://"


def pull(on: Engine, ask: Request) -> Response:
    """The image is here. A failure after the first word is told in the stream, with the status of a success."""
    name = registry_name(ask.text("reference"))
    if ask.flag("quiet") and ask.flag("compatMode"):
        raise InvalidArgument("'quiet' and 'compatMode' cannot be used simultaneously")
    if ask.text("policy") not in POLICIES:
        raise InvalidArgument(f'unsupported pull policy "{ask.text("policy")}"')
    wanted = _Wanted(on, ask, name)
    if ask.flag("quiet"):
        return json(wanted.quietly())
    if ask.flag("compatMode"):
        return telling(wanted.as_docker, ask.cancel, failure)
    return telling(wanted.as_podman, ask.cancel, lambda problem: json_line({"error": str(problem)}), at_once=True)


def registry_name(text: str) -> str:
    """What `text` names, if that is in a registry. Raises: InvalidArgument."""
    name = text.removeprefix(_DOCKER)
    if not name:
        raise InvalidArgument("reference parameter cannot be empty")
    parse(name)
    return name


def verify(ask: Request) -> bool | None:
    """tls_verify: clients send "true" when nobody asked for it, so that it means what the host's files say."""
    return None if ask.flag("tlsVerify") else False


class _Wanted:
    """What is to be pulled, and how."""

    def __init__(self, on: Engine, ask: Request, name: str) -> None:
        self._on, self._ask, self._name = on, ask, name
        self._access: Access = access_to(ask, name, verify(ask))

    def _names(self) -> list[str]:
        if not self._ask.flag("allTags"):
            return [self._name]
        found = parse(self._name)
        place = f"{found.registry or 'docker.io'}/{found.repository}"
        return [f"{place}:{tag}" for tag in self._on.images.tags(place, self._access)]

    def _pull(self, name: str, heard: Tell | None, cancel: Cancel, told: Pulled | None = None) -> str:
        ask = self._ask
        progress = told.heard if told else None if heard is None else lambda line: heard(_line(line))
        return self._on.images.pull(
            name, policy=ask.text("policy"), access=self._access, arch=ask.text("Arch"), os=ask.text("OS"),
            variant=ask.text("Variant"), progress=progress, cancel=cancel,
        )  # fmt: skip

    def quietly(self) -> dict[str, object]:
        """The images are here; what is told of it at the end, and only then."""
        try:
            return _report([self._pull(name, None, self._ask.cancel) for name in self._names()])
        except Exception as problem:
            return {"error": str(problem)}

    def as_podman(self, tell: Tell, cancel: Cancel) -> None:
        """Every line of podman's, and the ids of what has come."""
        tell(json_line(_report([self._pull(name, tell, cancel) for name in self._names()])))

    def as_docker(self, tell: Tell, cancel: Cancel) -> None:
        """docker's lines, the last with the beginning of an id."""
        for name in self._names():
            told = Pulled(tell, name)
            try:
                before = self._on.images.find(name).id
            except NoSuchImage:
                before = ""
            id = self._pull(name, None, cancel, told)
            told.unpacked(id, before)
            told.say("Pull complete", id[:12])


def _line(text: str) -> bytes:
    return json_line({"stream": f"{text}\n"})


def _report(ids: list[str]) -> dict[str, object]:
    return {"images": ids, "id": ids[-1] if ids else ""}


ROUTES = (
    Route(
        "POST", "/libpod/images/pull", pull, text("reference", about="The image"), flag("quiet"), flag("allTags"),
        flag("compatMode", about="Tell as docker does"), text("policy", "always", "always, missing, newer, never"),
        flag("tlsVerify", True), text("Arch"), text("OS"), text("Variant"),
        number("retry", about="Accepted, without effect"), text("retrydelay", about="Accepted, without effect"),
        flag("pullProgress", about="Accepted, without effect"), answer="raw",
    ),
)  # fmt: skip

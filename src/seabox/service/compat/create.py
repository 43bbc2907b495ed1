"""POST /containers/create, and update, as dockerd answers them."""

from __future__ import annotations

import os

from ...errors import InvalidArgument, NameInUse, NoSuchContainer, NoSuchImage, NotFound, Unsupported
from ...images.manifest import Platform
from ...images.manifest import platform as wanted_platform
from ...images.reference import parse
from ...kernel import files
from ...model.decoding import decode
from ..response import Response, json
from ..routing import Route, text
from .asked import asked_for
from .asked_limits import changed_limits, restart_policy
from .create_body import CreateBody, UpdateBody
from .port_ranges import chosen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request
    from .asked import Asked


class DockersNameInUse(NameInUse):
    """In the words that Docker's clients look for."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(name, owner)
        text = f'Conflict. The container name "/{name}" is already in use by container "{owner}".'
        self.args = (f"{text} You have to remove (or rename) that container to be able to reuse that name.",)


class DockersNoSuchImage(NoSuchImage):
    """In the words that Docker's clients look for: they get the image then."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.args = (f"No such image: {name}",)


class WrongPlatform(NotFound):
    """The image that is here runs on something else."""

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(
            f"image with reference {name} was found but does not provide the specified platform ({wanted})"
        )


def create(on: Engine, ask: Request) -> Response:
    """A container is there."""
    asked = asked_for(ask.json(CreateBody), ask.text("name"))
    image = _image(on, asked.image, ask.text("platform"))
    if asked.keeps_command:
        asked.command = list(on.images.get(image.id).command)
    _check_links(on, asked)
    asked.options["publish"] = chosen(asked.options["publish"])
    for path in asked.to_make:
        if not os.path.lexists(path):
            files.make_dirs(os.path.abspath(path), 0o755)
    try:
        ctr = on.containers.create(asked.image, asked.command, **asked.options)
    except NameInUse as taken:
        raise DockersNameInUse(taken.name, taken.owner) from None
    except NoSuchImage as missing:
        raise DockersNoSuchImage(missing.name) from None
    except Unsupported as problem:  # it is the request that asks for it
        raise InvalidArgument(str(problem)) from None
    return json({"Id": ctr.id, "Warnings": asked.warnings}, 201)


def update(on: Engine, ask: Request) -> Response:
    """A container has other limits, or another restart policy."""
    said = ask.json(UpdateBody)
    changes = changed_limits(said)
    if said.restart_policy is not None and said.restart_policy.name:
        changes["restart"] = restart_policy(said.restart_policy)
    ctr = on.containers.get(ask.place("name"))
    if changes:
        try:
            ctr.update(cancel=ask.cancel, **changes)
        except Unsupported as problem:
            raise InvalidArgument(str(problem)) from None
    return json({"Warnings": []})


def _image(on: Engine, name: str, platform: str) -> ImageRow:
    """The image, if it is here and of that platform. Raises: NoSuchImage, InvalidArgument."""
    try:
        image = on.images.find(name)
    except NoSuchImage:
        raise DockersNoSuchImage(name if "@" in name else str(parse(name))) from None
    if platform:
        has, wanted = decode(image.config, Platform), wanted_platform(platform)
        if has.architecture and (has.os, has.architecture) != (wanted.os, wanted.architecture):
            raise WrongPlatform(name, str(wanted))
    return image


def _check_links(on: Engine, asked: Asked) -> None:
    """Nothing, if the containers that it is linked to are there. Raises: InvalidArgument: a 404 is about an image."""
    for name in asked.linked:
        try:
            on.containers.get(name)
        except NoSuchContainer as missing:
            raise InvalidArgument(f"could not get container for {name}: {missing}") from None


ROUTES = (
    Route(
        "POST", "/containers/create", create, text("name", about="of the container"),
        text("platform", about="os[/architecture[/variant]] of the image"), body=CreateBody, status=201,
    ),
    Route("POST", "/containers/{name}/update", update, body=UpdateBody),
)  # fmt: skip

"""Removing images for podman's clients: by force, their containers go as well."""

from __future__ import annotations

from ...errors import InUse, InvalidArgument, NotFound, SeaboxError
from ...listing.image_filters import matcher
from ...model.literals import read_bool
from ..response import Response, json
from ..routing import Route, filters, flag, texts
from .manifests import remove_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ...model.image import ImageRow
    from ..request import Request


class _Report:
    """What was done, and what not."""

    def __init__(self) -> None:
        self.untagged: list[str] = []
        self.deleted: list[str] = []
        self.problems: list[SeaboxError] = []

    def remove(self, on: Engine, name: str, *, force: bool) -> None:
        """The name is gone, or the image; if not, why."""
        try:
            done = on.images.remove(name, force=force)
        except SeaboxError as problem:
            self.problems.append(problem)
            return
        self.untagged += done.untagged
        if done.deleted:
            self.deleted.append(done.deleted)

    def remove_list(self, on: Engine, name: str) -> None:
        """The list of images is gone; if not, why."""
        try:
            untagged, deleted = remove_list(on, name)
        except SeaboxError as problem:
            self.problems.append(problem)
            return
        self.untagged += untagged
        self.deleted += deleted

    @property
    def code(self) -> int:
        """The exit code of `rmi`."""
        if not self.problems:
            return 0
        if all(isinstance(problem, NotFound) for problem in self.problems):
            return 1
        return 2 if any(isinstance(problem, InUse) for problem in self.problems) else 125

    def answer(self) -> Response:
        """It, for the client."""
        return json({
            "Untagged": self.untagged, "Deleted": self.deleted, "Errors": [str(each) for each in self.problems],
            "ExitCode": self.code,
        })  # fmt: skip


def remove(on: Engine, ask: Request) -> Response:
    """One name is gone, or one image."""
    report = _Report()
    report.remove(on, ask.place("name"), force=ask.flag("force"))
    if report.problems:
        raise report.problems[0]
    return report.answer()


def remove_several(on: Engine, ask: Request) -> Response:
    """These are gone, or all; those that are not are told of."""
    force, every = ask.flag("force"), ask.flag("all")
    names = [name for image in on.images.list() for name in _all_of(on, image, force)] if every else ask.texts("images")
    report = _Report()
    for name in names:
        if ask.flag("lookupManifest"):
            report.remove_list(on, name)
        else:
            report.remove(on, name, force=force)
    if ask.flag("ignore") or every:
        report.problems = [each for each in report.problems if not isinstance(each, NotFound)]
    return report.answer()


def _all_of(on: Engine, image: ImageRow, force: bool) -> list[str]:
    """What to remove so that the image is gone; if it may not go, what leads to that being said, and to no more."""
    return [image.id] if force or not image.names or on.images.users(image.id) else list(image.names)


def prune(on: Engine, ask: Request) -> Response:
    """Images that nothing uses are gone: those without a name, or all."""
    conditions = ask.filters()
    every = ask.flag("all")
    for value in conditions.pop("all", [])[:1]:
        try:
            every = read_bool(value)
        except ValueError:
            raise InvalidArgument(f'all must be true or false, not "{value}"') from None
    conditions.pop("dangling", None)
    fits = matcher(on, [f"{key}={value}" for key, values in conditions.items() for value in values])
    before = {image.id: image for image in on.images.list()}
    gone = on.images.prune(all=every, keep=[image.id for image in before.values() if not fits(image)])
    return json([{"Id": id, "Err": None, "Size": before[id].size if id in before else 0} for id in gone])


ROUTES = (
    Route("DELETE", "/libpod/images/remove", remove_several, texts("images"), flag("all"), flag("force"),
          flag("ignore"), flag("lookupManifest")),
    Route("DELETE", "/libpod/images/{name...}", remove, flag("force")),
    Route("POST", "/libpod/images/prune", prune, flag("all"), flag("external"), flag("buildcache"), filters()),
)  # fmt: skip

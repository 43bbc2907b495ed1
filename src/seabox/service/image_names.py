"""What Docker's clients call images: names without a registry are Docker Hub's, and are shown without it.

The engine makes such names `localhost/NAME` where podman does; Docker's clients find those as well, after the Hub's.
"""

from __future__ import annotations

from ..errors import InvalidArgument, NoSuchImage
from ..images.naming import meant
from ..images.reference import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..engine import Engine
    from ..model.image import ImageRow

_HUB = "docker.io"


class NoSuchImageForDocker(NoSuchImage):
    """Docker's clients know it by these words."""

    def __init__(self, name: str) -> None:
        NoSuchImage.__init__(self, name)
        self.args = (f"No such image: {_with_tag(name)}",)


def complete(name: str) -> str:
    """The complete name that a Docker client's `name` means: "docker.io/library/busybox:latest" for "busybox".

    Raises: InvalidArgument.
    """
    found = parse(name)
    return str(found) if found.registry else str(parse(f"{_HUB}/{found}"))


def joined(repository: str, tag: str) -> str:
    """The complete name for the parameters `repo` and `tag`; a tag may also be a digest. Raises: InvalidArgument."""
    if not repository:
        raise InvalidArgument("invalid reference format: a repository is needed")
    if not tag:
        return complete(repository)
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    return complete(f"{repository}@{tag}" if ":" in tag else f"{repository}:{tag}")


def short(name: str) -> str:
    """A complete name as Docker's clients show it: "busybox:latest" for "docker.io/library/busybox:latest"."""
    return name.removeprefix(f"{_HUB}/").removeprefix("library/") if name.startswith(f"{_HUB}/") else name


def find(on: Engine, name: str) -> ImageRow:
    """The image that a Docker client means: by name (the Hub's, localhost's, any registry's), id or id's beginning.

    Raises: NoSuchImage in Docker's words, InvalidArgument.
    """
    try:
        if not name.startswith("sha256:"):
            try:
                return on.images.find(complete(name))
            except NoSuchImage:
                pass
        return on.images.find(name)
    except NoSuchImage:
        raise NoSuchImageForDocker(name) from None


def find_any(on: Engine, name: str) -> ImageRow:
    """As `find`; or the list of images that bears the name. Raises: as `find`."""
    try:
        return find(on, name)
    except NoSuchImage:
        if (found := on.images.find_list(name)) is None:
            raise
        return found


def names_meant(image: ImageRow, name: str) -> list[str]:
    """The names of the image that `name`, as a Docker client gave it, means; none if it is an id."""
    if not name.startswith("sha256:") and (whole := complete(name)) in (*image.names, *image.digests):
        return [whole]
    return sorted(meant(image, name))


def _with_tag(name: str) -> str:
    return name if name.startswith("sha256:") else short(complete(name))

"""Volumes under both APIs: found by their whole name, pruned with what that gives back."""

from __future__ import annotations

from ..errors import InvalidArgument, NotFound, Unsupported
from ..listing.volume_filters import matcher
from ..usage import tree_size
from ..volumes.errors import NoSuchVolume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..engine import Engine
    from ..model.volume import Volume
    from .request import Request

_OF_LISTS = ("name", "driver", "scope")


class NoSuchDriver(NotFound):
    """There is no such driver of volumes: there is only `local`."""


def exact(on: Engine, name: str) -> Volume:
    """The volume of this very name: clients ask whether one is there before they make it. Raises: NoSuchVolume."""
    if not on.volumes.exists(name):
        raise NoSuchVolume(name)
    return on.volumes.get(name)


def create(
    on: Engine, name: str | None, driver: str | None, options: Mapping[str, str] | None,
    labels: Mapping[str, str] | None, *, ignore: bool,
) -> Volume:  # fmt: skip
    """The volume exists; one without a name is anonymous. Raises: InvalidArgument, NoSuchDriver, VolumeExists."""
    try:
        return on.volumes.create(
            name or None, driver=driver or "local", options=options, labels=labels, ignore=ignore, anonymous=not name
        )
    except Unsupported as problem:
        if driver not in (None, "", "local"):
            raise NoSuchDriver(str(problem)) from None
        raise InvalidArgument(str(problem)) from None


def fitting(on: Engine, conditions: list[str]) -> Callable[[Volume], bool]:
    """Whether a volume fits: labels all, of other keys one. Raises: InvalidArgument, NoSuchVolume."""
    labels = [matcher(on, [text]) for text in conditions if text.startswith("label")]
    rest = matcher(on, [text for text in conditions if not text.startswith("label")])
    return lambda volume: rest(volume) and all(fits(volume) for fits in labels)


def prune(on: Engine, ask: Request, fits: Callable[[Volume], bool] = lambda volume: True) -> list[tuple[Volume, int]]:
    """The volumes that no container uses, and the request's filters and `fits` fit, are gone: with their bytes."""
    for key in ask.filters():
        if key in _OF_LISTS:
            raise InvalidArgument(f'"{key}" is an invalid volume filter')
    asked = fitting(on, [text for text in ask.conditions() if not text.startswith("all=")])

    def goes(volume: Volume) -> bool:
        return fits(volume) and asked(volume)

    sizes = {volume.name: tree_size(volume.mountpoint) for volume in on.volumes.unused(goes)}
    return [(volume, sizes.get(volume.name, 0)) for volume in on.volumes.prune(goes)]

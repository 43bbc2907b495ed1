"""Mounts that a container gets without naming each: those of another container, and the volumes of its image."""

from __future__ import annotations

from ..errors import InvalidArgument, NotFound
from .mounts_syntax import tmpfs_mount, volume
from .text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..model.container import CreateRequest, ImageConfig, Mount

    FindMounts = Callable[[str], Iterable[Mount]]  # of the container of this name or id; raises NoSuchContainer

MODES = ("bind", "anonymous", "tmpfs", "ignore")
_WORDS = ("ro", "rw", "z")


def inherit(
    asked: tuple[Mount, ...], request: CreateRequest, image: ImageConfig | None, *, mode: str, find_mounts: FindMounts
) -> tuple[Mount, ...]:
    """What was asked for, and after it what others bring where nothing is yet; of several containers the last wins.

    Raises: InvalidArgument.
    """
    if mode not in MODES:
        raise InvalidArgument(f'invalid image-volume type "{mode}". Pick one of bind, anonymous, tmpfs, or ignore')
    found = {mount.destination: mount for mount in asked}
    brought = {mount.destination: mount for text in request.volumes_from for mount in _of(text, find_mounts)}
    found |= {place: mount for place, mount in brought.items() if place not in found}
    for place in image.volumes if image is not None and mode != "ignore" else ():
        place = f"/{place.lstrip('/')}"  # an image may say anything
        mount = tmpfs_mount(place, ("exec",)) if mode == "tmpfs" else volume("", place, ("suid",))
        found.setdefault(mount.destination, mount)
    return tuple(found.values())


def _of(text: str, find_mounts: FindMounts) -> list[Mount]:
    """The mounts of the container in NAME[:OPTIONS]."""
    from msgspec.structs import replace

    name, _, words = plain("volumes-from", text).partition(":")
    options = [word for word in words.split(",") if word]
    for word in options:
        if word not in _WORDS:
            raise InvalidArgument(
                f"invalid options {words!a}, can only specify 'ro', 'rw', and 'z' when using volumes-from: "
                "invalid argument"
            )
    if len(options) != len(set(options)) or {"ro", "rw"} <= set(options):
        raise InvalidArgument(f"invalid options {words!a}, each can be specified only once: invalid argument")
    try:
        mounts = list(find_mounts(name))
    except NotFound as missing:
        raise InvalidArgument(f'error looking up container "{name}" for volumes-from: {missing}') from None
    given = tuple(word for word in options if word != "z")
    if not given:
        return mounts
    return [
        replace(mount, options=(*(option for option in mount.options if option not in ("ro", "rw")), *given))
        for mount in mounts
    ]

"""The directory a container's process starts in."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, Refused
from ..kernel.files import make_dirs_in_root, open_in_root
from .text import normal, plain, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig
    from .place import Place
    from .users import Identity

_FROM_KERNEL = ("/proc", "/sys", "/dev")  # there once the runtime has mounted them


def absolute_workdir(path: str) -> str:
    """`path` in its normal form, if it can be a working directory. Raises: InvalidArgument."""
    if not plain("working directory", path).startswith("/"):
        raise InvalidArgument(f"the working directory {path!r} is invalid, it needs to be an absolute path")
    clean = normal(path)
    if leads_out(clean):
        raise InvalidArgument(f"the working directory {clean!r} is invalid: it could be outside of the container")
    return clean


def leads_out(path: str) -> bool:
    """Whether the normal `path` goes through a link of /proc that may point outside of the container's root."""
    parts = path.split("/")
    return within(path, "/dev/fd") or (
        parts[1] == "proc" and not {"fd", "cwd", "root", "map_files", "task", "exe"}.isdisjoint(parts[2:])
    )


def make_workdir(config: ContainerConfig, place: Place, identity: Identity) -> None:
    """The working directory that the image names exists, and is the user's if it was made here.

    Raises: Refused if something else is in the way.
    """
    if config.workdir_given or _place_of(config, place) != (place.rootfs, config.workdir):
        return
    if not any(within(config.workdir, top) for top in _FROM_KERNEL):
        try:
            make_dirs_in_root(place.rootfs, config.workdir, 0o755, identity.uid, identity.gid)
        except OSError as problem:
            raise _missing(config, f" and cannot be made: {problem.strerror}") from None


def check_workdir(config: ContainerConfig, place: Place) -> None:
    """The working directory is a directory inside of the container.

    Raises: Refused with podman's words.
    """
    if any(within(config.workdir, top) for top in _FROM_KERNEL):
        return
    root, path = _place_of(config, place)
    try:
        fd = open_in_root(root, path, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        if any(within(mount.destination, config.workdir) for mount in config.mounts):
            return  # the runtime makes it, to put the mount there
        raise _missing(config) from None
    try:
        found = os.readlink(f"/proc/self/fd/{fd}").removeprefix(os.path.realpath(root).rstrip("/")) or "/"
    finally:
        os.close(fd)
    if root == place.rootfs and (leads_out(found) or any(within(found, top) for top in _FROM_KERNEL)):
        raise Refused(f'workdir "{config.workdir}" on container {config.id} is a link to {found!r}: not followed')


def _place_of(config: ContainerConfig, place: Place) -> tuple[str, str]:
    """The directory on the host, and the path below it, where the working directory will come from."""
    covering = [mount for mount in config.mounts if within(config.workdir, mount.destination)]
    if not covering:
        return place.rootfs, config.workdir
    mount = max(covering, key=lambda mount: len(mount.destination))
    rest = config.workdir[len(mount.destination) :] or "/"
    if mount.type == "bind":
        return mount.source, rest
    return (place.rootfs, "/") if rest == "/" else (place.rootfs, config.workdir)  # a tmpfs takes up what was there


def _missing(config: ContainerConfig, why: str = "") -> Refused:
    return Refused(f'workdir "{config.workdir}" does not exist on container {config.id}{why}')

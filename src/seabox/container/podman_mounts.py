"""What podman mounted in a container, as our mounts; and whether criu will find all of it again."""

from __future__ import annotations

from ..errors import Unsupported
from ..model.container import Mount
from ..model.ids import is_id
from ..spec.process import INIT
from ..spec.text import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..checkpoint.podman import Described, NamedVolume
    from ..checkpoint.podman import Mount as Theirs

# What a container has anyway, there as here.
_KERNEL = frozenset(
    "/proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup /sys/fs/cgroup/systemd".split()
)  # fmt: skip
_ENGINE = frozenset(
    ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv", "/dev/shm", "/dev/mqueue", INIT)
)


def mounts_of(found: Described) -> tuple[Mount, ...]:
    """The mounts that were asked for. Raises: Unsupported: there were others that nobody will make here."""
    asked = [*_asked(found)]
    known = {mount.destination for mount in asked} | _ENGINE
    if found.config.timezone:
        known.add("/etc/localtime")
    for mount in found.spec.mounts or ():
        place = normal(mount.destination)
        if _is_bind(mount) and place not in known:
            raise Unsupported(
                f"a checkpoint made by podman that cannot be restored here: its processes stand on podman's own mount "
                f"at {place!a}"
            )
    return tuple(asked)


def _is_bind(mount: Theirs) -> bool:
    return mount.type == "bind" or not {"bind", "rbind"}.isdisjoint(mount.options or ())


def _asked(found: Described) -> Iterator[Mount]:
    for volume in found.config.named_volumes or ():
        yield _volume(volume)
    for mount in found.config.spec.mounts or ():
        place = normal(mount.destination)
        if place == INIT or (place in _KERNEL and not _is_bind(mount)):
            continue
        options = tuple(mount.options or ())
        if _is_bind(mount):
            yield Mount(type="bind", source=mount.source, destination=place, options=options)
        elif mount.type == "tmpfs":
            yield Mount(type="tmpfs", destination=place, options=options)
        else:
            raise Unsupported(f"its container has a mount of the kind {mount.type!a} at {place!a}")


def _volume(volume: NamedVolume) -> Mount:
    anonymous = volume.anonymous or is_id(volume.name)
    return Mount(
        type="volume", source=volume.name, destination=normal(volume.dest), options=tuple(volume.options or ()),
        anonymous=anonymous,
    )  # fmt: skip

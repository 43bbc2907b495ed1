"""A container's volumes: provided before it runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig, Mount
    from .guard import Locked

_OPPOSITE = {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec"}


def provided(ctr: Locked, rootfs: str) -> ContainerConfig:
    """The configuration with volumes as directories of the host.

    The first use of a volume may copy what the image has in its place: that is done with the lock released.
    Raises: NoSuchVolume, CannotMount, Refused (no such user, no such part of a volume).
    """
    from msgspec.structs import replace

    config = ctr.config
    owner: tuple[int, int] | None = None
    mounts: list[Mount] = []
    for number, mount in enumerate(config.mounts):
        if mount.type == "volume":
            if owner is None:
                owner = _user(config, rootfs)
            used = replace(mount, options=(*mount.options, "nocopy")) if mount.subpath else mount
            path, forbidden = ctr.on.volume_uses.provide(ctr.id, used, rootfs, owner, ctr.released)
            if mount.subpath:
                from .parts import show

                path = show(ctr, number, path, mount.subpath)
            allowed = [o for o in mount.options if o not in forbidden and _OPPOSITE.get(o) not in forbidden]
            mount = replace(mount, type="bind", source=path, options=(*allowed, *forbidden))
        mounts.append(mount)
    return replace(config, mounts=tuple(mounts))


def _user(config: ContainerConfig, rootfs: str) -> tuple[int, int]:
    from ..spec.users import look_up

    who = look_up(rootfs, config.user, config.groups, config.host_users)
    return who.uid, who.gid

"""Everything that is mounted in a container, in order."""

from __future__ import annotations

import os
import stat

from ..errors import Refused, Unsupported
from ..model import oci
from . import etcfiles, systemd_mode
from .mounts_syntax import CHOWN, COPY, OVERLAY
from .process import INIT
from .text import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import ContainerConfig, Mount
    from .facts import HostFacts
    from .place import Place
    from .users import Identity

_KERNEL = ("nosuid", "noexec", "nodev")
_WRITABLE = ("/run", "/tmp", "/var/tmp")
_NOT_FOR_RUNTIMES = frozenset((CHOWN, OVERLAY, *COPY, "z", "Z", "notmpcopyup"))  # SELinux labels: there is none


def check_root(rootfs: str) -> None:
    """The root's /dev, /proc and /sys are directories, or absent: no link that would lead a runtime's mounts astray.

    Raises: Refused.
    """
    if not os.path.isdir(rootfs):
        raise Refused(f"stat {rootfs}: no such directory")
    for name in ("dev", "proc", "sys"):
        try:
            mode = os.lstat(f"{rootfs}/{name}").st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "no directory"
            raise Refused(f"the root filesystem is not safe to run: its /{name} is {kind}")


def mount_list(
    config: ContainerConfig, place: Place, identity: Identity, facts: HostFacts
) -> tuple[oci.Mount, ...]:
    """All mounts, parents before children; what the user asks for takes the place of our own.

    Raises: Unsupported if --init is asked for and there is no catatonit.
    """
    asked = [_asked(mount, f"{place.overlays}/{number}", identity) for number, mount in enumerate(config.mounts)]
    taken = {mount.destination for mount in asked}
    binds = [mount.destination for mount in asked if mount.type == "bind"]  # below them is the host's, not ours
    ours = {
        mount.destination: mount  # a later one takes the place of an earlier one
        for mount in (
            *_base(config, place),
            *(systemd_mode.mounts(facts, config.namespaces.cgroup) if config.systemd else ()), *_writable(config),
            *etcfiles.etc_mounts(config, place, identity),
        )
    }  # fmt: skip
    own = [
        mount
        for mount in ours.values()
        if mount.destination not in taken and not any(within(mount.destination, bind) for bind in binds)
    ]
    if config.init:
        own.append(_init(config.init_path or place.catatonit))
    return tuple(sorted(own + asked, key=lambda mount: mount.destination.count("/")))


def _asked(mount: Mount, elsewhere: str, identity: Identity) -> oci.Mount:
    options = tuple(option for option in mount.options if option not in _NOT_FOR_RUNTIMES)
    if CHOWN in mount.options and mount.type == "tmpfs":
        options += (f"uid={identity.uid}", f"gid={identity.gid}")
    if OVERLAY in mount.options:
        given = tuple(option for option in options if option.startswith(("upperdir=", "workdir=")))
        own = given or (f"upperdir={elsewhere}/upper", f"workdir={elsewhere}/work")
        return oci.Mount(
            destination=mount.destination, type="overlay", source="overlay",
            options=(f"lowerdir={mount.source}", *own, "private"),
        )  # fmt: skip
    return oci.Mount(
        destination=mount.destination, type=mount.type, source=mount.source or mount.type, options=options
    )


def to_overlay(config: ContainerConfig, place: Place) -> tuple[tuple[str, str], ...]:
    """A directory for each mount with the option O, and whose owner and mode it needs, for the caller to make."""
    return tuple(
        (f"{place.overlays}/{number}", mount.source)
        for number, mount in enumerate(config.mounts)
        if OVERLAY in mount.options and not any(option.startswith("upperdir=") for option in mount.options)
    )


def _base(config: ContainerConfig, place: Place) -> Iterable[oci.Mount]:
    writable = "rw" if config.security.privileged else "ro"
    yield oci.Mount(destination="/proc", type="proc", source="proc", options=(*_KERNEL, *config.security.proc_options))
    yield oci.Mount(
        destination="/dev", type="tmpfs", source="tmpfs",
        options=("nosuid", "noexec", "strictatime", "mode=755", "size=65536k", *_sealed(config)),
    )  # fmt: skip
    yield oci.Mount(destination="/sys", type="sysfs", source="sysfs", options=(*_KERNEL, writable))
    yield oci.Mount(
        destination="/dev/pts", type="devpts", source="devpts",
        options=("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    )  # fmt: skip
    yield _mqueue(config)
    if config.namespaces.ipc != "none":
        yield _shm(config, place)
    yield oci.Mount(
        destination="/sys/fs/cgroup", type="cgroup", source="cgroup", options=(*_KERNEL, "relatime", writable)
    )


def _mqueue(config: ContainerConfig) -> oci.Mount:
    if config.namespaces.ipc == "host" and os.path.isdir("/dev/mqueue"):
        return oci.Mount(destination="/dev/mqueue", type="bind", source="/dev/mqueue", options=("rbind", *_KERNEL))
    return oci.Mount(destination="/dev/mqueue", type="mqueue", source="mqueue", options=_KERNEL)


def _shm(config: ContainerConfig, place: Place) -> oci.Mount:
    source = place.shm or ("/dev/shm" if config.namespaces.ipc == "host" and os.path.isdir("/dev/shm") else "")
    if source:
        return oci.Mount(destination="/dev/shm", type="bind", source=source, options=("rbind", "rprivate", *_KERNEL))
    size = (f"size={config.shm_size}",) if config.shm_size else ()
    options = (*_KERNEL, "mode=1777", *size, *_sealed(config))
    return oci.Mount(destination="/dev/shm", type="tmpfs", source="shm", options=options)


def _sealed(config: ContainerConfig) -> tuple[str, ...]:
    """Of the file systems that a read-only container could write to all the same, if it shall not (as podman 5)."""
    return ("ro",) if config.security.read_only and not config.security.read_only_tmpfs else ()


def _writable(config: ContainerConfig) -> Iterable[oci.Mount]:
    if config.security.read_only and config.security.read_only_tmpfs:
        for path in _WRITABLE:
            options = ("rw", "rprivate", "nosuid", "nodev", "tmpcopyup")
            yield oci.Mount(destination=path, type="tmpfs", source="tmpfs", options=options)


def _init(program: str) -> oci.Mount:
    if not program:
        raise Unsupported("container-init binary not found on the host: --init needs catatonit installed")
    return oci.Mount(destination=INIT, type="bind", source=program, options=("bind", "ro", "rprivate"))


def root_propagation(mounts: Iterable[oci.Mount]) -> str:
    """What the root's propagation must be for the mounts to have theirs; "" = as the runtime likes."""
    given = {option for mount in mounts for option in mount.options}
    if not given.isdisjoint(("shared", "rshared")):
        return "shared"
    return "" if given.isdisjoint(("slave", "rslave")) else "rslave"


def to_chown(config: ContainerConfig, identity: Identity) -> tuple[tuple[str, int, int], ...]:
    """Source, uid and gid of each bind mount whose files are to become the user's (option U), for the caller to do."""
    return tuple(
        (mount.source, identity.uid, identity.gid)
        for mount in config.mounts
        if mount.type == "bind" and CHOWN in mount.options
    )

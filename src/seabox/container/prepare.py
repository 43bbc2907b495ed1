"""What a container needs before the runtime can create it."""

from __future__ import annotations

from ..errors import InvalidArgument
from ..model.record import ALIVE, WATCHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.container import ContainerConfig
    from ..model.network import Endpoint
    from ..oci.runtime import Launch, Revival
    from .guard import Locked


def require_dependencies(ctr: Locked) -> None:
    """All that the container requires is the case. Raises: StateConflict naming what is not."""
    if ctr.on.store.requirements(ctr.id):
        from .requirements import require

        require(ctr)


def tell_started(ctr: Locked) -> None:
    """A service manager that wants to know has been told that the container runs. Never fails."""
    if ctr.on.config.notify_socket:
        from .notify import tell_started

        tell_started(ctr)


def mount_root(ctr: Locked) -> str:
    """The container's root file system is mounted; its path. Given back by release_resources."""
    if ctr.config.rootfs_overlay:
        return ctr.on.storage.mount(ctr.id, [ctr.config.rootfs])
    if ctr.config.rootfs:
        return ctr.config.rootfs
    return ctr.on.storage.mount(ctr.id, [ctr.on.layer_dir(layer) for layer in ctr.config.layers])


def write_bundle(ctr: Locked, rootfs: str, endpoint: Endpoint | None = None) -> None:
    """The runtime's bundle is complete in the run directory. Raises: Refused."""
    namespaces = joined(ctr, ("network", "pid", "ipc", "uts", "cgroup"))
    if endpoint is not None:
        namespaces["network"] = endpoint.netns
    if ctr.config.namespaces.ipc.startswith("container:"):
        from .infra import join_shm

        join_shm(ctr, ctr.config.namespaces.ipc.partition(":")[2])
    ctr.on.bundles.write(_with_images(ctr, rootfs), rootfs, namespaces, endpoint)
    if ctr.pod:
        from .infra import add_name

        add_name(ctr)


def joined(ctr: Locked, kinds: Sequence[str]) -> dict[str, str]:
    """The files of the namespaces, of these kinds, that the container shares with others. Raises: InvalidArgument."""
    return {
        kind: _namespace_path(ctr, kind, mode)
        for kind in kinds if (mode := getattr(ctr.config.namespaces, kind)).startswith(("container:", "ns:"))
    }  # fmt: skip


def _with_images(ctr: Locked, rootfs: str) -> ContainerConfig:
    """The configuration, its images and volumes being mounted. Given back by release_resources."""
    config = ctr.config
    if ctr.facts.volumes:
        from .volumes import provided

        config = provided(ctr, rootfs)
    if not config.image_mounts:
        return config
    from msgspec.structs import replace

    number, mounts = 0, []
    for index, mount in enumerate(config.mounts):
        if mount.type == "image":
            id = image_root(ctr.id, number)
            number += 1
            ctr.on.storage.create(id)
            place = ctr.on.storage.mount(id, [ctr.on.layer_dir(layer) for layer in mount.layers])
            if mount.subpath:
                from .parts import show

                place = show(ctr, index, place, mount.subpath)
            mount = replace(mount, type="bind", source=place, options=("rbind", "rprivate", *mount.options))
        mounts.append(mount)
    return replace(config, mounts=tuple(mounts))


def image_root(id: str, number: int) -> str:
    """The name in the storage room of an image that is mounted into the container `id`."""
    return f"{id}-image{number}"


def _namespace_path(ctr: Locked, kind: str, mode: str) -> str:
    """The file of the namespace that the container is to join."""
    how, _, which = mode.partition(":")
    if how == "ns":
        return which
    other = ctr.on.store.load(which)
    if other.state.status not in ALIVE or not other.state.pid:
        raise InvalidArgument(f"cannot join the {kind} namespace of container {other.facts.name}: it is not running")
    file = {"network": "net"}.get(kind, kind)
    return f"/proc/{other.state.pid}/ns/{file}"


def launch(ctr: Locked, keep: tuple[int, ...] = (), revival: Revival | None = None) -> Launch:
    """All that conmon is told about the container; it keeps the descriptors `keep` open as long as it lives.

    `revival`: what the container is restored from, if it is.
    """
    from ..oci.runtime import Launch

    config = ctr.config
    room = config.log.size_max
    if config.log.rotate == "supervisor":
        from .log_start import make_ready

        room = make_ready(config.log.path, room, ctr.run_dir if ctr.facts.supervised == WATCHED else "")
    return Launch(
        id=ctr.id,
        name=ctr.facts.name,
        bundle=ctr.run_dir,
        log_driver=config.log.driver,
        log_path=config.log.path,
        log_size_max=room,
        log_rotate=config.log.rotate == "conmon",
        notify_socket=ctr.on.config.notify_socket if config.sdnotify == "container" else "",
        log_tag=config.log.tag,
        tty=config.tty,
        stdin=config.stdin,
        timeout=config.timeout,
        pidfile=config.pidfile,
        conmon_pidfile=config.conmon_pidfile,
        exit_command=ctr.on.exit_command(ctr.id, always=ctr.facts.restart_policy != "no"),
        keep=keep,
        preserve_fds=ctr.preserve_fds,
        revival=revival,
    )

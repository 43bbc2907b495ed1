"""A container made from an archive of a checkpoint, and restored: the archive is taken for hostile."""

from __future__ import annotations

import os

from msgspec.structs import replace

from ..checkpoint.document import BadCheckpoint, encode
from ..checkpoint.intake import PODMANS
from ..checkpoint.privileges import too_new, wider
from ..errors import InvalidArgument, NoSuchContainer, NoSuchImage, SeaboxError
from ..images.unpack import unpack
from ..kernel import files
from ..model.container import LogConfig
from ..model.ids import is_id, new_id
from ..spec.secrets_syntax import check_places
from . import dumping, saved_volumes
from .arriving import arrived, blamed, opened
from .container import Container
from .create import create
from .dependencies import start_required
from .pod_place import PodPlace, alone, moved
from .podman_files import complete
from .secret_files import FOLDER, own
from .waking import restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Unpack

    from ..checkpoint.intake import Intake
    from ..model.checkpoint import Checkpoint, Statistics
    from ..model.container import ContainerConfig
    from ..model.network import Port
    from ..model.options import RestoreOptions
    from .bounds import Bounds
    from .services import Services


class WiderPrivileges(BadCheckpoint):
    """The archive's container asks for more than a container gets by default, and nobody here allowed it that."""

    def __init__(self, path: str, asked: Sequence[str]) -> None:
        super().__init__(
            f"{path}: the container in it asks for {', '.join(asked)}: allow that explicitly (--allow-privileges) if "
            "you trust whoever made the archive"
        )
        self.asked = tuple(asked)


def import_checkpoint(
    on: Services, path: str, bounds: Bounds, *, name: str | None = None, previous: str = "",
    publish: Sequence[str] = (),
    keep: bool = False, tcp_established: bool = False, tcp_close: bool = False, file_locks: bool = False,
    ignore_rootfs: bool = False, ignore_volumes: bool = False, ignore_static_ip: bool = False,
    ignore_static_mac: bool = False, allow_privileges: bool = False, pod: PodPlace | None = None,
) -> tuple[Container, Statistics]:  # fmt: skip
    """See Containers.restore."""
    if name is not None and tcp_established:
        raise InvalidArgument("--tcp-established cannot be used with --name: the connections are those of its address")
    on.criu  # noqa: B018  # before anything is made
    ports = _ports(publish)
    with arrived(on, path, bounds, trusted=allow_privileges) as intake:
        about = intake.about
        _require_sound(path, about, allow_privileges=allow_privileges)
        layers, image_id = _image(on, path, about.config)
        runtime = on.find_runtime(about.runtime)
        volumes = saved_volumes.renamed(about.config)

        def configure(id: str, called: str, now: int) -> ContainerConfig:
            config = localized(on, moved(path, about.config, pod), id, called, now, runtime)
            if pod is not None and pod.cgroup:
                config = replace(config, cgroup_parent=pod.cgroup)
            networks = tuple(replace(each, network=on.network(each.name).id) for each in config.networks)
            if name is not None:
                networks = tuple(replace(each, ips=(), mac="") for each in networks)
            config = replace(config, layers=layers, image_id=image_id, networks=networks)
            config = replace(config, hooks_dirs=on.config.own_hooks_dir)  # programs of this host: never an archive's
            config = saved_volumes.under_new_names(config, volumes)
            if ports and config.namespaces.network != "bridge":
                who = "its pod publishes ports" if pod is not None else "its container has no network of its own"
                raise InvalidArgument(f"{path}: --publish cannot be used: {who}")
            return replace(config, ports=ports) if ports else config

        def fill(id: str) -> None:
            known = saved_volumes.not_new(on, id, volumes)
            if known and not ignore_volumes:
                raise saved_volumes.VolumeThere(path, known[0])
            if known and not allow_privileges:
                raise WiderPrivileges(path, [f"--volume {name}" for name in known])

            def volume(called: str, pieces: Iterable[memoryview]) -> bool:
                if called in volumes and not ignore_volumes:
                    saved_volumes.fill(on, volumes[called], pieces)
                return called in volumes

            _fill(
                on, id, intake, layers, path, volume, bounds, previous=previous if about.previous else "",
                rootfs=not ignore_rootfs,
            )  # fmt: skip

        id = about.config.id if name is None and _is_free(on, about.config.id) else new_id()
        with blamed(path):
            id = create(
                on, name if name is not None else about.config.name, configure, id=id, run=about.run, fill=fill
            )
    ctr = Container(on, id)
    try:
        if pod is not None:
            start_required(on, id, bounds.left, bounds.cancel)
        with ctr.locked(cancel=bounds.cancel, timeout=bounds.left) as locked:
            done = restore(
                locked, bounds, keep=keep, tcp_established=tcp_established, tcp_close=tcp_close, file_locks=file_locks,
                ignore_static_ip=ignore_static_ip, ignore_static_mac=ignore_static_mac,
                own_addresses=name is not None,
            )  # fmt: skip
    except BaseException:
        _undo(ctr)
        raise
    return ctr, done


def _undo(ctr: Container) -> None:
    """There is no such container, nor any volume that was made for it."""
    try:
        ctr._on.volume_uses.doom(ctr.id, made=True)
    finally:
        ctr.remove(force=True, timeout=0)


def _ports(publish: Sequence[str]) -> tuple[Port, ...]:
    if not publish:
        return ()
    from ..network.ports import parse_publish, settle

    return settle([parse_publish(each) for each in publish], (), publish_all=False)


def _require_sound(path: str, about: Checkpoint, *, allow_privileges: bool) -> None:
    config = about.config
    if about.memory_only:
        raise BadCheckpoint(f"{path}: a pre-checkpoint, which holds memory only: import it with --import-previous")
    if too_new(config):
        raise BadCheckpoint(f"{path}: made by a newer seabox ({about.by!a}): use that, or a later one")
    if not is_id(config.id) or "/" in about.runtime or not about.runtime:
        raise BadCheckpoint(f"{path}: its configuration makes no sense")
    config = alone(config)
    if config.requires or config.conditions:
        raise BadCheckpoint(f"{path}: its container depends on other containers")
    try:
        check_places(config.secrets, config.mounts)
    except InvalidArgument as problem:
        raise BadCheckpoint(f"{path}: {problem}") from None
    if not allow_privileges and (asked := wider(config)):
        raise WiderPrivileges(path, asked)


def _image(on: Services, path: str, config: ContainerConfig) -> tuple[tuple[str, ...], str]:
    """The layers and the id of the image that the container stands on, which is here: by id, or by its name."""
    for name in (config.image_id, config.image):
        try:
            found = on.image(name) if name else None
        except NoSuchImage:
            continue
        if found is not None and found.layers == config.layers:
            return found.layers, found.id
    raise NoSuchImage(f"{path}: {config.image or config.image_id} with the layers that the container stands on")


def _is_free(on: Services, id: str) -> bool:
    try:
        on.store.load(id)
    except NoSuchContainer:
        return True
    return False


def localized(
    on: Services, config: ContainerConfig, id: str, name: str, now: int, runtime: str
) -> ContainerConfig:
    """The configuration of a container that goes on here, with all that says where the engine keeps its own things."""
    static = on.config.static_dir(id)
    log = config.log
    if log.driver not in ("k8s-file", "journald", "none"):
        log = LogConfig()
    log = replace(log, path=f"{static}/ctr.log" if log.driver == "k8s-file" else "")
    return replace(
        config, id=id, name=name, created_at=now, hostname=config.hostname or config.id[:12], log=log,
        runtime=runtime, cgroup_parent=on.config.cgroup_parent, pidfile="", conmon_pidfile="",
    )  # fmt: skip


def _fill(
    on: Services, id: str, intake: Intake, layers: Sequence[str], path: str,
    volume: Callable[[str, Iterable[memoryview]], bool], bounds: Bounds, *, previous: str, rootfs: bool,
) -> None:  # fmt: skip
    """The files of the archive are the container's."""
    static = on.config.static_dir(id)
    place = f"{static}/{dumping.CURRENT}"
    images = f"{place}/{dumping.IMAGES}"
    files.make_dirs(images)
    files.write_file(f"{place}/{dumping.ABOUT}", encode(intake.about))
    lowers = [on.layer_dir(layer) for layer in layers]

    def lay(pieces: Iterable[memoryview], size: int) -> None:
        if not rootfs:
            for _ in pieces:
                pass
            return
        files.make_dir(layer, 0o755)
        unpack(_as_bytes(pieces), layer, packed=size, below=lowers[::-1])

    layer = f"{static}/layer"
    found = os.statvfs(static)
    intake.rest(place, static, lay, volume, found.f_bavail * found.f_frsize)
    if intake.layout is PODMANS:
        complete(place, layer, lowers, deleted=rootfs)
    if os.path.isdir(layer):
        on.storage.lay(id, layer, lowers)
    if not os.path.exists(f"{images}/inventory.img"):
        raise BadCheckpoint(f"{path}: the archive ends before criu's images do")
    try:
        own(intake.about.config, f"{static}/{FOLDER}")
    except FileNotFoundError:
        raise BadCheckpoint(f"{path}: a secret of the container is not in it") from None
    if intake.about.previous:
        _fill_previous(static, intake.about, previous, path, bounds)


def _fill_previous(static: str, about: Checkpoint, previous: str, path: str, bounds: Bounds) -> None:
    if not previous:
        raise BadCheckpoint(f"{path}: it builds upon a pre-checkpoint: name its archive with --import-previous")
    with opened(previous, bounds) as earlier:
        if not earlier.about.memory_only:
            raise BadCheckpoint(f"{previous}: not a pre-checkpoint")
        if about.previous_at not in (0, earlier.about.created_at):
            raise BadCheckpoint(f"{previous}: not the pre-checkpoint that {path} builds upon")
        place = f"{static}/{dumping.CURRENT}/{dumping.PREVIOUS}"
        files.make_dirs(place)
        found = os.statvfs(static)
        earlier.rest(place, f"{place}/rest", _refuse_files, _no_volume, found.f_bavail * found.f_frsize)
        files.remove_tree(f"{place}/rest")
    files.symlink(dumping.PARENT, f"{static}/{dumping.CURRENT}/{dumping.IMAGES}/parent")


def _refuse_files(pieces: Iterable[memoryview], size: int) -> None:
    raise BadCheckpoint("a pre-checkpoint holds memory only")


def _no_volume(name: str, pieces: Iterable[memoryview]) -> bool:
    return False


def _as_bytes(pieces: Iterable[memoryview]) -> Iterator[bytes]:
    for piece in pieces:
        yield bytes(piece)


def import_several(
    on: Services, paths: Sequence[str], bounds: Bounds, *, name: str | None, previous: str, publish: Sequence[str],
    pod: PodPlace | None = None, report: Callable[[Statistics], object] | None, **options: Unpack[RestoreOptions],
) -> list[Container]:  # fmt: skip
    """A container from each archive, each restored; if one cannot be, none is there. See Containers.restore."""
    made: list[Container] = []
    try:
        for path in paths:
            ctr, took = import_checkpoint(
                on, path, bounds, name=name, previous=previous, publish=publish, pod=pod, **options
            )
            made.append(ctr)
            if report is not None:
                report(took)
    except (SeaboxError, OSError):
        for ctr in made:
            _undo(ctr)
        raise
    return made

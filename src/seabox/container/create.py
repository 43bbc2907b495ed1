"""Creating a container: a name in the store, a place for its files, nothing in the runtime yet."""

from __future__ import annotations

from contextlib import ExitStack

from ..errors import NameInUse, NoSuchContainer
from ..kernel import files
from ..model.ids import check_name, new_id, random_name
from ..model.record import (
    INFRA,
    SUPERVISED,
    UNSUPERVISED,
    WATCHED,
    Claim,
    ContainerFacts,
    ContainerState,
    EventKind,
    Intent,
)
from ..state.store import Occurrence
from .claims import is_live, making
from .stored import encode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model.container import ContainerConfig
    from .services import Services

_NAME_TRIES = 20
REMOVE_IMAGE = "remove-image"  # in the static directory: what else goes with the container


def create(
    on: Services, name: str | None, configure: Callable[[str, str, int], ContainerConfig], *, id: str = "",
    run: int = 0, fill: Callable[[str], None] | None = None,
) -> str:  # fmt: skip
    """The container exists, configured; its id. `configure(id, name, now)` makes its configuration.

    One that goes on where another was has an `id` and a number of runs behind it (`run`), and `fill(id)` puts its
    files (the copies of its secrets too) in their place; what it raises, this raises, and nothing is left.
    The name is checked and the configuration made before anything is done. A killed creation was never told to
    anyone: whoever meets its row removes it. Raises: InvalidArgument, NameInUse, NoSuchImage, NoSuchContainer,
    NoSuchSecret.
    """
    if name is not None:
        check_name(name)
    id = id or new_id()
    # the claim keeps everybody else away, so no lock is needed
    with making(Intent.CREATE, on.clock.now()) as claim, ExitStack() as undo:
        config = _register(on, id, name, claim, configure)
        undo.callback(on.store.remove, id)
        if has_volumes(config):
            undo.callback(on.volume_uses.let_go, id, unborn=True)
            on.volume_uses.take_up(config)
        for attachment in config.networks:
            on.networking.attach(id, attachment)
        static = on.config.static_dir(id)
        undo.callback(files.remove_tree, static)
        files.make_dirs(static, 0o700)
        files.write_file(f"{static}/container.json", encode_config(config))  # to rebuild a damaged database from
        if config.auto_remove_image:
            files.write_file(f"{static}/{REMOVE_IMAGE}", config.image.encode())
        if config.secrets and fill is None:
            from .secret_files import keep

            keep(on, config)
        if not config.rootfs or config.rootfs_overlay:
            undo.callback(on.storage.remove, id)
            on.storage.create(id)
        if fill is not None:
            fill(id)
        durable = not config.auto_remove  # a power cut may take what would go at its end anyway
        on.store.commit(id, ContainerState(run=run), [Occurrence(EventKind.CREATE)], durable=durable, unclaim=True)
        undo.pop_all()
    return id


def _register(
    on: Services, id: str, name: str | None, claim: Claim, configure: Callable[[str, str, int], ContainerConfig]
) -> ContainerConfig:
    """The row is there, claimed by this process, under a name nobody else has."""
    tries = 0
    while True:
        config = configure(id, name or random_name(), claim.since)
        try:
            on.store.add(
                facts_of(config), encode_config(config), config.requires, claim,
                images=[mount.source for mount in config.image_mounts],
            )  # fmt: skip
        except NameInUse as taken:
            tries += 1
            if half_made(on, taken.owner) or (name is None and tries < _NAME_TRIES):
                continue
            raise
        return config


def half_made(on: Services, id: str) -> bool:
    """Whether the container was left behind by a creation that died; if so it is gone now.

    One that another operation left half-way is put right.
    """
    try:
        record = on.store.load(id)
    except NoSuchContainer:
        return True
    if record.claim is None or is_live(record.claim):
        return False
    from .container import Container

    try:
        Container(on, id).mend()
    except NoSuchContainer:
        return True
    return False


def facts_of(config: ContainerConfig) -> ContainerFacts:
    """What the hot path needs of a configuration."""
    labels = ""
    if config.labels:
        import json

        labels = json.dumps(config.labels)
    return ContainerFacts(
        id=config.id,
        name=config.name,
        created_at=config.created_at,
        image=config.image or ("" if config.role == INFRA else config.rootfs),
        image_id=config.image_id,
        command=" ".join(config.argv if not config.command else config.command),
        labels=labels,
        runtime=config.runtime,
        auto_remove=config.auto_remove,
        stop_signal=config.stop_signal,
        stop_timeout=config.stop_timeout,
        restart_policy=config.restart_policy,
        restart_retries=config.restart_retries,
        supervised=_supervised(config),
        cgroup=config.cgroup,
        pod=config.pod,
        role=config.role,
        networked=config.namespaces.network == "bridge",
        ports=_ports(config),
        volumes=has_volumes(config),
    )


def has_volumes(config: ContainerConfig) -> bool:
    """Whether there are volumes among its mounts."""
    return any(mount.type == "volume" for mount in config.mounts)


def _ports(config: ContainerConfig) -> str:
    if not config.ports:
        return ""
    from ..network.ports import shown

    return shown(config.ports)


def _supervised(config: ContainerConfig) -> int:
    """How it is to be looked after while it runs."""
    from .log_start import LARGE

    rotated = config.log.rotate == "supervisor"
    near = config.log.size_max < LARGE or config.id not in config.log.path  # where it lies is not ours
    if config.healthcheck is not None or (rotated and near):
        return SUPERVISED
    return WATCHED if rotated else UNSUPERVISED

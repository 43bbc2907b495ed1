"""fork: containers that go on from the memory and files of another, which goes on as well."""

from __future__ import annotations

import os

from msgspec.structs import replace

from ..checkpoint.document import decode, encode
from ..errors import InvalidArgument, NameInUse, NoSuchContainer, Unsupported
from ..kernel import files
from ..kernel.trees import copy_tree
from ..model.checkpoint import Checkpoint
from ..model.ids import check_name
from ..model.record import Intent
from . import dumping
from .archive import ARTIFACTS
from .container import Container
from .create import create, half_made
from .imported import localized
from .secret_files import FOLDER as SECRETS
from .waking import restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.container import ContainerConfig
    from ..model.network import Port
    from .bounds import Bounds
    from .guard import Locked
    from .services import Services

FILES = "diff"  # in a checkpoint's directory: a copy of what the container had written
MOST = 1000


def fork(ctr: Locked, names: Sequence[str | None], bounds: Bounds, *, tcp_established: bool = False) -> list[Container]:
    """See Container.fork. A name for each, None = a random one."""
    dumping.require_checkpointable(ctr)
    if ctr.config.rootfs:
        raise Unsupported(f"cannot fork container {ctr.facts.name}: it stands on a directory, which it cannot share")
    options = Checkpoint(
        created_at=0, by="", runtime="", config=ctr.config, tcp_established=tcp_established,
        tcp_close=not tcp_established,
    )  # fmt: skip
    on, id = ctr.on, ctr.id
    made: list[Container] = []
    with ctr.claimed(Intent.CHECKPOINT):
        dumping.dump(ctr, options, bounds, keep_running=True, frozen=lambda place: copy_files(on, id, place))
        place = dumping.place_of(on, id, dumping.NEW)
        try:
            with ctr.released():
                for each in names:
                    made.append(_child(on, place, each, bounds))
        except BaseException:
            for child in made:
                child.remove(force=True, timeout=0)
            raise
        finally:
            files.remove_tree(place)
    return made


def names_for(on: Services, n: int, name: str | None) -> list[str | None]:
    """What `n` new containers are called: as given if it is one, else with numbers.

    No lock may be held. Raises: NameInUse, InvalidArgument.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
        raise InvalidArgument(f"fork: the count must be a number from 1 to {MOST}, not {n!a}")
    if name is None:
        return [None] * n
    check_name(name)
    names = [name] if n == 1 else [f"{name}-{i}" for i in range(1, n + 1)]
    for each in names:
        try:
            owner = on.store.find(each)
        except NoSuchContainer:
            continue
        if on.store.load(owner).facts.name == each and not half_made(on, owner):
            raise NameInUse(each, owner)
    return [*names]


def copy_files(on: Services, id: str, place: str) -> None:
    """A copy of what the container has written is in the checkpoint's directory."""
    copy_tree(on.storage.upper_dir(id), f"{place}/{FILES}")


def _child(on: Services, place: str, name: str | None, bounds: Bounds) -> Container:
    """One container that goes on from the checkpoint in the directory `place`."""
    with open(f"{place}/{dumping.ABOUT}", "rb") as file:
        about = decode(file.read())
    origin = about.config.id

    def configure(id: str, called: str, now: int) -> ContainerConfig:
        config = localized(on, about.config, id, called, now, about.config.runtime)
        networks = tuple(replace(each, ips=(), mac="") for each in config.networks)
        config = replace(config, networks=networks, ports=_other_ports(config), role="")
        return replace(config, cgroup_parent=about.config.cgroup_parent)

    def fill(id: str) -> None:
        static = on.config.static_dir(id)
        mine = f"{static}/{dumping.CURRENT}"
        files.make_dirs(f"{mine}/{dumping.IMAGES}")
        files.write_file(f"{mine}/{dumping.ABOUT}", encode(about))
        if os.path.exists(f"{place}/{dumping.SPEC}"):
            files.link(f"{place}/{dumping.SPEC}", f"{mine}/{dumping.SPEC}")
        for image in os.listdir(f"{place}/{dumping.IMAGES}"):
            files.link(f"{place}/{dumping.IMAGES}/{image}", f"{mine}/{dumping.IMAGES}/{image}")
        for folder in (ARTIFACTS, SECRETS):
            if os.path.isdir(own := f"{on.config.static_dir(origin)}/{folder}"):
                copy_tree(own, f"{static}/{folder}")
        copy_tree(f"{place}/{FILES}", f"{static}/{FILES}")
        on.storage.replace(id, f"{static}/{FILES}")

    ctr = Container(on, create(on, name, configure, fill=fill))
    try:
        with ctr.locked() as locked:
            restore(locked, bounds, own_addresses=True)
    except BaseException:
        ctr.remove(force=True, timeout=0)
        raise
    return ctr


def _other_ports(config: ContainerConfig) -> tuple[Port, ...]:
    """The same ports of the container on other ones of the host: those it had are taken."""
    if not config.ports:
        return ()
    from ..network.ports import settle

    return settle([replace(port, host=0) for port in config.ports], (), publish_all=False)

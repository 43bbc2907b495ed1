"""What the room of volumes needs of the rooms beside it (volumes.needs)."""

from __future__ import annotations

from contextlib import suppress

from ..errors import NoSuchContainer
from ..state.locks import Rank, RankedLocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from ..config import EngineConfig
    from ..model.container import Mount
    from ..state.locks import Locks
    from ..state.sqlite import SQLiteStore
    from ..state.store import Store
    from ..volumes.uses import Uses
    from ..volumes.volumes import Volumes
    from .services import Services

    class Rooms(Protocol):
        """What the volumes of an engine stand on."""

        @property
        def config(self) -> EngineConfig: ...
        @property
        def store(self) -> SQLiteStore: ...
        @property
        def locks(self) -> Locks: ...


class VolumeUsers:
    """See volumes.needs.Containers."""

    __slots__ = ("_on",)

    def __init__(self, on: Services) -> None:
        self._on = on

    def remove(self, id: str, timeout: int | None = None) -> None:
        """See Containers.remove."""
        from .container import Container

        with suppress(NoSuchContainer):
            Container(self._on, id).remove(force=True, timeout=timeout)


class VolumeArchives:
    """See volumes.needs.Archives."""

    __slots__ = ()

    def pack(self, directory: int) -> Iterator[bytes]:
        """See Archives.pack."""
        from ..storage.pack import pack_content

        return pack_content(directory)

    def unpack(self, pieces: Iterable[bytes], directory: int) -> None:
        """See Archives.unpack."""
        from .extract import Destination, extract, uncompressed

        extract(uncompressed(iter(pieces)), Destination(directory, confined=True), overwrite=True)


def uses(on: Rooms) -> Uses:
    """The volumes of an engine's containers."""
    from ..state.volumes import SQLiteVolumes
    from ..volumes.shelf import Shelf
    from ..volumes.uses import Uses

    locks = RankedLocks(on.locks, Rank.VOLUME, f"{on.config.runroot}/locks")
    return Uses(Shelf(SQLiteVolumes(on.store), locks, on.config.volumes))


def volumes(on: Services, uses: Uses) -> Volumes:
    """They as users of the engine see them."""
    from ..volumes.volumes import Volumes

    return Volumes(uses.shelf, VolumeUsers(on), VolumeArchives())


def mounts_of(store: Store, name: str) -> tuple[Mount, ...]:
    """The mounts of a container. Raises: NoSuchContainer."""
    from .stored import decode_config

    return decode_config(store.config(store.find(name))).mounts

"""What volumes need of other rooms, filled in by rooms.py."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from ..model.record import ProcessId

    class Row(Protocol):
        """A volume, as stored; see state.volumes.VolumeRow."""

        @property
        def name(self) -> str: ...
        @property
        def config(self) -> bytes: ...
        @property
        def phase(self) -> str: ...
        @property
        def needs_copy(self) -> int: ...
        @property
        def needs_chown(self) -> bool: ...

    class Rows(Protocol):
        """The tables; see state.volumes.SQLiteVolumes."""

        def add(
            self, name: str, config: bytes, *, anonymous: bool = False, needs_chown: bool = True, container: str = "",
            fate: str = "",
        ) -> bool: ...  # fmt: skip
        def made(self, name: str) -> None: ...
        def get(self, name: str) -> Row | None: ...
        def starting_with(self, prefix: str) -> list[str]: ...
        def list(self) -> Sequence[Row]: ...
        def unsettled(self) -> Sequence[str]: ...
        def changed(self, name: str, *, needs_copy: int | None = None, needs_chown: bool | None = None) -> None: ...
        def retire(self, name: str) -> tuple[str, ...]: ...
        def remove(self, name: str) -> None: ...
        def use(self, container: str, name: str, fate: str) -> bool: ...
        def users(self, name: str) -> tuple[str, ...]: ...
        def used_by(self, container: str) -> dict[str, str]: ...
        def doom(self, container: str, *, made: bool = False) -> None: ...
        def leave(self, container: str, name: str) -> bool: ...
        def mounting(self, name: str, holder: str, boot: str, process: ProcessId | None) -> None: ...
        def unmounted(self, name: str, holder: str) -> None: ...
        def holders(self, name: str) -> Sequence[tuple[str, int, int, str]]: ...
        def mounted_by(self, holder: str) -> Sequence[str]: ...

    class Lock(Protocol):
        """A lock that is held."""

        def release(self) -> None: ...
        def discard(self) -> None:
            """The lock and its file are gone: there is nothing that it could guard."""

    class Locks(Protocol):
        """A lock for each volume, by name; taken after those of containers."""

        def hold(self, name: str) -> AbstractContextManager[Sequence[Lock]]:
            """Held inside the block. Raises: Busy."""

        def try_hold(self, name: str) -> Lock | None:
            """The lock, if it is free this moment."""

        def names(self) -> Sequence[str]:
            """The volumes, there or not, whose lock was taken and not discarded since the machine was started."""

    class Containers(Protocol):
        """Who uses volumes."""

        def remove(self, id: str, timeout: int | None = None) -> None:
            """The container is gone, ended first if it runs."""

    class Archives(Protocol):
        """Directories as tar archives: nothing leads out of them."""

        def pack(self, directory: int) -> Iterator[bytes]:
            """All that is in the directory behind the fd, in pieces."""

        def unpack(self, pieces: Iterable[bytes], directory: int) -> None:
            """What the archive holds is in the directory behind the fd. Raises: BadArchive, OSError."""

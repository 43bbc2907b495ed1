"""What secrets need of other rooms, filled in by rooms.py."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    class Row(Protocol):
        """A secret, as stored; see state.secrets.SecretRow."""

        @property
        def id(self) -> str: ...
        @property
        def name(self) -> str: ...
        @property
        def config(self) -> bytes: ...

    class Rows(Protocol):
        """The table; see state.secrets.SQLiteSecrets."""

        def add(self, id: str, name: str, config: bytes) -> None: ...
        def made(self, id: str, *, replaced: str = "") -> None: ...
        def find(self, name: str) -> Row | None: ...
        def starting_with(self, prefix: str) -> Sequence[str]: ...
        def list(self, *, every: bool = False) -> Sequence[Row]: ...
        def known(self) -> Sequence[str]: ...
        def unsettled(self) -> Sequence[str]: ...
        def retire(self, ids: Iterable[str]) -> None: ...
        def forget(self, id: str) -> None: ...

    class Lock(Protocol):
        """A lock that is held."""

        def discard(self) -> None:
            """The lock and its file are gone: nobody needs it this moment."""

    class Locks(Protocol):
        """One lock for all secrets; taken after those of containers and volumes."""

        def hold(self, name: str) -> AbstractContextManager[Sequence[Lock]]:
            """Held inside the block. Raises: Busy."""

        def try_hold(self, name: str) -> Lock | None:
            """The lock, if it is free this moment."""

        def names(self) -> Sequence[str]:
            """Those that were taken and not discarded since the machine was started."""

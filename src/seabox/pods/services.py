"""What the operations of pods stand on: what those of containers do, the table of pods, and making containers."""

from __future__ import annotations

from ..container.services import Services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..model.container import ContainerConfig, CreateRequest
    from ..state.pods import SQLitePods
    from ..state.store import Store

    class PodStore(Store, Protocol):
        @property
        def pods(self) -> SQLitePods: ...
        def leave(self) -> None: ...

    class PodServices(Services, Protocol):
        """See container.services.Services."""

        @property
        def store(self) -> PodStore: ...
        @property
        def catatonit(self) -> str:
            """The path of the program that can wait for ever, "" if it is not installed."""

        def resolve(self, request: CreateRequest, id: str, name: str, now: int) -> ContainerConfig:
            """The configuration that a request comes to."""

        def make_directories(self) -> None:
            """The engine's directories exist."""

"""What builds networks in a namespace, and what remembers them: the two needs of this room."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from ..model.network import Connection

    class NetworkBackend(Protocol):
        """Something that connects a network namespace. Both calls block for up to some seconds."""

        def setting_up(
            self, netns: str, document: bytes
        ) -> AbstractContextManager[Callable[[], dict[str, Connection]]]:
            """Inside the block the namespace is being connected as the document says; nothing goes on after it.

            What is yielded waits for that, and says what it got, by network id. Raises: SeaboxError.
            """

        def tear_down(self, netns: str, document: bytes) -> None:
            """What `setting_up` made of the document is gone, as far as it was there. Raises: SeaboxError."""

    class MembershipRow(Protocol):
        """A container in a network, as JSON."""

        @property
        def network(self) -> bytes: ...
        @property
        def attachment(self) -> bytes: ...
        @property
        def connection(self) -> bytes | None: ...

    class NetworkRows(Protocol):
        """The tables of networks; see state/networks.py for what each call promises."""

        def add(self, make: Callable[[Sequence[bytes]], tuple[str, str, bytes]]) -> bytes: ...
        def find(self, name: str) -> Sequence[bytes]: ...
        def list(self) -> Sequence[bytes]: ...
        def remove(self, id: str) -> tuple[str, ...]: ...
        def users(self, id: str) -> tuple[str, ...]: ...
        def attach(self, container: str, network: str, interface: str, attachment: bytes) -> bool: ...
        def detach(self, container: str, network: str) -> None: ...
        def tell(self, kind: str, network: str, container: str) -> None: ...
        def memberships(self, container: str) -> Sequence[MembershipRow]: ...
        def connected(self, container: str, connections: Mapping[str, bytes]) -> None: ...
        def lease(
            self, container: str, network: str, boot: str, choose: Callable[[Mapping[str, str]], Sequence[str]]
        ) -> Sequence[str]: ...
        def release(self, container: str) -> None: ...
        def leases(self, network: str) -> dict[str, str]: ...

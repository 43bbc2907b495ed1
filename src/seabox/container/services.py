"""What the operations stand on: the rooms below, filled in by rooms.py, or by their doubles in a test."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from ..config import EngineConfig
    from ..model.container import ContainerConfig, ExecRequest, ImageConfig, Mount
    from ..model.network import Attachment, Connection, Endpoint, Membership, Network
    from ..model.record import ProcessId
    from ..model.volume import Volume
    from ..oci.exits import Exit
    from ..oci.runtime import OCIRuntime
    from ..state.locks import Locks
    from ..state.store import Store

    class Clock(Protocol):
        def now(self) -> int:
            """Wall clock, ns since the epoch."""

        def monotonic(self) -> float:
            """Seconds that only grow, for timeouts."""

    class RootfsStorage(Protocol):
        """Writable root file systems by container id; every call is idempotent."""

        @property
        def name(self) -> str: ...
        def upper_dir(self, id: str) -> str: ...
        def create(self, id: str) -> None: ...
        def exists(self, id: str) -> bool: ...
        def mount(self, id: str, lowers: Sequence[str]) -> str: ...
        def unmount(self, id: str) -> None: ...
        def replace(self, id: str, own: str) -> None: ...
        def complete(self, id: str) -> None: ...
        def lay(self, id: str, layer: str, lowers: Sequence[str]) -> None: ...
        def remove(self, id: str) -> None: ...

    class Bundles(Protocol):
        def write(
            self, config: ContainerConfig, rootfs: str, namespaces: Mapping[str, str], endpoint: Endpoint | None = None
        ) -> None:
            """config.json and what it mounts are in the run directory. Raises: Refused.

            `namespaces`: the files of namespaces to be joined, by kind ("network", "pid"...); `endpoint`: what the
            container's own network came to.
            """

        def write_network_files(self, config: ContainerConfig, endpoint: Endpoint) -> None:
            """Hosts and name servers in the run directory, mounted or not, are the endpoint's. Raises: Refused."""

        def write_resolv_conf(self, config: ContainerConfig, connections: Sequence[Connection]) -> None:
            """Name servers in the run directory, mounted or not, are those of these networks."""

        def write_process(self, config: ContainerConfig, request: ExecRequest, init: ProcessId, path: str) -> None:
            """The file that the runtime reads to execute `request` beside `init`. Raises: Refused, OSError."""

    class SettingUp(Protocol):
        """A network that is being made; see network.stack.SettingUp."""

        @property
        def foreseen(self) -> Endpoint: ...
        @property
        def finish(self) -> Callable[[], Endpoint]: ...
        @property
        def links(self) -> Sequence[tuple[Network, str]]: ...

    class Networking(Protocol):
        """Networks of containers by container id; see network.stack.Stack."""

        def attach(self, container: str, attachment: Attachment) -> None: ...
        def detach(self, container: str, network: str) -> None: ...
        def tell(self, kind: str, network: str, container: str) -> None: ...
        def memberships(self, container: str) -> list[Membership]: ...
        def setting_up(
            self, config: ContainerConfig, name: str, given: Mapping[str, Attachment] = ...
        ) -> AbstractContextManager[SettingUp]: ...
        def connect(
            self, config: ContainerConfig, name: str, network: str, *, again: bool = False
        ) -> Connection: ...
        def disconnect(self, config: ContainerConfig, name: str, network: str) -> Connection | None: ...
        def reload(self, config: ContainerConfig, name: str) -> None: ...
        def tear_down(self, id: str) -> None: ...

    class Volumes(Protocol):
        """Volumes of containers by container id; see volumes.uses.Uses."""

        def take_up(self, config: ContainerConfig) -> None: ...
        def doom(self, container: str, *, made: bool = False) -> None: ...
        def let_go(self, container: str, *, unborn: bool = False) -> None: ...
        def provide(
            self, container: str, mount: Mount, root: str, owner: tuple[int, int],
            unlocked: Callable[[], AbstractContextManager[None]],
        ) -> tuple[str, tuple[str, ...]]: ...  # fmt: skip
        def give_back(self, container: str, *, interrupted: bool = False) -> None: ...
        def path(self, name: str) -> AbstractContextManager[str]: ...
        def get(self, name: str) -> Volume | None: ...
        def is_made_for(self, container: str, name: str) -> bool: ...
        def is_filled(self, name: str) -> None: ...
        def mountpoint(self, name: str) -> str: ...

    class Secrets(Protocol):
        """See secrets.secrets.Secrets."""

        def data(self, name: str) -> bytes: ...

    class Exits(Protocol):
        def read(self, id: str) -> Exit | None:
            """What conmon left in the exit file, None while there is none."""

    class Services(Protocol):
        """The rooms below, as a container operation needs them."""

        @property
        def config(self) -> EngineConfig: ...
        @property
        def store(self) -> Store: ...
        @property
        def locks(self) -> Locks: ...
        @property
        def storage(self) -> RootfsStorage: ...
        @property
        def exits(self) -> Exits: ...
        @property
        def clock(self) -> Clock: ...
        @property
        def bundles(self) -> Bundles: ...
        @property
        def networking(self) -> Networking: ...
        @property
        def volume_uses(self) -> Volumes: ...
        @property
        def secrets(self) -> Secrets: ...
        @property
        def criu(self) -> str:
            """The program. Raises: Unsupported: there is none, and how to get it."""

        def image(self, name: str) -> ImageConfig:
            """What a container inherits of an image that is here. Raises: NoSuchImage."""

        def network(self, name: str) -> Network:
            """The network of this name. Raises: NoSuchNetwork."""

        def find_runtime(self, name: str) -> str:
            """The path of the OCI runtime of this name. Raises: InvalidArgument."""

        def runtime(self, path: str) -> OCIRuntime:
            """The OCI runtime at this path."""

        def exit_command(self, id: str, *, always: bool = False) -> tuple[str, ...]:
            """The argv that conmon runs when the container has ended; `always`: also where somebody attends it."""

        def supervise(self, needed: bool) -> None:
            """A supervisor that runs looks around; one that is `needed` and does not run is started."""

        def settle_pod(self, id: str) -> None:
            """What the pod is to do when its last member has ended is done, if it has. Never fails."""

        def remove_image(self, name: str) -> None:
            """The image is gone; if somebody needs it, there is only a warning."""

        def look_out(self) -> None:
            """Somebody sees when the log of a running container is rotated; cheaper than a supervisor."""

        def layer_dir(self, chain_id: str) -> str:
            """Where an image layer lies unpacked."""

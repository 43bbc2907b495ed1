"""A whole engine's rooms made of doubles: the lifecycle without root, conmon or a runtime."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext

from ..config import EngineConfig
from ..container.container import Container
from ..container.create import create
from ..errors import NoSuchImage
from ..kernel import files
from ..model.container import ContainerConfig, ExecRequest, ImageConfig
from ..model.network import Attachment, Connection, Endpoint, Membership, Network
from ..model.volume import Volume
from ..network.stack import SettingUp
from ..oci.exits import read_exit
from ..state.locks import Locks
from .runtime import FakeRuntime
from .store import MemoryStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from ..model.container import Mount
    from ..model.record import ProcessId
    from ..oci.exits import Exit
    from ..state.locks import Rank
    from ..state.store import Store


class FakeClock:
    """A clock that stands still until `advance` is called, or, with `real=True`, the machine's own."""

    def __init__(self, *, real: bool = False) -> None:
        self._real, self._now = real, 1_700_000_000 * 10**9

    def now(self) -> int:
        """Wall clock, ns."""
        return time.time_ns() if self._real else self._now

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic() if self._real else self._now / 10**9

    def advance(self, seconds: float) -> None:
        """That much time has passed."""
        self._now += int(seconds * 10**9)


class FakeStorage:
    """RootfsStorage that only remembers. `refuse` holds the names of calls that fail."""

    def __init__(self, root: str) -> None:
        self.name = "fake"
        self.root, self.known, self.mounted = root, set[str](), set[str]()
        self.refuse: set[str] = set()

    def create(self, id: str) -> None:
        """See RootfsStorage.create."""
        self._call("create")
        self.known.add(id)

    def exists(self, id: str) -> bool:
        """See RootfsStorage.exists."""
        return id in self.known

    def mount(self, id: str, lowers: Sequence[str]) -> str:
        """See RootfsStorage.mount."""
        self._call("mount")
        self.mounted.add(id)
        return f"{self.root}/{id}"

    def upper_dir(self, id: str) -> str:
        """See RootfsStorage.upper_dir."""
        return f"{self.root}/{id}"

    def unmount(self, id: str) -> None:
        """See RootfsStorage.unmount."""
        self._call("unmount")
        self.mounted.discard(id)

    def replace(self, id: str, own: str) -> None:
        """See RootfsStorage.replace."""
        self._call("replace")
        files.remove_tree(own)

    def complete(self, id: str) -> None:
        """See RootfsStorage.complete."""
        self._call("complete")

    def lay(self, id: str, layer: str, lowers: Sequence[str]) -> None:
        """See RootfsStorage.lay."""
        self.replace(id, layer)

    def remove(self, id: str) -> None:
        """See RootfsStorage.remove."""
        self._call("remove")
        self.mounted.discard(id)
        self.known.discard(id)

    def _call(self, verb: str) -> None:
        if verb in self.refuse:
            raise OSError(28, "No space left on device", verb)


class FakeBundles:
    """Bundles that hold no config.json."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, dict[str, str]]] = []
        self.processes: list[ExecRequest] = []

    def write(
        self, config: ContainerConfig, rootfs: str, namespaces: Mapping[str, str], endpoint: Endpoint | None = None
    ) -> None:
        """See Bundles.write."""
        self.written.append((config.id, rootfs, dict(namespaces)))

    def write_network_files(self, config: ContainerConfig, endpoint: Endpoint) -> None:
        """See Bundles.write_network_files."""

    def write_resolv_conf(self, config: ContainerConfig, connections: Sequence[Connection]) -> None:
        """See Bundles.write_resolv_conf."""

    def write_process(self, config: ContainerConfig, request: ExecRequest, init: ProcessId, path: str) -> None:
        """See Bundles.write_process."""
        self.processes.append(request)


class FakeNetworking:
    """Networking that only remembers who is set up."""

    def __init__(self) -> None:
        self.up = set[str]()
        self.attached: dict[str, list[Attachment]] = {}

    def attach(self, container: str, attachment: Attachment) -> None:
        """See Networking.attach."""
        self.attached.setdefault(container, []).append(attachment)

    def detach(self, container: str, network: str) -> None:
        """See Networking.detach."""
        self.attached[container] = [each for each in self.attached.get(container, ()) if each.network != network]

    def tell(self, kind: str, network: str, container: str) -> None:
        """See Networking.tell."""

    def memberships(self, container: str) -> list[Membership]:
        """See Networking.memberships."""
        return [
            Membership(network=Network(id=each.network, name=each.name, created_at=0), attachment=each)
            for each in self.attached.get(container, ())
        ]

    @contextmanager
    def setting_up(
        self, config: ContainerConfig, name: str, given: Mapping[str, Attachment] | None = None
    ) -> Iterator[SettingUp]:
        """See Networking.setting_up."""
        self.up.add(config.id)
        endpoint = Endpoint(netns=f"/run/netns/seabox-{config.id}")
        yield SettingUp(endpoint, lambda: endpoint)

    def connect(self, config: ContainerConfig, name: str, network: str, *, again: bool = False) -> Connection:
        """See Networking.connect."""
        return Connection(interface="eth0")

    def disconnect(self, config: ContainerConfig, name: str, network: str) -> Connection | None:
        """See Networking.disconnect."""
        return None

    def reload(self, config: ContainerConfig, name: str) -> None:
        """See Networking.reload."""

    def tear_down(self, id: str) -> None:
        """See Networking.tear_down."""
        self.up.discard(id)


class FakeVolumes:
    """Volumes of containers that are only remembered."""

    def __init__(self) -> None:
        self.used: dict[str, list[str]] = {}
        self.provided = set[tuple[str, str]]()
        self.doomed = set[str]()

    def take_up(self, config: ContainerConfig) -> None:
        """See Volumes.take_up."""
        self.used[config.id] = [mount.source for mount in config.mounts if mount.type == "volume"]

    def doom(self, container: str, *, made: bool = False) -> None:
        """See Volumes.doom."""
        self.doomed.add(container)

    def let_go(self, container: str, *, unborn: bool = False) -> None:
        """See Volumes.let_go."""
        self.used.pop(container, None)

    def provide(
        self, container: str, mount: Mount, root: str, owner: tuple[int, int],
        unlocked: Callable[[], AbstractContextManager[None]],
    ) -> tuple[str, tuple[str, ...]]:  # fmt: skip
        """See Volumes.provide."""
        self.provided.add((container, mount.source))
        return self.mountpoint(mount.source), ()

    def give_back(self, container: str, *, interrupted: bool = False) -> None:
        """See Volumes.give_back."""
        self.provided = {each for each in self.provided if each[0] != container}

    def path(self, name: str) -> AbstractContextManager[str]:
        """See Volumes.path."""
        return nullcontext(self.mountpoint(name))

    def get(self, name: str) -> Volume | None:
        """See Volumes.get."""
        return Volume(name=name, place=f"/volumes/{name}", created_at=1)

    def is_made_for(self, container: str, name: str) -> bool:
        """See Volumes.is_made_for."""
        return True

    def is_filled(self, name: str) -> None:
        """See Volumes.is_filled."""

    def mountpoint(self, name: str) -> str:
        """See Volumes.mountpoint."""
        return f"/volumes/{name}/_data"


class FakeSecrets(dict[str, bytes]):
    """What secrets hold, by id."""

    def data(self, name: str) -> bytes:
        """See Secrets.data."""
        return self[name]


class FakeRooms:
    """container.services.Services in the directory `folder`; close it, for it has children."""

    def __init__(self, folder: str, *, store: Store | None = None, **settings: Any) -> None:
        self.config = EngineConfig(root=f"{folder}/root", runroot=f"{folder}/run", **settings)
        files.make_dirs(self.config.runroot)
        self.store: Store = store if store is not None else MemoryStore()
        self.locks = Locks(self._lock_path, self.config.lock_timeout)
        self.storage = FakeStorage(self.config.root)
        self.exits = self
        self.clock = FakeClock(real=True)
        self.bundles = FakeBundles()
        self.networking = FakeNetworking()
        self.volume_uses = FakeVolumes()
        self.secrets = FakeSecrets()
        self.fake = FakeRuntime()
        self.settled: list[str] = []  # pods that a member of which has ended
        self.supervised = 0  # how often a supervisor was wanted

    def _lock_path(self, rank: Rank, name: str) -> str:
        return f"{self.config.run_dir(name)}/lock"

    def read(self, id: str) -> Exit | None:
        """See Exits.read."""
        return read_exit(self.config.run_dir(id), id)

    @property
    def criu(self) -> str:
        """See Services.criu: the fake runtime needs none."""
        return "/fake/criu"

    def image(self, name: str) -> ImageConfig:
        """See Services.image: there is none."""
        raise NoSuchImage(name)

    def network(self, name: str) -> Network:
        """See Services.network."""
        return Network(id=name, name=name, created_at=0)

    def find_runtime(self, name: str) -> str:
        """See Services.find_runtime."""
        return self.fake.path

    def runtime(self, path: str) -> FakeRuntime:
        """See Services.runtime."""
        return self.fake

    def exit_command(self, id: str, *, always: bool = False) -> tuple[str, ...]:
        """See Services.exit_command."""
        return ("/bin/true", id)

    def supervise(self, needed: bool) -> None:
        """See Services.supervise: only counted."""
        self.supervised += needed

    def look_out(self) -> None:
        """See Services.look_out: nobody does."""

    def settle_pod(self, id: str) -> None:
        """See Services.settle_pod: only noted."""
        self.settled.append(id)

    def remove_image(self, name: str) -> None:
        """See Services.remove_image: there are no images."""

    def layer_dir(self, chain_id: str) -> str:
        """See Services.layer_dir."""
        return f"{self.config.root}/layers/{chain_id}"

    def close(self) -> None:
        """No child is left and the store is closed."""
        self.fake.close()
        self.store.close()

    def container(self, name: str | None = None, **config: Any) -> Container:
        """A fresh container with this configuration."""

        def configure(id: str, name: str, now: int) -> ContainerConfig:
            return ContainerConfig(
                id=id, name=name, created_at=now, argv=("true",), runtime="/fake/runtime",
                **({"stop_timeout": 1, **config}),
            )  # fmt: skip

        return Container(self, create(self, name, configure))

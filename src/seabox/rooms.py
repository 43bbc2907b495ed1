"""The rooms of one engine, each built when it is first entered: `ps` pays for the store and nothing else."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import cached_property

from .config import find_criu, find_program, registries_files, transfer_environment
from .errors import InvalidArgument, NoSuchContainer, NoSuchImage, SeaboxError, Unsupported
from .kernel import files
from .state.image_index import SQLiteImageIndex
from .state.locks import Locks, Rank, RankedLocks
from .state.sqlite import SQLiteStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bundles import SpecBundles
    from .config import EngineConfig
    from .images.images import Images
    from .model.container import ContainerConfig, CreateRequest, ImageConfig
    from .model.network import Network
    from .network.networks import Networks
    from .network.stack import Stack
    from .oci.exits import Exit
    from .oci.runtime import OCIRuntime
    from .secrets.secrets import Secrets
    from .storage.driver import Driver
    from .volumes.uses import Uses
    from .volumes.volumes import Volumes

_EXIT_COMMAND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "attendants", "exitcmd.py")
_SUPERVISOR = os.path.join(os.path.dirname(_EXIT_COMMAND), "supervisor.py")
_FLOCK = "/usr/bin/flock"
_SETSID = "/usr/bin/setsid"
_LOCK_FD = 3  # in the two
_LOOKOUT = os.path.join(os.path.dirname(_EXIT_COMMAND), "lookout.sh")


class SystemClock:
    """The clock of this machine."""

    __slots__ = ()

    def now(self) -> int:
        """Wall clock, ns since the epoch."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


class ExitFiles:
    """What conmon wrote about containers that ended."""

    __slots__ = ("_config",)

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def read(self, id: str) -> Exit | None:
        """What the exit file of this container says, None while there is none."""
        from .oci.exits import read_exit

        return read_exit(self._config.run_dir(id), id)


def _python(program: str) -> tuple[str, ...]:
    """What runs a program of ours without site-packages, which cost more than all it does."""
    return (sys.executable or "/usr/bin/python3", "-I", "-S", program)


def _libraries() -> str:
    """The directory of the libraries that such a program may need after all: to start a container again."""
    import msgspec

    return os.path.dirname(os.path.dirname(os.path.abspath(msgspec.__file__)))


class ImageUsers:
    """Containers, as the image store sees them."""

    __slots__ = ("_on",)

    def __init__(self, on: Rooms) -> None:
        self._on = on

    def files_of(self, name: str) -> tuple[ContainerConfig, str, list[str], bool]:
        """See images.needs.Containers."""
        from .container.stored import decode_config

        id = self._on.store.find(name)
        config = decode_config(self._on.store.config(id))
        if config.rootfs:
            raise InvalidArgument(f"container {name} stands on a directory, not on an image")
        lowers = [self._on.layer_dir(layer) for layer in reversed(config.layers)]
        return config, self._on.storage.upper_dir(id), lowers, self._on.storage.name == "vfs"

    def pack(self, name: str, path: str) -> None:
        """See images.needs.Containers."""
        from .container.container import Container

        Container(self._on, self._on.store.find(name)).export(path)

    def remove(self, id: str) -> None:
        """See images.needs.Containers."""
        from .container.container import Container

        with suppress(NoSuchContainer):
            Container(self._on, id).remove(force=True)


class Rooms:
    """The rooms below, as container operations need them (container.services.Services)."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.clock = SystemClock()
        self.exits = ExitFiles(config)
        self._runtimes: dict[str, OCIRuntime] = {}

    @cached_property
    def store(self) -> SQLiteStore:
        """The database."""
        return SQLiteStore(
            self.config.database, keep_days=self.config.keep_events_days, keep_rows=self.config.keep_events_rows
        )

    @cached_property
    def locks(self) -> Locks:
        """A lock per container, in its run directory; other kinds beside them."""

        def path_of(rank: Rank, name: str) -> str:
            if rank is Rank.CONTAINER:
                return f"{self.config.run_dir(name)}/lock"
            return f"{self.config.runroot}/locks/{rank.name.lower()}-{name}/lock"

        return Locks(path_of, self.config.lock_timeout)

    @cached_property
    def bundles(self) -> SpecBundles:
        """What runtimes are told about containers."""
        from .bundles import SpecBundles

        return SpecBundles(self.config)

    @cached_property
    def storage(self) -> Driver:
        """Writable roots, by the driver that works here."""
        from .storage.choose import choose

        return choose(self.config.root, self.config.storage_driver)

    @cached_property
    def networking(self) -> Stack:
        """The networks of containers, as they run."""
        from .network.netavark import Netavark
        from .network.stack import Stack

        netavark = find_program("netavark", self.config.netavark)
        backend = Netavark(netavark, find_program("aardvark-dns"), f"{self.config.runroot}/networks")
        return Stack(self.store.networks, backend, self.config.run_dir)

    @cached_property
    def networks(self) -> Networks:
        """Which networks there are."""
        from .network.networks import Networks

        return Networks(self.store.networks)

    @cached_property
    def catatonit(self) -> str:
        """The path of the small init process, "" if it is not installed."""
        return find_program("catatonit", self.config.catatonit)

    @cached_property
    def volume_uses(self) -> Uses:
        """The volumes of containers."""
        from .container.volume_needs import uses

        return uses(self)

    @cached_property
    def volumes(self) -> Volumes:
        """Which volumes there are."""
        from .container.volume_needs import volumes

        return volumes(self, self.volume_uses)

    @cached_property
    def secrets(self) -> Secrets:
        """Which secrets there are."""
        from .secrets.secrets import Secrets
        from .state.secrets import SQLiteSecrets

        locks = RankedLocks(self.locks, Rank.SECRET, f"{self.config.runroot}/locks")
        return Secrets(SQLiteSecrets(self.store), locks, self.config.secrets, self.config.secret_driver)

    def runtime(self, path: str) -> OCIRuntime:
        """The OCI runtime at this path."""
        if path not in self._runtimes:
            from .oci.cli import CommandLineRuntime

            conmon = find_program("conmon", self.config.conmon)
            if not conmon:
                raise Unsupported("conmon was not found: install it, or set conmon in seabox.conf")
            self._runtimes[path] = CommandLineRuntime(
                path, root=self.config.runtime_root(path), conmon=conmon, flags=self.config.runtime_flags
            )
        return self._runtimes[path]

    @cached_property
    def criu(self) -> str:
        """The program criu. Raises: Unsupported."""
        path = find_criu(self.config.criu)
        if not path or not os.access(path, os.X_OK) or os.path.basename(path) != "criu":
            named = f" ({path} is none)" if path else ""
            raise Unsupported(
                f"checkpoint and restore need the program criu{named}: install the package criu, or set criu in "
                "seabox.conf"
            )
        return path

    def image(self, name: str) -> ImageConfig:
        """What a container inherits of an image that is here. Raises: NoSuchImage."""
        from .images.config import image_config

        return image_config(self.images.find(name))

    def network(self, name: str) -> Network:
        """The network of this name. Raises: NoSuchNetwork."""
        return self.networks.get(name)

    def find_runtime(self, name: str) -> str:
        """The path of the OCI runtime of this name. Raises: InvalidArgument."""
        from .oci.choose import choose

        if self.config.runtime and os.path.basename(self.chosen_runtime) == name:
            return self.chosen_runtime
        return choose(name, find_program)

    def exit_command(self, id: str, *, always: bool = False) -> tuple[str, ...]:
        """The argv that conmon runs when the container has ended.

        flock(1) goes first: where a live engine attends the container it ends at once, without an interpreter. Not
        so with `always`: that engine could be the one that started it again, and had not let go when it ended.
        """
        run = self.config.run_dir(id)
        gate = (_FLOCK, "--nonblock", "--conflict-exit-code", "0", "--no-fork", f"{run}/attended")
        gated = os.access(_FLOCK, os.X_OK) and not always
        return (*(gate if gated else ()), *_python(_EXIT_COMMAND), id, _libraries(), *self.config.words())

    def supervise(self, needed: bool) -> None:
        """A supervisor that runs looks around; one that is `needed` and does not run is started.

        Its lock is taken here and handed to it, so there is never a second one. Trying the lock is what wakes it: it
        watches the directory.
        """
        self._attend("supervisor", (*_python(_SUPERVISOR), _libraries(), *self.config.words()), needed)

    def look_out(self) -> None:
        """Somebody sees when the log of a running container is rotated; cheaper than a supervisor, which he becomes."""
        seconds = f"{max(0.2, self.config.supervisor_linger):g}"
        then = (*_python(_SUPERVISOR), _libraries(), *self.config.words())
        self._attend("lookout", ("/bin/sh", _LOOKOUT, self.config.runroot, seconds, *then), True)

    def _attend(self, who: str, argv: Sequence[str], needed: bool) -> None:
        """If nobody holds the lock of this name, a program that is `needed` is started with it."""
        from .kernel.locks import lock_file, unlock
        from .kernel.process import clean_env, reap, spawn

        try:
            lock = lock_file(f"{self.config.runroot}/{who}.lock", timeout=0)
        except FileNotFoundError:
            return  # no run directory, no containers
        if lock is None:
            return
        if not needed or not os.access(_SETSID, os.X_OK):
            unlock(lock)
            return
        try:  # setsid forks: it is nobody's child, and this process need not reap it
            reap(spawn((_SETSID, "--fork", *argv), env=clean_env(), pass_fds={_LOCK_FD: lock}), 60)
        finally:
            os.close(lock)  # not unlocked: the program has it

    def resolve(self, request: CreateRequest, id: str, name: str, now: int) -> ContainerConfig:
        """The configuration that a request comes to here. Raises: InvalidArgument, Unsupported, NoSuchImage..."""
        import msgspec

        from .container.joins import joined
        from .container.volume_needs import mounts_of
        from .containers_conf import container_defaults
        from .images.config import image_config
        from .images.naming import complete_name, digest_of
        from .spec.defaults import with_defaults
        from .spec.facts import host_facts
        from .spec.resolve import resolve

        request, pod = self._joined(request)
        said = container_defaults(self.config.containers_conf)
        request = with_defaults(request, said)
        pull = request.pull or said.get("pull", "missing")
        image, digest = None, ""
        if not request.rootfs:
            row = self.images.obtain(request.image, pull)
            image, digest = image_config(row), digest_of(row)
            request = msgspec.structs.replace(request, image=complete_name(row, request.image))
        config = resolve(
            request,
            image=image,
            defaults=self.config,
            facts=host_facts(),
            id=id,
            name=name,
            now=now,
            runtime=self.chosen_runtime,
            find_container=self.store.find,
            find_network=lambda name: self.networks.get(name),
            find_image=lambda name: self.images.get(name),
            find_mounts=lambda name: mounts_of(self.store, name),
            find_secret=lambda name: self.secrets.get(name),
        )
        needs = (*config.requires, *joined(config, self.store.config))
        log = config.log
        if log.driver == "k8s-file" and log.size_max > 0:
            from .oci.conmon import rotates_logs

            conmon = find_program("conmon", self.config.conmon)
            rotates = rotates_logs(conmon, f"{self.config.runroot}/conmon-version")
            log = msgspec.structs.replace(log, rotate="conmon" if rotates else "supervisor")
        if pod:
            config = msgspec.structs.replace(config, pod=pod, role=request.init_ctr)
        return msgspec.structs.replace(config, requires=tuple(dict.fromkeys(needs)), log=log, image_digest=digest)

    def _joined(self, request: CreateRequest) -> tuple[CreateRequest, str]:
        """The request with what its pod adds to it, and the pod's id, "" if it is in none."""
        if not request.pod and not request.init_ctr:
            return request, ""
        from .pods.join import joined

        request, pod = joined(self, request)
        return request, pod.id if pod is not None else ""

    @cached_property
    def chosen_runtime(self) -> str:
        """The path of the OCI runtime that new containers get. Raises: Unsupported."""
        from .oci.choose import choose

        return choose(self.config.runtime, find_program)

    @cached_property
    def images(self) -> Images:
        """The image store."""
        from .images.images import Images
        from .images.needs import Host
        from .kernel.process import clean_env

        host = Host(
            skopeo=find_program("skopeo"), buildah=find_program("buildah"),
            setpriv=find_program("setpriv"), unshare=find_program("unshare"),
            env=clean_env(transfer_environment()), registries=registries_files(),
        )  # fmt: skip
        index = SQLiteImageIndex(self.store)
        return Images(self.config.root, index, host=host, containers=ImageUsers(self), roots=lambda: self.storage)

    def settle_pod(self, id: str) -> None:
        """What the pod is to do when its last member has ended is done, if it has. Never fails."""
        from .pods.exit_policy import settle

        settle(self, id)

    def remove_image(self, name: str) -> None:
        """See Services.remove_image."""
        from .diagnostics import warning

        try:
            self.images.remove(name)
        except SeaboxError as problem:
            if not isinstance(problem, NoSuchImage):
                warning("%s", problem)

    def layer_dir(self, chain_id: str) -> str:
        """Where an image layer lies unpacked."""
        return f"{self.config.root}/layers/{chain_id}/diff"

    def make_directories(self) -> None:
        """The roots exist, closed to everybody else."""
        for path in (self.config.root, self.config.runroot):
            files.make_dirs(path, 0o711 if path == self.config.root else 0o700)

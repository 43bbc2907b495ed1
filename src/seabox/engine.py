"""`Engine`: opens the store, finds containers, makes new ones. Nothing runs in the background."""

from __future__ import annotations

from contextlib import suppress
from os import fspath

from .config import EngineConfig, load
from .container import snapshot
from .container.claims import is_live
from .container.container import Container
from .container.exec_reap import is_due
from .errors import InvalidArgument, NoSuchContainer
from .kernel import process
from .model.record import ALIVE, Intent, Status
from .model.times import check_timeout
from .rooms import Rooms

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Any, Unpack

    from .check import Finding
    from .container.exec_session import Exec
    from .container.snapshot import Snapshot
    from .images.images import Images
    from .kernel.watch import Cancel
    from .model.checkpoint import Statistics
    from .model.container import ContainerConfig, CreateRequest
    from .model.options import CreateOptions, RestoreOptions
    from .model.record import ContainerState, Event
    from .network.networks import Networks
    from .pods.pods import Pods
    from .secrets.secrets import Secrets
    from .usage import Usage
    from .volumes.volumes import Volumes


class Engine:
    """A container engine over one pair of directories. Any number of engines, in any processes, may share them.

    Settings come from configuration files and the environment; keyword arguments (the fields of EngineConfig)
    override them. Close it, or use it as a context manager, to close the database; containers go on running.
    """

    def __init__(self, config: EngineConfig | None = None, **settings: Any) -> None:
        if config is not None and settings:
            raise InvalidArgument("give either a config or single settings, not both")
        self.config = config or load(**settings)
        self._rooms = Rooms(self.config)
        self.containers = Containers(self._rooms)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing of this engine is open in this process; containers go on."""
        self._rooms.store.close()

    @property
    def images(self) -> Images:
        """The images of this engine."""
        return self._rooms.images

    @property
    def pods(self) -> Pods:
        """The pods of this engine."""
        from .pods.pods import Pods

        return Pods(self._rooms)

    @property
    def networks(self) -> Networks:
        """The networks of this engine."""
        return self._rooms.networks

    @property
    def volumes(self) -> Volumes:
        """The volumes of this engine."""
        return self._rooms.volumes

    @property
    def secrets(self) -> Secrets:
        """The secrets of this engine."""
        return self._rooms.secrets

    def events(
        self, since: int = 0, *, follow: bool = False, until: int | None = None, timeout: float | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Everything that happened after sequence number `since`, oldest first; with `follow` also what happens.

        Following ends at the moment `until` (ns), with TimedOut after `timeout` seconds, or with Cancelled when
        `cancel` is fired from another thread.
        """
        check_timeout(timeout)
        from .events.follow import follow as on_and_on
        from .events.follow import past

        if not follow:
            return past(self._rooms.store, since)
        journal = f"{self.config.database}-wal"
        return on_and_on(self._rooms.store, journal, since, until=until, timeout=timeout, cancel=cancel)

    def newest_event(self) -> int:
        """The sequence number of what happened last, 0 if nothing has."""
        return self._rooms.store.last_seq()

    def check(self, *, repair: bool = False, force: bool = False, quick: bool = False) -> list[Finding]:
        """What is wrong with the database, containers, images, secrets and their directories; [] if nothing.

        `repair` mends what can be mended without losing anything and says so in each finding; `force` also removes
        what is beyond that. `quick` leaves out the slow part of looking at the database. May take long.
        """
        from .check import Check

        return list(Check(self._rooms, repair=repair, force=force, quick=quick).run())

    def usage(self) -> list[Usage]:
        """How much room images, containers, volumes and secrets take, and how much could be had back. May take long."""
        from .usage import usage

        return usage(self._rooms)

    def reset(self) -> None:
        """There is no container, image, network or secret; the two directories are empty. Raises: Busy, OSError."""
        from .usage import reset

        reset(self._rooms)

    @property
    def runtime(self) -> str:
        """The path of the OCI runtime that containers get which ask for no other. Raises: Unsupported."""
        return self._rooms.chosen_runtime

    def info(self) -> dict[str, Any]:
        """What this engine and its host are, under podman's field names."""
        from .about import info

        return info(self._rooms)

    def programs_used(self) -> dict[str, str]:
        """What conmon and the runtime say of their versions, by their names."""
        from .about import programs_used

        return programs_used(self._rooms)


class LastEngine(Engine):
    """The engine of a process that ends with it: what the kernel frees as well is left to it.

    The last to close a database moves its log, with two syncs; the next to open it just reads that log.
    """

    def close(self) -> None:
        """Nothing of this engine needs to be closed."""


class Containers:
    """The containers of one engine."""

    def __init__(self, on: Rooms) -> None:
        self._on = on

    def create(
        self, image: str = "", command: Sequence[str] | None = None, **options: Unpack[CreateOptions]
    ) -> Container:
        """A container exists, configured and not running; give `rootfs=` in place of an image to use a directory.

        Options are the fields of CreateRequest. Raises: InvalidArgument, NoSuchImage, NameInUse, Unsupported,
        NoSuchContainer (one named in `requires` or `network`), NoSuchSecret.
        """
        request = _request(image, command, options)
        on = self._on
        on.make_directories()
        if request.pod.startswith("new:"):
            return self._create_in_a_new_pod(request)
        return self._create(request)

    def _create_in_a_new_pod(self, request: CreateRequest) -> Container:
        """See create; nothing is left of the pod either if it fails."""
        from msgspec.structs import replace

        from .pods.create import create
        from .pods.new import split
        from .pods.remove import erase

        first, request = split(request)
        pod = create(self._on, first)
        try:
            return self._create(replace(request, pod=pod))
        except BaseException:
            erase(self._on, pod)
            raise

    def _create(self, request: CreateRequest) -> Container:
        on = self._on

        def configure(id: str, name: str, now: int) -> ContainerConfig:
            return on.resolve(request, id, name, now)

        from .container.create import create

        return Container(on, create(on, request.name, configure))

    def run(self, image: str = "", command: Sequence[str] | None = None, **options: Unpack[CreateOptions]) -> Container:
        """A container exists and its process has been started; with auto_remove it goes when that ends.

        Raises: as `create` and Container.start; nothing is left behind then.
        """
        ctr = self.create(image, command, **options)
        try:
            ctr.start(recursive="pod" in options)
        except BaseException:
            ctr.remove(force=True)
            raise
        return ctr

    def restore(
        self, *archives: str | PathLike[str], name: str | None = None, pod: str | None = None,
        import_previous: str | PathLike[str] = "", publish: Sequence[str] = (),
        report: Callable[[Statistics], object] | None = None, timeout: float | None = None,
        cancel: Cancel | None = None, **options: Unpack[RestoreOptions],
    ) -> list[Container]:  # fmt: skip
        """Running containers, one for each archive of Container.checkpoint (or of podman), go on where those were left.

        A container has the name, and if it is free the id, that it had; its image must be here. With `name` it is
        another: several of one archive may run side by side, with addresses of their own. `publish` replaces its
        published ports; `report` is told how long each took. One that was in a pod goes on in `pod`, which has to share
        the same namespaces and is started if need be. An archive may come from anybody: one that leads out
        of the container's own directory, or asks for privileges beyond the default and not `allow_privileges`, is
        refused; yet its processes are what it says they are. Blocks for as long as all of them take to be read, up to
        `timeout` seconds (None = for ever).
        Raises: BadCheckpoint, WiderPrivileges, NameInUse, NoSuchImage, NoSuchNetwork, NoSuchPod, VolumeThere,
        AddressesTaken, RestoreFailed, Unsupported, InvalidArgument, TimedOut, Cancelled; none of the containers is
        there then.
        """
        if not archives or (name is not None and len(archives) > 1):
            raise InvalidArgument("restore: one archive at least, and only one for a name")
        from .container.bounds import Bounds
        from .container.imported import import_several

        bounds = Bounds(timeout, cancel)
        self._on.make_directories()
        where = None
        if pod is not None:
            from .pods.arrive import place

            where = place(self._on, pod)
        return import_several(
            self._on, [fspath(each) for each in archives], bounds, name=name, previous=fspath(import_previous),
            publish=publish, pod=where, report=report, **options,
        )  # fmt: skip

    def checkpoint_image(
        self, name: str, image: str, *, timeout: float | None = None, cancel: Cancel | None = None, **options: Any
    ) -> Statistics:
        """The container's checkpoint, as of Container.checkpoint with `export`, is an image, which may be pushed.

        Raises: as that; InvalidArgument (no name for an image), Busy.
        """
        from .images.checkpoints import make

        ctr = self.get(name)
        self._on.make_directories()
        return make(self._on.images, image, ctr.name, lambda path: ctr.checkpoint(
            export=path, timeout=timeout, cancel=cancel, **options
        ))  # fmt: skip

    def restore_image(
        self, *images: str, timeout: float | None = None, cancel: Cancel | None = None, **options: Any
    ) -> list[Container]:
        """As `restore`, from images that were made of checkpoints. Raises: as that; InvalidArgument: one was not."""
        from .images.checkpoints import archives_of

        with archives_of(self._on.images, images) as archives:
            return self.restore(*archives, timeout=timeout, cancel=cancel, **options)

    def get(self, name: str) -> Container:
        """The container with this name, id, or unique id prefix. Raises: NoSuchContainer, AmbiguousName."""
        id = self._on.store.find(name.removeprefix("/"))  # docker shows names with it
        self._mend(id, name)
        return Container(self._on, id)

    def __getitem__(self, name: str) -> Container:
        """See `get`."""
        return self.get(name)

    def exists(self, name: str) -> bool:
        """Whether there is such a container."""
        try:
            self.get(name)
        except NoSuchContainer:
            return False
        return True

    def list(self, *, all: bool = True) -> list[Snapshot]:
        """What is true of every container now, oldest first; without `all`, of those that run. Takes no lock."""
        found = snapshot.all_of(self._on, only_alive=not all)
        return [seen for seen in found if all or seen.status in ("running", "paused", "stopping")]

    def exec_session(self, id: str) -> Exec:
        """The exec session with this whole id, in whichever container it is. Raises: NoSuchExec."""
        from .container.exec_session import Exec

        found = self._on.store.execs.find(id).container
        return Exec(self._on, found, self._on.store.load(found).facts.runtime, id)

    def dependants(self, name: str) -> builtins.list[Container]:
        """The containers that need this one, directly or not, in an order in which they can be removed.

        Raises: NoSuchContainer, AmbiguousName.
        """
        from .container.requirements import dependants

        return [Container(self._on, id) for id in dependants(self._on, self.get(name).id)]

    def wait_code(self, name: str) -> int:
        """The last exit code of a container; one that is gone is known by its whole id alone.

        Raises: NoSuchContainer (or it never ended), ExitCodeUnknown.
        """
        from .container.wait import recorded_code

        with suppress(NoSuchContainer):  # gone, perhaps: its codes are kept by id
            name = self._on.store.find(name)
        return recorded_code(self._on, name, None)

    @staticmethod
    def _died_unseen(state: ContainerState) -> bool:
        """Whether it should run and does not, and no conmon is there that would see to it."""
        last = [each for each in (state.conmon, state.process) if each is not None]
        return state.status in ALIVE and bool(last) and not any(process.alive(each) for each in last)

    def _mend(self, id: str, name: str) -> None:
        """What a killed operation left of this container is put right, if nobody else is at it."""
        record = self._on.store.load(id)
        claim = record.claim
        if record.facts.restart_policy != "no" and self._died_unseen(record.state):
            Container(self._on, id).mend()
        if claim is None:
            if record.state.status is Status.REMOVING or is_due(self._on, id):
                Container(self._on, id).mend()
            return
        if not is_live(claim):
            Container(self._on, id).mend()
        elif claim.intent is Intent.CREATE:
            raise NoSuchContainer(name)


def _request(image: str, command: Sequence[str] | None, options: CreateOptions) -> CreateRequest:
    import msgspec

    from .model.container import CreateRequest
    from .model.decoding import convert

    if isinstance(command, str):
        raise InvalidArgument("command must be a sequence of strings, not one string")
    unknown = sorted(options.keys() - set(CreateRequest.__struct_fields__))
    if unknown:
        raise InvalidArgument(f"create: unknown option {', '.join(unknown)}")
    asked = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
    try:
        return convert({**asked, "image": image, "command": None if command is None else list(command)}, CreateRequest)
    except msgspec.ValidationError as problem:
        raise InvalidArgument(f"create: {problem}") from None

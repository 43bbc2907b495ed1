"""`Container`: the public handle: a table of operations, each under the container's lock."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps

from ..errors import InvalidArgument, NoSuchContainer
from ..model.record import Intent
from ..model.times import check_timeout
from . import handle_files, handle_sleep, handle_streams, lifecycle, locking, snapshot
from .remove import remove as remove_locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from ..kernel.watch import Cancel
    from ..model.container import ContainerConfig
    from ..model.health import Health
    from ..model.network import Membership, Network
    from .artifacts import Artifacts
    from .exec_session import Execs
    from .guard import Locked
    from .services import Services
    from .sizes import Sizes
    from .snapshot import Snapshot
    from .snapshots import Snapshots
    from .stats import Stats

    P = ParamSpec("P")
    R = TypeVar("R")


def operation(
    op: Callable[Concatenate[Locked, P], R], *through: Intent
) -> Callable[Concatenate[Container, P], R]:
    """Bind a function over a locked container as a method that takes the lock first.

    While another process works on the container under a claim, the method waits for it to finish, unless the
    claim's intent is one of `through`: `kill` and `remove` do not wait for a `stop`, a second `stop` joins it. The
    operation's `cancel` ends that wait too.
    """

    @wraps(op)
    def method(self: Container, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.locked(*through, cancel=kwargs.get("cancel")) as ctr:  # type: ignore[arg-type]
            return op(ctr, *args, **kwargs)

    return method


_ENDING = (Intent.STOP, Intent.RESTART, Intent.REMOVE)
_READING = (Intent.EXPORT, Intent.COPY)  # done with the container's files while it does not run


class Container:
    """A handle on one container: an id and no state, so it is never stale."""

    __slots__ = ("_locked", "_on", "id")

    def __init__(self, on: Services, id: str, *, _locked: Locked | None = None) -> None:
        self.id, self._on, self._locked = id, on, _locked

    def __repr__(self) -> str:
        return f"<Container {self.id[:12]}>"

    # --- operations: under the container's lock ------------------------------------------------------------------

    def init(
        self, *, recursive: bool = False, preserve_fds: Sequence[int] = (), timeout: float | None = None,
        cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        """The container exists in the OCI runtime: its process waits, conmon watches it.

        With `recursive` what it requires is started first; see `start`. Raises: as `start`.
        """
        from ..tracing import span

        with span("containerInit", self.id):
            if recursive:
                self.start_dependencies(timeout=timeout, cancel=cancel)
            with self.locked(cancel=cancel) as ctr:
                ctr.preserve_fds = tuple(preserve_fds)
                lifecycle.init(ctr)

    def start(
        self, *, recursive: bool = False, preserve_fds: Sequence[int] = (), timeout: float | None = None,
        cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        """The container's process runs, created in the runtime first if need be.

        With `recursive` the containers that it requires are started first, and waited for, without a lock, up to
        `timeout` seconds (None = for ever). `preserve_fds`, inheritable ones of ours, become 3, 4... of the process.
        Raises: StateConflict, DependenciesFailed, CommandNotFound, CommandNotExecutable, OCIRuntimeFailed, Refused,
        TimedOut, Cancelled; it is as before then.
        """
        from ..tracing import span

        with span("containerStart", self.id):
            if recursive:
                self.start_dependencies(timeout=timeout, cancel=cancel)
            with self.locked(cancel=cancel) as ctr:
                ctr.preserve_fds = tuple(preserve_fds)
                lifecycle.start(ctr)

    def start_dependencies(self, *, timeout: float | None = None, cancel: Cancel | None = None) -> None:
        """All that the container requires is the case: containers were started, and waited for without a lock.

        Blocks up to `timeout` seconds (None = for ever). Raises: DependenciesFailed, with all causes;
        InvalidArgument (in a batch, which has a lock), TimedOut, Cancelled.
        """
        if self._locked is not None:
            raise InvalidArgument("the containers that others require are not started in a batch")
        from .dependencies import start_required

        start_required(self._on, self.id, timeout, cancel)

    def give_up(self, problem: Exception) -> None:
        """That it could not be started, because of `problem`, is on record as the end of a run; see failed.py."""
        from .failed import give_up

        with self.locked() as ctr:
            give_up(ctr, problem)

    stop = operation(lifecycle.stop, *_ENDING, *_READING)
    kill = operation(lifecycle.kill, *_ENDING, *_READING)
    restart = operation(lifecycle.restart)
    pause = operation(lifecycle.pause)
    unpause = operation(lifecycle.unpause)
    cleanup = operation(lifecycle.cleanup)
    sync = operation(lifecycle.sync)

    def remove(
        self, *, force: bool = False, timeout: int | None = None, volumes: bool = False, cancel: Cancel | None = None,
        with_pod: bool = False,
    ) -> None:  # fmt: skip
        """It is gone, with its files; see remove.py."""
        with self.locked(*_ENDING, *(_READING if force else ()), cancel=cancel) as ctr:
            remove_locked(ctr, force=force, timeout=timeout, volumes=volumes, cancel=cancel, with_pod=with_pod)

    def connect(self, network: Network, *options: str) -> None:
        """The container takes part in the network, at once if it runs; options are "ip=...", "alias=...", "mac=...".

        Raises: InvalidArgument, Conflict, AddressesTaken, NetworkFailed; it is as before then.
        """
        from .networks import connect

        with self.locked() as ctr:
            connect(ctr, network, options)

    def disconnect(self, network: Network) -> None:
        """The container does not take part in the network any more. Raises: InvalidArgument, Conflict."""
        from .networks import disconnect

        with self.locked() as ctr:
            disconnect(ctr, network)

    def reload_network(self) -> None:
        """The running container's firewall rules and interfaces are made anew. Raises: StateConflict, NetworkFailed."""
        from .networks import reload_network

        with self.locked() as ctr:
            reload_network(ctr)

    mount = handle_files.mount
    unmount = handle_files.unmount
    copy_in = handle_files.copy_in
    copy_out = handle_files.copy_out
    export = handle_files.export
    exported = handle_files.exported

    checkpoint = handle_sleep.checkpoint
    restore = handle_sleep.restore
    fork = handle_sleep.fork

    @property
    def snapshots(self) -> Snapshots:
        """Moments of the container that it can be taken back to, with its memory and its files."""
        from .snapshots import Snapshots

        return Snapshots(self._on, self)

    @property
    def artifacts(self) -> Artifacts:
        """Small files kept with the container: a mutable mapping of bytes by name."""
        from .artifacts import Artifacts

        return Artifacts(self._on, self)

    start_and_attach = handle_streams.start_and_attach
    attach = handle_streams.attach
    http_attach = handle_streams.http_attach
    logs = handle_streams.logs

    exec = handle_streams.exec_attached
    exec_run = handle_streams.exec_run
    exec_detached = handle_streams.exec_detached

    @property
    def execs(self) -> Execs:
        """The container's exec sessions."""
        return handle_streams.execs(self)

    def resize(self, height: int, width: int) -> None:
        """The container's terminal has this many rows and columns. Raises: StateConflict, InvalidArgument."""
        from .attach import resize

        resize(self, height, width)

    def rename(self, name: str) -> None:
        """The container is called `name`; what runs goes on. Raises: InvalidArgument, NameInUse, StateConflict."""
        from .rename import rename

        with self.locked() as ctr:
            rename(ctr, name)

    def update(self, *, timeout: float | None = None, cancel: Cancel | None = None, **changes: object) -> None:
        """The container has other limits, restart policy or health check; a running one at once.

        Waits for whoever works on it up to `timeout` seconds (None = the engine's lock timeout). Keys, as of `create`:
        memory, memory_swap, memory_reservation, cpus, cpu_shares, cpu_quota, cpu_period, cpuset_cpus, cpuset_mems,
        pids_limit, restart, healthcheck, health_*. Raises: InvalidArgument, Unsupported, TimedOut, Cancelled...
        """
        from .update import update

        check_timeout(timeout)
        with self.locked(cancel=cancel, timeout=timeout) as ctr:
            update(ctr, **changes)

    def run_healthcheck(self, *, timeout: float | None = None, cancel: Cancel | None = None) -> Health:
        """The container's health check was run once, outside of its turn. Blocks up to the check's own timeout.

        One that takes longer than `timeout` seconds, or is cancelled, is killed and does not count.
        Raises: InvalidArgument (it has none), StateConflict (it does not run), TimedOut, Cancelled.
        """
        from .health import run_check

        return run_check(self._on, self, timeout, cancel)

    @contextmanager
    def batch(self) -> Iterator[Container]:
        """A view of this container whose operations share one lock and one sync; dead after the block."""
        with self.locked() as ctr:
            yield Container(self._on, self.id, _locked=ctr)

    # --- reads: no lock ------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What is true of the container now. Never blocks. Raises: NoSuchContainer."""
        return snapshot.take(self._on, self.id)

    @property
    def name(self) -> str:
        """The container's name. Raises: NoSuchContainer."""
        return self.snapshot().facts.name

    @property
    def status(self) -> str:
        """"created", "running", "paused", "stopping", "stopped", "exited" or "removing". Raises: NoSuchContainer."""
        return self.snapshot().status

    def config(self) -> ContainerConfig:
        """What was decided when it was created or updated. Raises: NoSuchContainer, Damaged."""
        return snapshot.config(self._on, self.id)

    def memberships(self) -> list[Membership]:
        """The networks that it takes part in, and what it has there while it runs."""
        return self._on.networking.memberships(self.id)

    @property
    def health(self) -> Health:
        """How the container is: .status is "starting", "healthy", "unhealthy", or "" without checks.

        Raises: NoSuchContainer.
        """
        from .health import health_of

        return health_of(self._on, self.id)

    def exists(self) -> bool:
        """Whether the container has not been removed."""
        try:
            self.snapshot()
        except NoSuchContainer:
            return False
        return True

    def wait(
        self, condition: str | Sequence[str] = "exited", *, timeout: float | None = None,
        cancel: Cancel | None = None, run: int | None = None,
    ) -> int | None:  # fmt: skip
        """The condition, or one of several, came true; the exit code where it is about an end. See wait.py."""
        from .wait import wait

        return wait(self._on, self.id, condition, timeout, cancel, run)

    def top(self, words: Sequence[str] = (), *, host: bool = False) -> tuple[list[str], list[list[str]]]:
        """Headings, and a row for each process, read from outside. `words`: columns, or options as of ps.

        `host`: processes bear the host's numbers. Raises: StateConflict (it does not run), InvalidArgument,
        NoSuchContainer.
        """
        from .top import top

        return top(self._on, self.id, words, host=host)

    def stats(self, *, detailed: bool = False) -> Stats:
        """What the container uses of the machine now, all zero if it does not run. Raises: NoSuchContainer."""
        from .stats import Stats

        return Stats(self._on, self.id, detailed=detailed)

    def sizes(self) -> Sizes:
        """Bytes that the container's files take now: .written and .root. Blocks. Raises: NoSuchContainer."""
        from .sizes import sizes

        return sizes(self._on, self.id)

    def inspect(self, *, size: bool = False) -> dict[str, Any]:
        """Everything about the container, under podman's field names, with `size` also what its files take.

        Raises: NoSuchContainer.
        """
        from .inspect import inspect

        return inspect(self._on, self.id, size=size)

    def mend(self) -> None:
        """What a killed operation left of the container is put right, unless its lock is held this moment.

        For readers, which take no lock and must not wait. Raises: NoSuchContainer if nothing was worth keeping.
        """
        locking.mend(self._on, self.id)

    @contextmanager
    def locked(
        self, *through: Intent, cancel: Cancel | None = None, timeout: float | None = None
    ) -> Iterator[Locked]:
        """The container, locked and true. Raises: NoSuchContainer, Busy, TimedOut, Cancelled."""
        if self._locked is not None:
            yield self._locked
        else:
            with locking.locked(self._on, self.id, *through, cancel=cancel, timeout=timeout) as ctr:
                yield ctr

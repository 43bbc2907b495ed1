"""init, start, stop, kill, restart, pause, unpause: each reads as it happens, over a container whose lock is held."""

from __future__ import annotations

import signal as signals
from contextlib import ExitStack, contextmanager

from ..diagnostics import debug, warning
from ..errors import NoSuchContainer, OCIRuntimeFailed, StateConflict, TimedOut
from ..kernel import process
from ..model.record import (
    INFRA,
    STARTABLE,
    EventKind,
    Intent,
    Status,
    cleaned,
    created,
    paused,
    restarted,
    resumed,
    running,
)
from ..model.signals import signal_name, signal_number
from ..model.times import check_timeout
from ..state.store import Occurrence
from . import exec_reap, prepare, teardown
from .attended import attended
from .death import await_exit_file, await_program
from .snapshot import shown
from .sync import KILL_GRACE, adopt, see_death, thaw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from .guard import Locked
    from .networks import JoiningNetworks

_LIVING = (Status.CREATED, Status.RUNNING, Status.PAUSED)


def init(ctr: Locked) -> None:
    """The container exists in the OCI runtime: its process waits, conmon watches it.

    Raises: StateConflict, Refused (its configuration does not fit its root), OCIRuntimeFailed; nothing is left then.
    """
    ctr.require(
        Status.CONFIGURED, Status.STOPPED, Status.EXITED,
        text=f"container {ctr.id} has already been created in runtime",
    )  # fmt: skip
    prepare.require_dependencies(ctr)
    _init(ctr)


def _init(ctr: Locked, *, again: bool = False) -> None:
    """See init. A creation by a user, not `again` by the restart policy, forgets what the policy did before."""
    with ctr.claimed(Intent.INIT), ExitStack() as ports, ExitStack() as undo, ExitStack() as under_way:
        if ctr.state.status is Status.STOPPED:
            teardown.clean(ctr)
        undo.callback(teardown.release_resources, ctr)
        network: JoiningNetworks | None = None
        kept: tuple[int, ...] = ()
        if ctr.facts.networked:
            from . import networks

            kept = networks.reserve_ports(ctr, ports)
            network = under_way.enter_context(networks.joining(ctr))
        if ctr.facts.role == INFRA:
            from . import infra

            infra.make_ready(ctr)
        rootfs = prepare.mount_root(ctr)
        prepare.write_bundle(ctr, rootfs, network.endpoint if network else None)
        made = ctr.runtime.create(prepare.launch(ctr, kept))
        undo.callback(teardown.end_conmon, made.conmon)
        if network is not None:
            network.complete()
        fresh = created(ctr.state, process=made.process, conmon=made.conmon)
        fresh = fresh.replace(mountpoint=rootfs, health="starting" if ctr.config.healthcheck is not None else "")
        if not again:
            fresh = fresh.replace(restart_count=0, backoff=0, next_start_at=0)
        ctr.become(fresh, EventKind.INIT, last=True)
        undo.pop_all()


@contextmanager
def ready(ctr: Locked, *, again: bool = False) -> Iterator[None]:
    """Inside the block the container is created and about to be started; if the block fails, it is as it was."""
    ctr.require(*STARTABLE, text=f"container {ctr.id} is {ctr.state.status}, it must be stopped to be started")
    before = ctr.state
    untouched = before.status is Status.CREATED
    # a claim to start says that whoever finds it alone takes the creation back: not so if that was there before
    with ctr.claimed(Intent.INIT if untouched else Intent.START):
        if untouched:  # somebody may have attached
            from .accepted import await_accepted

            await_accepted(ctr.state.conmon)
        else:
            _init(ctr, again=again)
        try:
            yield
        except BaseException:
            if not untouched and ctr.state.status is Status.CREATED:
                teardown.clean(ctr)
                if before.status in (Status.STOPPED, Status.EXITED):  # how it ended then is still true
                    ctr.become(cleaned(before.replace(status=Status.STOPPED)))
            raise


def start(ctr: Locked) -> None:
    """Run the container's process, creating it in the runtime first if need be.

    Raises: StateConflict, CommandNotFound, CommandNotExecutable, OCIRuntimeFailed, Refused; it is as before then.
    """
    prepare.require_dependencies(ctr)
    with ready(ctr):
        ctr.runtime.start(ctr.id)
        ctr.become(running(ctr.state, at=ctr.on.clock.now()), EventKind.START, last=True)
    prepare.tell_started(ctr)


def start_again(ctr: Locked) -> None:
    """As `start`, by the restart policy: it keeps its count and its pauses."""
    prepare.require_dependencies(ctr)
    with ready(ctr, again=True):
        ctr.runtime.start(ctr.id)
        ctr.become(restarted(ctr.state, at=ctr.on.clock.now()), EventKind.START, EventKind.RESTART, last=True)
    prepare.tell_started(ctr)


def stop(
    ctr: Locked, timeout: int | None = None, cancel: Cancel | None = None, signal: int | None = None
) -> bool:
    """The container's process is gone and all it held is given back; False if it had ended before.

    Sends `signal` (None = the container's stop signal), waits `timeout` seconds (None = the container's own), then
    SIGKILL; 0 kills at once.
    A container that is to be removed at its end is gone then. Blocks as long, with the lock free.
    Raises: InvalidArgument, StateConflict (paused, or never started), TimedOut (not even SIGKILL ended it), Cancelled.
    """
    from .ended import finish

    check_timeout(timeout)

    if ctr.state.next_start_at and ctr.state.status not in _LIVING:  # its restart policy was about to start it
        ctr.become(ctr.state.replace(next_start_at=0, stopped_by_user=True), EventKind.STOP)
        finish(ctr)
        return True
    if ctr.state.status in (Status.STOPPED, Status.EXITED):
        return False
    ctr.require(
        Status.CREATED, Status.RUNNING,
        text=f"can only stop created or running containers. {ctr.id} is in state {shown(ctr.state.status)}",
    )  # fmt: skip
    try:
        with ctr.claimed(Intent.STOP), attended(ctr):
            end(ctr, timeout, cancel, signal)
            finish(ctr)
        if ctr.last is not None and ctr.last.state.exit_reason == "pending":
            see_death(ctr)  # the exit command may have come just before it was left to it again
            finish(ctr)
    except NoSuchContainer:
        debug("the container was removed by another call while it was stopping")
    return True


def end(ctr: Locked, timeout: int | None, cancel: Cancel | None = None, signal: int | None = None) -> None:
    """The container's process has ended and that is recorded; its claim says why. The lock is free meanwhile."""
    patience = ctr.facts.stop_timeout if timeout is None else timeout
    signal = ctr.facts.stop_signal if signal is None else signal
    if patience > 0 and ctr.state.status is Status.RUNNING:
        _signal(ctr, signal)
        if _await_end(ctr, patience, cancel):
            return
        warning(
            "StopSignal %s failed to stop container %s in %d seconds, resorting to SIGKILL",
            signal_name(signal), ctr.facts.name, patience,
        )  # fmt: skip
    _signal(ctr, signals.SIGKILL)
    thaw(ctr)
    if not _await_end(ctr, KILL_GRACE, cancel):
        raise TimedOut(f"container {ctr.id} did not end within {KILL_GRACE:g} seconds of SIGKILL")


def _signal(ctr: Locked, signal: int) -> None:
    """`signal` is delivered to the container's first process, if that is still there.

    Not to the runtime in its place, which executes the program a moment after a start has returned: runc would end with
    a code of its own, crun lose the signal. Blocks for that moment, under the lock. What was restored executes nothing.
    """
    init = ctr.state.process
    if init is None:
        return
    if signal != signals.SIGKILL and ctr.state.status is Status.RUNNING and not ctr.state.restored:
        await_program(init)
    process.send_signal(init, signal)


def _await_end(ctr: Locked, timeout: float, cancel: Cancel | None = None) -> bool:
    """Whether the process ends within `timeout` seconds; if so, that is recorded. The lock is free meanwhile."""
    state = ctr.state
    with ctr.released():
        gone = exec_reap.await_end(ctr.on, ctr.id, state.process, timeout, cancel)
        if gone:
            await_exit_file(ctr.on, ctr.id, state, KILL_GRACE, cancel)
    see_death(ctr)
    return gone or ctr.state.status not in _LIVING


def kill(
    ctr: Locked, signal: int = signals.SIGKILL, timeout: float = KILL_GRACE, cancel: Cancel | None = None
) -> None:
    """`signal` is delivered to the container's first process; after SIGKILL its end is recorded as well.

    Only the stop signal and SIGKILL count as a wish to stop: a restart policy is left alone by any other.
    Blocks after SIGKILL up to `timeout` seconds, with the lock free. Raises: InvalidArgument, StateConflict, Cancelled.
    """
    check_timeout(timeout)
    signal = signal_number(signal)
    ctr.require(
        Status.RUNNING, Status.PAUSED,
        text=f"can only kill running containers. {ctr.id} is in state {shown(ctr.state.status)}",
    )  # fmt: skip
    _signal(ctr, signal)
    wanted = signal in (signals.SIGKILL, ctr.facts.stop_signal)
    said = Occurrence(EventKind.KILL, attributes=f'{{"signal":"{int(signal)}"}}')
    ctr.become(ctr.state.replace(stopped_by_user=ctr.state.stopped_by_user or wanted), said)
    if signal == signals.SIGKILL:
        thaw(ctr)
        _await_end(ctr, timeout, cancel)


def restart(
    ctr: Locked, timeout: int | None = None, cancel: Cancel | None = None, signal: int | None = None
) -> None:
    """The container runs anew, stopped first if it was running. `timeout` and `signal` as for `stop`.

    Raises: as `stop` and `start`; StateConflict if another call stops or removes it meanwhile.
    """
    check_timeout(timeout)
    ctr.require(
        Status.CONFIGURED, Status.CREATED, Status.RUNNING, Status.STOPPED, Status.EXITED,
        text="unable to restart a container in a paused or unknown state",
    )  # fmt: skip
    prepare.require_dependencies(ctr)
    with ctr.claimed(Intent.RESTART):
        if ctr.state.status is Status.RUNNING:
            with attended(ctr):
                end(ctr, timeout, cancel, signal)
            ctr.require_claim()
        start(ctr)
        ctr.become(ctr.state, EventKind.RESTART)


def pause(ctr: Locked) -> None:
    """Every process in the container is frozen. Raises: StateConflict."""
    if ctr.state.status is Status.PAUSED:
        ctr.require(Status.RUNNING, text=f'"{ctr.id}" is already paused')
    ctr.require(Status.RUNNING, text=f'"{ctr.id}" is not running, can\'t pause')
    with ctr.claimed(Intent.PAUSE):
        exec_reap.await_starts(ctr)
        ctr.require_claim()
        ctr.require(Status.RUNNING, text=f'"{ctr.id}" is not running, can\'t pause')
        with _unless_it_died(ctr):
            ctr.runtime.pause(ctr.id)
        ctr.become(paused(ctr.state), EventKind.PAUSE, last=True)


def unpause(ctr: Locked) -> None:
    """A paused container runs again. Raises: StateConflict."""
    ctr.require(Status.PAUSED, text=f'"{ctr.id}" is not paused, can\'t unpause')
    with ctr.claimed(Intent.UNPAUSE):
        with _unless_it_died(ctr):
            _resume(ctr)
        ctr.become(resumed(ctr.state), EventKind.UNPAUSE, last=True)


def _resume(ctr: Locked) -> None:
    try:
        ctr.runtime.resume(ctr.id)
    except OCIRuntimeFailed:
        seen = ctr.runtime.state(ctr.id)
        if seen is None or seen.status != "running":  # else somebody kills it, and thawed it to that end
            raise


@contextmanager
def _unless_it_died(ctr: Locked) -> Iterator[None]:
    """A refusal of the runtime inside the block is a StateConflict if the container was killed this moment."""
    before = ctr.state.status
    try:
        yield
    except OCIRuntimeFailed:
        see_death(ctr)
        ctr.require(before)
        raise


def cleanup(ctr: Locked) -> None:
    """What the last run held is given back. Raises: StateConflict while it runs, or an exec session outlived it."""
    ctr.require(Status.CONFIGURED, Status.CREATED, Status.STOPPED, Status.EXITED)
    if exec_reap.running(ctr.on, ctr.id):
        raise StateConflict(
            ctr.id, ctr.state.status, ("exited",), f"container {ctr.id} has active exec sessions, refusing to clean up"
        )
    give_back(ctr)


def give_back(ctr: Locked) -> None:
    """As `cleanup`, but exec sessions that outlived the container are killed."""
    if ctr.state.status is Status.EXITED:
        return
    with ctr.claimed(Intent.CLEANUP):
        teardown.clean(ctr, EventKind.CLEANUP, last=True)


def sync(ctr: Locked) -> None:
    """The record is as the runtime says, whoever moved the container meanwhile. Emits `sync`.

    What every operation does first asks the kernel only. Raises: OCIRuntimeFailed.
    """
    if ctr.state.status in _LIVING:
        adopt(ctr)
    ctr.become(ctr.state, EventKind.SYNC)

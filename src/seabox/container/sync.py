"""Finding the truth: what happened to a container while nobody looked, recorded under its lock.

Three things are looked for, in this order: the boot has changed; an operation died half-way (its claim names a
process that is gone); the container's process has ended. The order of truth is: process and cgroup, then conmon's
exit file, then the database.
"""

from __future__ import annotations

from signal import SIGKILL

from ..diagnostics import debug
from ..errors import NoSuchContainer, OCIRuntimeFailed, RemovalFinished
from ..kernel import process
from ..model.record import (
    ALIVE,
    EventKind,
    Intent,
    Status,
    after_reboot,
    cleaned,
    paused,
    restarted,
    resumed,
    running,
    stopped,
)
from . import exec_reap, policy, teardown
from .death import await_exit_file, may_still_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked

_ORPHAN_GRACE = 10.0  # s that a runtime whose caller died gets to finish
KILL_GRACE = 5.0  # s that the kernel gets to end a killed process
_EXIT_FILE_GRACE = 3.0  # s that conmon gets to write the exit file after the process is gone


def sync(ctr: Locked) -> None:
    """The record is true. Raises: NoSuchContainer if an interrupted create or remove leaves nothing to keep."""
    _see_reboot(ctr)
    _see_interruption(ctr)
    if not _asleep(ctr):
        see_death(ctr)
    exec_reap.reap(ctr)


def _see_reboot(ctr: Locked) -> None:
    boot = ctr.state.boot
    if not boot or boot == process.boot_id():
        return
    ran = ctr.state.status in (Status.RUNNING, Status.PAUSED)
    if ran:  # through STOPPED, so that the unknown code is on record
        ctr.become(stopped(ctr.state, at=ctr.on.clock.now(), code=None, reason="reboot"), EventKind.DIED)
    fresh = after_reboot(ctr.state)
    ctr.on.store.commit(ctr.id, fresh)
    ctr.reload()


def _see_interruption(ctr: Locked) -> None:
    if (ctr.record.claim is not None or ctr.state.status is Status.REMOVING) and not ctr.claim_is_live:
        settle(ctr)


def _asleep(ctr: Locked) -> bool:
    """Whether a live caller is putting the processes to sleep, or waking them: it tells their end from a death."""
    claim = ctr.record.claim
    return claim is not None and claim.intent in (Intent.CHECKPOINT, Intent.RESTORE) and ctr.claim_is_live


def settle(ctr: Locked) -> None:
    """What an operation left when it died, or failed, half-way is completed or undone, and its claim is gone.

    Raises: RemovalFinished, or NoSuchContainer after an interrupted creation.
    """
    claim = ctr.record.claim
    if claim is not None and claim.intent in (Intent.CHECKPOINT, Intent.RESTORE):
        from .dumping import settle as settle_dump

        settle_dump(ctr)
    removing = ctr.state.status is Status.REMOVING
    if removing or (claim is not None and claim.intent in (Intent.CREATE, Intent.REMOVE)):
        name = ctr.facts.name
        known = claim is None or claim.intent is not Intent.CREATE
        if removing or not known or _end(ctr):
            teardown.erase(ctr, *((EventKind.REMOVE,) if known else ()), interrupted=True, unborn=not known)
            raise RemovalFinished(name) if known else NoSuchContainer(name)
        debug("container %s does not end, and is not removed", ctr.id)
    if ctr.state.status in (Status.CONFIGURED, Status.EXITED):
        teardown.release_resources(ctr, interrupted=True)  # a run that was being made and never told of
    elif ctr.state.status is Status.STOPPED:
        await_orphans(ctr)  # a `runtime delete` may still be at it, and would take what the next run makes
    elif ctr.state.status in ALIVE:
        adopt(ctr)
        if ctr.state.status is Status.CREATED and claim is not None and claim.intent in (Intent.START, Intent.RESTART):
            teardown.clean(ctr)  # nobody is left who would start it, and it holds addresses, ports, processes
    if ctr.state.mount_count:
        from .prepare import mount_root

        mount_root(ctr)
    if claim is not None:
        if claim.intent is Intent.UPDATE:
            from .update import complete

            complete(ctr)
        ctr.on.store.unclaim(ctr.id, claim)
        ctr.record.claim = None


def thaw(ctr: Locked) -> None:
    """A killed container can die: with some runtimes a frozen process takes even SIGKILL only once it thaws."""
    if ctr.state.status is not Status.PAUSED:
        return
    try:
        ctr.runtime.resume(ctr.id)
    except OCIRuntimeFailed as problem:
        debug("a killed container was to be thawed: %s", problem)  # it may be dying by now; if not, that is told


def _end(ctr: Locked) -> bool:
    """Whether what was about to be ended and removed is dead; its code is on record then, before the record goes."""
    running = (Status.RUNNING, Status.PAUSED)
    if ctr.state.status in running:
        init = ctr.state.process
        if init is not None and process.send_signal(init, SIGKILL):
            thaw(ctr)
            process.wait_gone(init, KILL_GRACE)
        see_death(ctr)
    return ctr.state.status not in running


def adopt(ctr: Locked) -> None:
    """The move that the runtime made and nobody recorded, its caller having died or being a stranger, is recorded."""
    await_orphans(ctr)  # a `runtime start` may still be at it
    seen = ctr.runtime.state(ctr.id)
    status = seen.status if seen is not None else "stopped"
    if ctr.state.status is Status.CREATED and status in ("running", "paused"):
        if ctr.state.next_start_at:
            ctr.become(restarted(ctr.state, at=ctr.on.clock.now()), EventKind.START, EventKind.RESTART)
        else:
            ctr.become(running(ctr.state, at=ctr.on.clock.now()), EventKind.START)
    if ctr.state.status is Status.RUNNING and status == "paused":
        ctr.become(paused(ctr.state), EventKind.PAUSE)
    elif ctr.state.status is Status.PAUSED and status == "running":
        ctr.become(resumed(ctr.state), EventKind.UNPAUSE)


def await_orphans(ctr: Locked, patience: float = _ORPHAN_GRACE) -> None:
    """No runtime that a dead process called is at work on the container any more, unless it takes longer than that."""
    for orphan in process.spawned_for(ctr.id, (ctr.runtime.name,)):
        if orphan != ctr.state.process:  # which bears the runtime's arguments until it executes its own program
            process.wait_gone(orphan, patience)


def see_death(ctr: Locked) -> None:
    """A process that has ended is recorded with its exit code, or as unknown with the reason; never as a guess."""
    pending = ctr.state.status is Status.STOPPED and ctr.state.exit_reason == "pending"
    if ctr.state.status not in ALIVE and not pending:
        return
    found = ctr.on.exits.read(ctr.id)
    if found is None and not pending:
        init, conmon = ctr.state.process, ctr.state.conmon
        if init is not None and process.alive(init):
            if ctr.state.status is Status.CREATED and conmon is not None and not process.alive(conmon):
                # it never ran, and nobody would see it end: back to before it was created
                teardown.release_resources(ctr, interrupted=True)
                ctr.become(cleaned(ctr.state))
            return
        found = await_exit_file(ctr.on, ctr.id, ctr.state, _EXIT_FILE_GRACE)
    waits = found is None and may_still_write(ctr.state.conmon)
    if pending and waits:
        return
    if found is not None:
        fresh = stopped(ctr.state, at=found.at, code=found.code, reason=found.reason, oom=found.oom)
    else:
        reason = "pending" if waits else "conmon_lost"
        fresh = stopped(ctr.state, at=ctr.on.clock.now(), code=None, reason=reason)
    now, ran = ctr.on.clock.now(), ctr.state.status is not Status.CREATED or ctr.state.next_start_at > 0
    if pending:
        ctr.become(policy.planned(ctr.facts, fresh, now))
        return
    claim = ctr.record.claim
    asked = claim is not None and claim.intent in (
        Intent.STOP, Intent.RESTART, Intent.REMOVE, Intent.RESTORE,
    )  # fmt: skip
    if asked:
        fresh = fresh.replace(stopped_by_user=True)
    if ran:
        fresh = policy.planned(ctr.facts, fresh, now)
    ctr.become(fresh, *((EventKind.STOP, EventKind.DIED) if asked else (EventKind.DIED,)))

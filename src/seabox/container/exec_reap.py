"""What became of exec sessions: recorded by whoever next looks, for no process waits just to do that.

A session's record is changed by conditional updates alone, so nothing here needs the container's lock.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from ..kernel import files, process
from ..kernel.locks import lock_file, unlock
from ..model.exec import ExecStatus
from . import death

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from ..model.exec import ExecRecord
    from ..model.record import ProcessId
    from .guard import Locked
    from .services import Services

_LAST_WORDS = 1.0  # s that the conmons of killed sessions get to write down how these ended
_DYING = 5.0
_STARTING = 20.0  # s that sessions that are being started get
_LOOK_AGAIN = 0.25  # s, while the container is about to end

STARTS = "starts"  # in the run directory: a lock, shared by those who are starting a session
CHECK = "check"  # in a session's directory: it is a health check
CHECKS_ENDED = "checks-ended"  # in the run directory: when checks were last ended because they stood in the way, ns

_starting: set[str] = set()  # the sessions that this process is starting


def folder_of(on: Services, container: str, session: str) -> str:
    """The session's own directory: conmon's files, the runtime's, the exit file."""
    return f"{on.config.run_dir(container)}/exec/{session}"


@contextmanager
def starting(session: str) -> Iterator[None]:
    """Inside the block the session is known to be in the making by this process."""
    _starting.add(session)
    try:
        yield
    finally:
        _starting.discard(session)


def reap(ctr: Locked) -> None:
    """Sessions that ended are recorded, what killed clients left of others is gone."""
    try:
        found = os.listdir(f"{ctr.run_dir}/exec")  # before the records: every directory had one
    except FileNotFoundError:
        found = []
    active = ctr.on.store.execs.of(ctr.id, active=True)
    for record in active:
        settle(ctr.on, record, ctr.runtime.name)
    for session in set(found) - {record.id for record in active}:
        files.remove_tree(folder_of(ctr.on, ctr.id, session))


def is_due(on: Services, container: str) -> bool:
    """Whether `reap` would find something to do. Changes nothing."""
    try:
        found = set(os.listdir(f"{on.config.run_dir(container)}/exec"))
    except FileNotFoundError:
        found = set()
    active = on.store.execs.of(container, active=True)
    return bool(found - {each.id for each in active}) or any(
        not _in_the_making(each) if each.status is ExecStatus.CREATED else how_it_ended(on, each) is not None
        for each in active
    )


def settle(on: Services, record: ExecRecord, runtime: str) -> None:
    """A session that has ended is recorded so; a start whose maker died is undone. Never waits for the session."""
    if record.status is ExecStatus.CREATED and not _in_the_making(record):
        # read again: its maker may have recorded the start, and then ended, since the record was read
        for fresh in on.store.execs.of(record.container, active=True):
            if fresh.id == record.id and fresh.status is ExecStatus.CREATED:
                _undo_start(on, fresh, runtime)
    elif record.status is ExecStatus.RUNNING and (end := how_it_ended(on, record)) is not None:
        record_end(on, record.container, record.id, *end)


def _in_the_making(record: ExecRecord) -> bool:
    """Whether somebody is still starting the session."""
    return record.id in _starting if record.holder == process.myself() else process.alive(record.holder)


def running(on: Services, container: str) -> list[str]:
    """The ids of the sessions whose processes run this moment. Changes nothing."""
    records = on.store.execs.of(container, active=True)
    return [each.id for each in records if each.process is not None and process.alive(each.process)]


def is_check(on: Services, container: str, session: str) -> bool:
    """Whether the session is a health check."""
    return os.path.exists(f"{folder_of(on, container, session)}/{CHECK}")


def await_starts(ctr: Locked) -> None:
    """No session of the container is being started, or one has been for too long: frozen, it would not come to its end.

    The container must be claimed, so that no other begins; its lock is free while this blocks.
    """
    path = f"{ctr.run_dir}/{STARTS}"
    fd = lock_file(path, timeout=0)
    if fd is None:
        with ctr.released():
            fd = lock_file(path, timeout=_STARTING)
    if fd is not None:
        unlock(fd)


def end_checks(ctr: Locked) -> None:
    """No health check runs, nor is a session being started. The container must be claimed; its lock is free meanwhile.

    Blocks for as long as a start takes. What the checks that were ended found does not count.
    """
    await_starts(ctr)
    with ctr.released():
        records = [each for each in ctr.on.store.execs.of(ctr.id, active=True) if is_check(ctr.on, ctr.id, each.id)]
        if not records:
            return
        files.write_file(f"{ctr.run_dir}/{CHECKS_ENDED}", b"%d" % ctr.on.clock.now())
        for record in records:
            if record.process is not None:
                process.kill_session(record.process)
            if record.conmon is not None:
                process.wait_gone(record.conmon, _DYING)


def checks_ended_at(on: Services, container: str) -> int:
    """When health checks of the container were last ended, ns; 0 = never in this run."""
    try:
        with open(f"{on.config.run_dir(container)}/{CHECKS_ENDED}", "rb") as file:
            return int(file.read() or b"0")
    except FileNotFoundError:
        return 0


def record_end(on: Services, container: str, session: str, at: int, code: int | None, reason: str) -> None:
    """The session has ended, whoever says so first; its directory is gone."""
    on.store.execs.end(session, at, code, reason)
    files.remove_tree(folder_of(on, container, session))


def how_it_ended(on: Services, record: ExecRecord) -> tuple[int, int | None, str] | None:
    """When, with which code, or why nobody knows it; None while it runs or conmon may yet say."""
    from ..oci.exits import read_exit

    folder = folder_of(on, record.container, record.id)
    found = read_exit(folder, record.container)
    if found is None:
        if record.boot != process.boot_id():
            return on.clock.now(), None, "reboot"
        if any(each is not None and process.alive(each) for each in (record.process, record.conmon)):
            return None
        found = read_exit(folder, record.container)  # conmon writes it before it goes
    if found is None:
        return on.clock.now(), None, "conmon_lost"
    return found.at, None if found.timed_out else found.code, "timeout" if found.timed_out else ""


def _undo_start(on: Services, record: ExecRecord, runtime: str) -> None:
    from ..oci.conmon_exec import abandon

    folder = folder_of(on, record.container, record.id)
    for conmon in process.spawned_for(record.id, ("conmon",)):
        abandon(conmon, folder)
    process.end_spawned_for(f"{folder}/process.json", ("conmon", os.path.basename(runtime)), _DYING)
    files.remove_tree(folder)
    on.store.execs.remove(record.id)


def await_end(
    on: Services, container: str, init: ProcessId | None, timeout: float, cancel: Cancel | None = None
) -> bool:
    """Whether the container's process ends within `timeout` seconds. Needs no lock. Raises: Cancelled.

    A pid namespace ends only when all its processes are reaped. A conmon whose client does not read cannot reap its
    session's process: if that has been dead for a while, such a conmon is killed.
    """
    deadline = on.clock.monotonic() + timeout
    dead: set[str] = set()
    while True:
        left = max(0.0, deadline - on.clock.monotonic())
        active = [each for each in on.store.execs.of(container, active=True) if each.status is ExecStatus.RUNNING]
        if death.await_end(init, min(left, _LOOK_AGAIN) if active else left, cancel):
            return True
        if left <= _LOOK_AGAIN:
            return False
        for record in active:
            if record.conmon is None or record.process is None or process.alive(record.process):
                continue
            if record.id in dead:
                process.send_signal(record.conmon, signal.SIGKILL)
            dead.add(record.id)


def end_all(ctr: Locked) -> None:
    """No session of the container is active, whatever its client does; those that ran are recorded. Blocks shortly."""
    records = ctr.on.store.execs.of(ctr.id, active=True)
    if not records:
        return
    for record in records:
        if record.status is ExecStatus.CREATED:
            _undo_start(ctr.on, record, ctr.runtime.name)
        elif record.process is not None:
            process.send_signal(record.process, signal.SIGKILL)
    deadline = ctr.on.clock.monotonic() + _LAST_WORDS
    for record in records:
        if record.status is not ExecStatus.RUNNING:
            continue
        conmon = record.conmon
        if conmon is not None and not process.wait_gone(conmon, max(0.0, deadline - ctr.on.clock.monotonic())):
            process.send_signal(conmon, signal.SIGKILL)  # its client does not read
            process.wait_gone(conmon, _DYING)
        end = how_it_ended(ctr.on, record) or (ctr.on.clock.now(), None, "conmon_lost")
        record_end(ctr.on, ctr.id, record.id, *end)

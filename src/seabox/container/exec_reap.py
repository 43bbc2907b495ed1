"""What became of exec sessions: recorded by whoever next looks, for no process waits just to do that.

A session's record is changed by conditional updates alone, so nothing here needs the container's lock.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from ..kernel import files, process
from ..model.exec import ExecStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.exec import ExecRecord
    from .guard import Locked
    from .services import Services

_LAST_WORDS = 2.0  # s that the conmons of killed sessions get to write down how these ended
_DYING = 5.0

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


def settle(on: Services, record: ExecRecord, runtime: str) -> None:
    """A session that has ended is recorded so; a start whose maker died is undone. Never waits for the session."""
    if record.status is ExecStatus.CREATED:
        mine = record.holder == process.myself()
        if not (record.id in _starting if mine else process.alive(record.holder)):
            _undo_start(on, record, runtime)
    elif record.status is ExecStatus.RUNNING and (end := how_it_ended(on, record)) is not None:
        record_end(on, record.container, record.id, *end)


def running(on: Services, container: str) -> list[str]:
    """The ids of the sessions whose processes run this moment. Changes nothing."""
    records = on.store.execs.of(container, active=True)
    return [each.id for each in records if each.process is not None and process.alive(each.process)]


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
    for orphan in process.spawned_for(record.id, (os.path.basename(runtime),)):
        if process.send_signal(orphan, signal.SIGKILL):
            process.wait_gone(orphan, _DYING)
    files.remove_tree(folder)
    on.store.execs.remove(record.id)


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

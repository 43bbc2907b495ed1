"""Starting exec sessions: recorded under the container's lock, started and used without it."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from math import ceil

import msgspec

from ..errors import CommandNotExecutable, CommandNotFound, InvalidArgument, OCIRuntimeFailed, StateConflict
from ..kernel import files, process
from ..kernel.locks import lock_file, unlock
from ..kernel.procfs import is_dying
from ..model.container import ExecRequest
from ..model.decoding import convert
from ..model.exec import ExecRecord
from ..model.ids import new_id
from ..model.record import EventKind, Intent, Status
from ..oci.runtime import ExecLaunch
from ..spec.exec_process import check
from ..state.execs import NoSuchExec
from . import snapshot
from .exec_reap import CHECK, STARTS, folder_of, starting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.record import ProcessId
    from ..oci.runtime import Executed
    from .container import Container
    from .guard import Locked
    from .services import Services

ENDING = (Intent.STOP, Intent.RESTART, Intent.REMOVE)
_BREAKS: dict[str, str] = {EventKind.DIED: "stopped", EventKind.PAUSE: "paused", EventKind.CHECKPOINT: "stopped"}
_DYING = 5.0  # s that a dying process may take
_LATEST = 1000  # events that are looked through for one; more do not come while a command is started


class NotRunning(StateConflict):
    """The container does not run, or is about to end: there is nothing to execute a command in."""

    exit_code = 255


def request_of(command: Sequence[str], timeout: float, options: Mapping[str, object]) -> ExecRequest:
    """What `exec` is asked for, checked as far as it can be without a container. Raises: InvalidArgument."""
    if isinstance(command, str):
        raise InvalidArgument("command must be a sequence of strings, not one string")
    unknown = sorted(options.keys() - set(ExecRequest.__struct_fields__))
    if unknown:
        raise InvalidArgument(f"exec: unknown option {', '.join(unknown)}")
    asked = {key: list(value) if isinstance(value, (tuple, range)) else value for key, value in options.items()}
    try:
        return check(convert({**asked, "command": list(command), "timeout": timeout}, ExecRequest))
    except msgspec.ValidationError as problem:
        raise InvalidArgument(f"exec: {problem}") from None


def start(
    on: Services, handle: Container, request: ExecRequest, *, attach: bool, check: bool = False, id: str | None = None
) -> tuple[str, Executed]:
    """The session's id, and what runs: connected, with `attach`, before it did. Nothing is left of a failed start.

    `check`: it is a health check, which is ended where it stands in the way. `id`: the session's, a new one if None.

    Raises: NotRunning, CommandNotFound, CommandNotExecutable, Refused, OCIRuntimeFailed.
    """
    session = new_id() if id is None else id
    folder = folder_of(on, handle.id, session)
    with starting(session), ExitStack() as starts, ExitStack() as undo:
        with handle.locked(*ENDING) as ctr:
            _require_running(ctr)
            words, now = json.dumps(request.command), on.clock.now()
            undo.callback(on.store.execs.remove, session)
            on.store.execs.add(
                ExecRecord(session, ctr.id, words, process.myself(), now, user=request.user or "", tty=request.tty)
            )
            config, init, runtime = ctr.config, ctr.state.process, ctr.runtime
            under_way = lock_file(f"{ctr.run_dir}/{STARTS}", timeout=0, shared=True)
            if under_way is not None:
                starts.callback(unlock, under_way)
        assert init is not None, "a running container has a process"
        try:
            files.make_dir(f"{on.config.run_dir(handle.id)}/exec")
            undo.callback(files.remove_tree, folder)
            files.make_dir(folder)
            if check:
                files.write_file(f"{folder}/{CHECK}", b"")
            on.bundles.write_process(config, request, init, f"{folder}/process.json")
            made = runtime.execute(ExecLaunch(
                container=handle.id, session=session, bundle=folder, attach=attach, tty=request.tty,
                stdin=request.stdin, timeout=ceil(request.timeout), preserve_fds=request.preserve_fds,
            ))  # fmt: skip
            undo.callback(_stop, made)
            on.store.execs.start(session, made.pid, made.process, made.conmon, process.boot_id(), on.clock.now())
        except (OSError, OCIRuntimeFailed, NoSuchExec) as problem:
            starts.close()  # who has the lock may wait for it
            _blame_the_end(on, handle, problem, init, now)
            raise
        undo.pop_all()
    return session, made


def _require_running(ctr: Locked) -> None:
    claim = ctr.record.claim
    ending = claim is not None and claim.intent in ENDING and ctr.claim_is_live
    if ctr.state.status is not Status.RUNNING or ending:
        raise _not_running(ctr.id, "stopping" if ending else ctr.state.status)


def _not_running(id: str, status: str) -> NotRunning:
    return NotRunning(id, status, ("running",), "can only create exec sessions on running containers")


def _blame_the_end(on: Services, handle: Container, problem: Exception, init: ProcessId, since: int) -> None:
    """Nothing, if the container has run since then without a break; else that is why a start failed.

    Raises: NotRunning, NoSuchContainer, Busy.
    """
    seen = snapshot.take(on, handle.id)
    if seen.status != "running" or isinstance(problem, NoSuchExec):
        raise _not_running(handle.id, seen.status) from problem
    if isinstance(problem, ProcessLookupError):  # of the run it was meant for
        raise _not_running(handle.id, "stopped") from problem
    if isinstance(problem, (CommandNotFound, CommandNotExecutable)):
        return
    if is_dying(init.pid):
        process.wait_gone(init, _DYING)
    with handle.locked():  # after whoever is about to pause it, or to see it end
        happened = [
            event.kind for event in on.store.events(on.store.last_seq() - _LATEST)
            if event.id == handle.id and event.at >= since and event.kind in _BREAKS
        ]  # fmt: skip
    if happened:
        raise _not_running(handle.id, _BREAKS[happened[-1]]) from problem


def _stop(made: Executed) -> None:
    """What runs but could not be recorded is gone."""
    for each in (made.process, made.conmon):
        if each is not None and process.send_signal(each, signal.SIGKILL):
            process.wait_gone(each, 5.0)
    if made.connection is not None:
        made.connection.close()

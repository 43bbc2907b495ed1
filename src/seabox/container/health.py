"""Running health checks and remembering what came of them."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

import msgspec

from ..diagnostics import debug
from ..errors import (
    Cancelled,
    ExitCodeUnknown,
    InvalidArgument,
    NoSuchContainer,
    OCIRuntimeFailed,
    StateConflict,
    TimedOut,
)
from ..kernel import files, process
from ..model.decoding import decode
from ..model.health import STARTING, UNHEALTHY, Health, HealthResult, judged
from ..model.record import EventKind, Intent, Status
from ..state.store import Occurrence
from . import exec_reap, snapshot
from .exec_session import ExecSession
from .exec_start import ENDING, NotRunning, request_of, start
from .handle_streams import known_exec
from .stored import decode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from ..model.health import Healthcheck
    from .bounds import Bounds
    from .container import Container
    from .guard import Locked
    from .services import Services

_DYING = 2.0  # s that a killed check gets, for what it started may hold its streams


def health_of(on: Services, id: str) -> Health:
    """How the container is, and what the last checks said. Raises: NoSuchContainer."""
    state = snapshot.take(on, id).state
    found = _load(on, id)
    if found.run != state.run:
        found = Health(run=state.run)
    return msgspec.structs.replace(found, status=state.health)


def check_of(on: Services, id: str) -> Healthcheck:
    """The check that the container was created with. Raises: InvalidArgument (none), NoSuchContainer."""
    check = decode_config(on.store.config(id)).healthcheck
    if check is None:
        raise InvalidArgument(f"container {id} has no defined healthcheck")
    return check


def run_check(
    on: Services, handle: Container, timeout: float | None = None, cancel: Cancel | None = None
) -> Health:
    """The container's check was run once, and counts as every other. Blocks up to the check's timeout.

    Raises: InvalidArgument (no check), StateConflict (it does not run), NoSuchContainer; TimedOut, Cancelled (it was
    killed then, and does not count).
    """
    from .bounds import Bounds

    bounds = Bounds(timeout, cancel)
    check = check_of(on, handle.id)
    state = snapshot.take(on, handle.id).state
    if state.status is not Status.RUNNING:
        raise StateConflict(
            handle.id, str(state.status), ("running",), f"container {handle.id} is not running, cannot check its health"
        )
    result = _run(on, handle, check, bounds)
    with handle.locked(*ENDING, cancel=cancel) as ctr:
        known = _load(on, ctr.id)
        if known.run != state.run or not known.status:
            known = Health(status=STARTING, run=state.run)
        if ctr.state.run != state.run or ctr.state.status is not Status.RUNNING:
            return known  # it ended meanwhile: that is no failure of the check
        if exec_reap.checks_ended_at(on, ctr.id) >= result.began_at:
            return known  # nor is a checkpoint that the check stood in the way of
        fresh = judged(known, check, result, state.started_at)
        _save(on, ctr.id, fresh)
        turned = fresh.status != ctr.state.health
        if turned:
            said = Occurrence(EventKind.HEALTH_STATUS, attributes=f'{{"health_status":"{fresh.status}"}}')
            ctr.become(ctr.state.replace(health=fresh.status), said)
        ending = ctr.record.claim is not None and ctr.record.claim.intent in (*ENDING, Intent.CHECKPOINT)
        if fresh.status == UNHEALTHY and turned and check.on_failure == "kill" and not ending:
            _kill(ctr)
    if fresh.status == UNHEALTHY and turned and not ending:
        _act(handle, check.on_failure)
    return fresh


def _run(on: Services, handle: Container, check: Healthcheck, bounds: Bounds) -> HealthResult:
    began, seconds = on.clock.now(), check.timeout / 1e9
    try:
        id, made = start(on, handle, request_of(check.command, seconds + _DYING, {}), attach=True, check=True)
        session = ExecSession(on, known_exec(handle, id), made)
    except (NotRunning, NoSuchContainer):
        raise
    except (OCIRuntimeFailed, OSError) as problem:
        why = str(problem)[: check.output_bound]
        return HealthResult(began_at=began, ended_at=on.clock.now(), exit_code=-1, output=why)
    late = threading.Event()

    def end() -> None:
        late.set()
        session.kill()

    timers = [threading.Timer(seconds, end), threading.Timer(seconds + _DYING, session.cancel)]
    with session:
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            output = _beginning(session, bounds, check.output_bound)
            code = session.wait(_DYING, bounds.cancel)
        except (Cancelled, TimedOut, ExitCodeUnknown) as problem:
            if bounds.over:
                session.kill()
                raise
            debug("health check of container %s: %s", handle.id, problem)
            output, code = "", -1
        finally:
            for timer in timers:
                timer.cancel()
    if late.is_set():
        output, code = f"{output}health check exceeded its timeout of {seconds:g} s"[: check.output_bound], -1
    return HealthResult(began_at=began, ended_at=on.clock.now(), exit_code=code, output=output)


def _beginning(session: ExecSession, bounds: Bounds, most: int) -> str:
    """What is kept of all that the check writes. Raises: TimedOut, Cancelled."""
    kept = bytearray()
    while runs := session.read(bounds.left, bounds.cancel):
        for _, data in runs:
            kept += data[: 4 * most - len(kept)]
    return kept.decode(errors="replace")[:most]


def _kill(ctr: Locked) -> None:
    """The container's process is killed; not by its user, so its restart policy counts."""
    if ctr.state.process is not None and process.send_signal(ctr.state.process, signal.SIGKILL):
        ctr.become(ctr.state, EventKind.KILL)


def _act(handle: Container, action: str) -> None:
    with suppress(NoSuchContainer, StateConflict):
        if action == "restart":
            handle.restart()
        elif action == "stop":
            handle.stop()


def _path(on: Services, id: str) -> str:
    return f"{on.config.static_dir(id)}/health.json"


def _load(on: Services, id: str) -> Health:
    try:
        with open(_path(on, id), "rb") as file:
            return decode(file.read(), Health)
    except (FileNotFoundError, msgspec.DecodeError):
        return Health()


def _save(on: Services, id: str, health: Health) -> None:
    files.write_atomic(_path(on, id), msgspec.json.encode(health), durable=False)

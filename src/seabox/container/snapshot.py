"""Reading without a lock: one committed row, corrected by what the kernel says this moment.

A snapshot never shows a container running whose process is gone, and never blocks: it can be taken while another
process holds every lock.
"""

from __future__ import annotations

from ..errors import NoSuchContainer
from ..kernel import process
from ..model.record import ALIVE, Intent, Status, after_reboot, stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.container import ContainerConfig
    from ..model.record import Claim, ContainerFacts, ContainerRecord, ContainerState
    from ..oci.exits import Exit
    from .services import Services


class Snapshot:
    """One container at one moment. `state` is what the next `sync` would store; `stopping` that a stop is under way."""

    __slots__ = ("facts", "state", "stopping")

    def __init__(self, facts: ContainerFacts, state: ContainerState, stopping: bool) -> None:
        self.facts, self.state, self.stopping = facts, state, stopping

    @property
    def status(self) -> str:
        """The state in podman's words: created, running, paused, stopping, stopped, exited, removing..."""
        if self.stopping:
            return "stopping"
        if self.state.status is Status.CONFIGURED:
            return "created"
        return str(self.state.status)

    @property
    def word(self) -> str:
        """As `status`, but as podman's commands tell apart what is and what is not yet in the runtime: initialized."""
        return "stopping" if self.stopping else shown(self.state.status)

    def told(self, now: int) -> str:
        """The state as people read it: "Up 3 seconds", "Exited (3) 2 minutes ago", "Created"."""
        from ..model.human import duration, since

        state = self.state
        if self.status == "running":
            health = f" ({state.health})" if state.health else ""
            return f"Up {duration((now - state.started_at) / 1e9)}{health}"
        if self.status in ("exited", "stopped"):
            code = state.exit_code if state.exit_code is not None else -1
            if state.next_start_at:
                return f"Restarting ({code}) {since(state.finished_at or now, now)}"
            return f"Exited ({code}) {since(state.finished_at or now, now)}"
        return self.word.capitalize()


def shown(status: Status) -> str:
    """The state as podman's commands write it."""
    return {Status.CONFIGURED: "created", Status.CREATED: "initialized"}.get(status, str(status))


def take(on: Services, id: str) -> Snapshot:
    """The container as it is now. Raises: NoSuchContainer, Damaged."""
    record = on.store.load(id)
    if record.claim is not None and record.claim.intent is Intent.CREATE:
        raise NoSuchContainer(id)
    return _now(on, record)


def of(on: Services, record: ContainerRecord) -> Snapshot:
    """What a committed record means now: the exit file and the process decide over the row."""
    try:
        return _now(on, record)
    except NoSuchContainer:
        return _meaning(on, record)


def _now(on: Services, record: ContainerRecord) -> Snapshot:
    """As `of`. Raises: NoSuchContainer if it was removed since the record was read, where that makes a difference."""
    seen = _meaning(on, record)
    if seen.state.exit_reason == "conmon_lost" != record.state.exit_reason:
        # somebody may have recorded the code, and then taken its file away
        return _meaning(on, on.store.load(record.facts.id))
    return seen


def _meaning(on: Services, record: ContainerRecord) -> Snapshot:
    state, claim = record.state, record.claim
    if state.boot and state.boot != process.boot_id():
        return Snapshot(record.facts, after_reboot(state), False)
    if state.status in ALIVE:
        if claim is not None and claim.intent is Intent.CHECKPOINT and _put_to_sleep(state, claim):
            return Snapshot(record.facts, stopped(state, at=on.clock.now(), code=None, reason="pending"), False)
        found = on.exits.read(record.facts.id)
        if found is not None:
            return _ended(record, found)
        init, conmon = state.process, state.conmon
        if init is not None and not process.alive(init):
            # conmon may be about to write the exit file: until it has, the code is not known
            waits = conmon is not None and process.alive(conmon)
            reason = "pending" if waits else "conmon_lost"
            if not waits and (found := on.exits.read(record.facts.id)) is not None:
                return _ended(record, found)
            return Snapshot(record.facts, stopped(state, at=on.clock.now(), code=None, reason=reason), False)
    elif state.exit_reason == "pending" and not ((conmon := state.conmon) and process.alive(conmon)):
        if (found := on.exits.read(record.facts.id)) is not None:
            return _ended(record, found)
        return Snapshot(record.facts, stopped(state, at=state.finished_at, code=None, reason="conmon_lost"), False)
    stopping = (
        state.status in ALIVE
        and claim is not None
        and claim.intent in (Intent.STOP, Intent.RESTART)
        and process.alive(claim.holder)
    )
    return Snapshot(record.facts, state, stopping)


def _ended(record: ContainerRecord, found: Exit) -> Snapshot:
    fresh = stopped(record.state, at=found.at, code=found.code, reason=found.reason, oom=found.oom)
    return Snapshot(record.facts, fresh, False)


def _put_to_sleep(state: ContainerState, claim: Claim) -> bool:
    """Whether its process is gone into a checkpoint that is being made: how that ended is not known yet."""
    return state.process is not None and process.alive(claim.holder) and not process.alive(state.process)


def config(on: Services, id: str) -> ContainerConfig:
    """What is stored of the container's configuration. Raises: NoSuchContainer, Damaged."""
    from .stored import decode_config

    return decode_config(on.store.config(id))


def all_of(on: Services, *, only_alive: bool = False) -> Iterator[Snapshot]:
    """Every container, oldest first; `only_alive` leaves out those whose row says they ended."""
    for record in on.store.records(ALIVE if only_alive else None):
        yield of(on, record)

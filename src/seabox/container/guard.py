"""`Locked`: the one object that has a container's state, and the one way to change it."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from ..diagnostics import debug
from ..errors import InUse, NoSuchContainer, StateConflict
from ..kernel import files
from ..model.record import INFRA, TRANSITIONS, EventKind, Intent, Status
from ..state.store import Occurrence
from .claims import ENDING, ENDING_FILE, is_live, making

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.container import ContainerConfig
    from ..model.record import Claim, ContainerFacts, ContainerRecord, ContainerState
    from ..oci.runtime import OCIRuntime
    from ..state.locks import Held
    from .services import Services


class Locked:
    """A container whose lock is held, with the record that was read under it. Dead once the lock is released."""

    __slots__ = ("_config", "_depth", "_gone", "_held", "_mine", "_record", "on", "preserve_fds")

    def __init__(self, on: Services, held: Held, record: ContainerRecord) -> None:
        self.on = on
        self._held: Held | None = held
        self._record = record
        self._config: ContainerConfig | None = None
        self._mine: Claim | None = None  # the claim that this object made
        self.preserve_fds: tuple[int, ...] = ()  # of ours, for a process that this object starts
        self._depth = 0  # how many operations are inside it
        self._gone = False

    # --- what is known -------------------------------------------------------------------------------------------

    @property
    def record(self) -> ContainerRecord:
        """The container as last read or written under this lock."""
        if self._held is None:
            raise RuntimeError("a locked container was used after its lock was released")
        return self._record

    @property
    def last(self) -> ContainerRecord | None:
        """What was known when the lock was released; None if the container was removed."""
        return None if self._gone else self._record

    @property
    def pod(self) -> str:
        """The pod that the container is a member of, "" for none and for a pod's infra container."""
        facts = self._record.facts
        return facts.pod if facts.role != INFRA else ""

    @property
    def state(self) -> ContainerState:
        """What changes about the container."""
        return self.record.state

    @property
    def facts(self) -> ContainerFacts:
        """The few fixed things that cost nothing to read."""
        return self.record.facts

    @property
    def id(self) -> str:
        """The container's full id."""
        return self.record.facts.id

    @property
    def config(self) -> ContainerConfig:
        """The whole configuration; decoded at first use, because the exit path never needs it."""
        if self._config is None:
            from .stored import decode_config

            self._config = decode_config(self.on.store.config(self.id))
        if self._config.name != self.facts.name:
            from msgspec.structs import replace

            self._config = replace(self._config, name=self.facts.name)
        return self._config

    @property
    def runtime(self) -> OCIRuntime:
        """The OCI runtime that this container was created for."""
        return self.on.runtime(self.facts.runtime)

    @property
    def run_dir(self) -> str:
        """Bundle, lock, exit file and conmon's sockets; ends with the boot."""
        return self.on.config.run_dir(self.id)

    # --- how it changes ------------------------------------------------------------------------------------------

    def require(self, *allowed: Status, text: str = "") -> None:
        """Nothing, if the container is in one of these states. Raises: StateConflict otherwise."""
        if self.state.status not in allowed:
            raise StateConflict(self.id, self.state.status, tuple(str(status) for status in allowed), text)

    def require_no_dependants(self) -> None:
        """Nothing, if no other container needs this one. Raises: InUse otherwise."""
        dependants = self.on.store.dependants(self.id)
        if dependants:
            raise InUse(
                f"container {self.id} has dependent containers which must be removed before it: "
                f"{', '.join(dependants)}: container already exists"
            )

    def become(
        self, fresh: ContainerState, *events: EventKind | Occurrence, durable: bool = False, last: bool = False
    ) -> None:
        """Make a move: check it against TRANSITIONS, commit it and its events in one transaction.

        `last`: it ends the operation, so the operation's claim goes in the same transaction.
        """
        if fresh.status is not self.state.status and fresh.status not in TRANSITIONS[self.state.status]:
            raise StateConflict(
                self.id, self.state.status, tuple(str(s) for s in Status if fresh.status in TRANSITIONS[s])
            )
        code = fresh.exit_code
        what = [
            each if isinstance(each, Occurrence) else Occurrence(each, code if each is EventKind.DIED else None)
            for each in events
        ]
        done = last and self._depth == 1 and self._mine is not None and self._record.claim == self._mine
        self.on.store.commit(self.id, fresh, what, durable=durable, unclaim=done)
        self._record.state = fresh
        if done:
            self._record.claim = None
        self.touch()

    def touch(self) -> None:
        """Whoever waits for a change of this container looks again."""
        if self._held is None:
            return
        try:
            files.touch(f"{self.run_dir}/changed")
        except FileNotFoundError:
            return  # no run directory: nobody can be watching it

    # --- who works on it -----------------------------------------------------------------------------------------

    @property
    def claim_is_live(self) -> bool:
        """Whether a process that is still there has claimed the container."""
        return is_live(self.record.claim)

    def require_claim(self) -> None:
        """Nothing, if the claim of ours is still the container's; it may have gone to another while the lock was free.

        Raises: StateConflict.
        """
        claim = self._record.claim
        if self._mine is not None and claim is not None and claim != self._mine:
            raise StateConflict(
                self.id, self.state.status, (), f"container {self.id}: another call is at it meanwhile ({claim.intent})"
            )

    @contextmanager
    def claimed(self, intent: Intent) -> Iterator[None]:
        """The container bears this claim inside the block: the intent behind every effect of the operation.

        Operations nest: inside one claim of ours an inner one adds nothing. A live claim of another caller with the
        same intent is joined; a different one is taken over (who may do that is decided in container.py). A claim
        whose holder died is found by the next `sync`.
        """
        joins = self.record.claim is not None and self.record.claim.intent is intent and self.claim_is_live
        if joins or (self._mine is not None and intent is not Intent.REMOVE):
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        outer, depth = self._mine, self._depth
        with making(intent, self.on.clock.now()) as mine:
            self.on.store.claim(self.id, mine)
            self._mine = self._record.claim = mine
            if intent in ENDING:
                self._mark_ending()
            self._depth = 1
            try:
                yield
            except BaseException:
                self._settle(mine)
                raise
            finally:
                self._mine, self._depth = outer, depth
                if intent in ENDING and self._record.claim in (None, mine):  # else it is another's by now
                    files.remove_file(f"{self.on.config.run_dir(self._record.facts.id)}/{ENDING_FILE}")
        if self._record.claim is None:
            return  # it went with the last move
        self.on.store.unclaim(self._record.facts.id, mine)
        if self._record.claim == mine:
            self._record.claim = None
        self.touch()

    def _mark_ending(self) -> None:
        """Who makes the container wait for its reader lets go."""
        with suppress(FileNotFoundError):
            files.touch(f"{self.run_dir}/{ENDING_FILE}")

    def _settle(self, mine: Claim) -> None:
        """A failed operation is looked after as one that died: nothing half-done stays, the claim goes."""
        if self._held is None or not self._held.is_held:
            return  # the next sync finds the claim when this process has ended
        from .sync import settle

        try:
            self.reload()
            if self._record.claim == mine:
                self._mine = None
                settle(self)
        except Exception as problem:
            debug("after a failed operation on container %s: %s", self._record.facts.id, problem)
        self.touch()

    @contextmanager
    def released(self) -> Iterator[None]:
        """The lock is free inside the block, for a wait; after it the lock is held and the record read again.

        Raises: NoSuchContainer after the block if the container was removed meanwhile.
        """
        assert self._held is not None, "the lock is not held"
        with self._held.released():
            yield
        try:
            self.reload()
        except NoSuchContainer:
            self._held.discard()  # taking the lock again has made its file anew
            raise

    def reload(self) -> None:
        """The record is as committed now. Raises: NoSuchContainer."""
        self._record, self._config = self.on.store.load(self.id), None

    def forget(self) -> None:
        """The container does not exist: its lock file and run directory are gone, and this object is dead."""
        if self._held is not None:
            self._held.discard()
            self._held = None

    def close(self, *, gone: bool = False) -> None:
        """This object is dead, and with `gone` so is the container."""
        self._held = None
        self._gone = self._gone or gone

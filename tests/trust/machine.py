"""S4: any sequence of operations, held against a model of a page: over the double, and over the real thing."""

from __future__ import annotations

import os
import select
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from seabox.container.container import Container
from seabox.errors import Conflict, NoSuchContainer
from seabox.kernel import process
from seabox.model.record import Status
from seabox.oci.runtime import Launch, Launched
from seabox.testing.rooms import FakeRooms
from seabox.testing.runtime import FakeRuntime

from .world import Tally, World

STEPS = 50  # of one example
S = Status

# operation -> the states in which it is allowed, and the state it leads to (None: as it was)
MOVES: dict[str, tuple[set[Status], Status | None]] = {
    "init": ({S.CONFIGURED, S.EXITED}, S.CREATED),
    "start": ({S.CONFIGURED, S.CREATED, S.EXITED}, S.RUNNING),
    "pause": ({S.RUNNING}, S.PAUSED),
    "unpause": ({S.PAUSED}, S.RUNNING),
    "cleanup": ({S.CONFIGURED, S.EXITED}, None),
    "remove": ({S.CONFIGURED, S.CREATED, S.EXITED}, None),
    "mount": (set(S) - {S.REMOVING}, None),
    "sync": (set(S) - {S.REMOVING}, None),
    "inspect": (set(S) - {S.REMOVING}, None),
}


class Attended(FakeRuntime):
    """The double, with somebody who notices that a container's process was killed, as its conmon would."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def create(self, launch: Launch) -> Launched:
        """See OCIRuntime.create."""
        made = super().create(launch)
        assert made.process is not None
        threading.Thread(target=self._watch, args=(launch.id, process.pidfd_open(made.process)), daemon=True).start()
        return made

    def _watch(self, id: str, pidfd: int) -> None:
        select.select([pidfd], [], [])
        os.close(pidfd)
        with self._turn:
            if id in self._known:
                self.settle(id)

    def delete(self, id: str, force: bool = False) -> None:
        """See OCIRuntime.delete."""
        with self._turn:
            super().delete(id, force)


class Machine(RuleBasedStateMachine):
    """Three containers; `model` is what they should be."""

    make: Callable[[], tuple[Any, Callable[[str], Container], Callable[[], None]]]
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.on, self.create, self.close = type(self).make()
        self.model: dict[str, Status] = {}
        self.mounted: dict[str, int] = {}

    def handle(self, which: int) -> Container:
        return Container(self.on, list(self.model)[which % len(self.model)])  # the oldest first: ids are random

    @precondition(lambda self: len(self.model) < 3)
    @rule(name=st.sampled_from(("a", "b", "c")))
    def new(self, name: str) -> None:
        taken = {self.on.store.load(id).facts.name for id in self.model}
        try:
            ctr = self.create(name)
        except Conflict:
            assert name in taken
            return
        assert name not in taken
        self.model[ctr.id], self.mounted[ctr.id] = S.CONFIGURED, 0

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 2), name=st.sampled_from(sorted(MOVES)))
    def operate(self, which: int, name: str) -> None:
        ctr = self.handle(which)
        allowed, after = MOVES[name]
        before = self.model[ctr.id]
        right = before in allowed and not (name == "remove" and self.mounted[ctr.id])
        if name == "cleanup" and before is S.CREATED:
            right, after = True, S.CONFIGURED
        try:
            getattr(ctr, name)()
        except Conflict:
            assert not right, (name, before)
            return
        assert right, (name, before)
        if name == "remove":
            del self.model[ctr.id]
            return
        self.mounted[ctr.id] += name == "mount"
        self.model[ctr.id] = after or before

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 2))
    def unmount(self, which: int) -> None:
        ctr = self.handle(which)
        used = self.model[ctr.id] in (S.CREATED, S.RUNNING, S.PAUSED)
        try:
            ctr.unmount()
        except Conflict:
            assert not self.mounted[ctr.id] or used
            return
        assert self.mounted[ctr.id]
        self.mounted[ctr.id] -= 1

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 2), verb=st.sampled_from(("stop", "kill", "remove by force")))
    def end(self, which: int, verb: str) -> None:
        ctr = self.handle(which)
        before = self.model[ctr.id]
        if before is S.PAUSED:
            ctr.unpause()
            before = S.RUNNING
        if verb == "remove by force":
            ctr.remove(force=True, timeout=0)
            del self.model[ctr.id]
            return
        try:
            ctr.stop(timeout=0) if verb == "stop" else ctr.kill(9)
        except Conflict:
            assert before is not S.RUNNING
            return
        if before is S.RUNNING:
            assert ctr.wait(timeout=120) == 137
            ctr.cleanup()
            self.model[ctr.id] = S.EXITED
        elif before is S.CREATED:
            self.model[ctr.id] = self.on.store.load(ctr.id).state.status
            assert self.model[ctr.id] in (S.CONFIGURED, S.EXITED)

    @invariant()
    def agrees(self) -> None:
        type(self).steps += 1
        found = {record.facts.id: record for record in self.on.store.records()}
        assert found.keys() == self.model.keys()
        for id, record in found.items():
            assert record.state.status is self.model[id], (record.state, self.model[id])
            assert record.claim is None
            init = record.state.process
            alive = init is not None and process.alive(init)
            assert alive == (record.state.status in (S.CREATED, S.RUNNING, S.PAUSED)), record.state

    def teardown(self) -> None:
        for id in list(self.model):
            if self.model[id] is S.PAUSED:
                Container(self.on, id).unpause()
            try:
                Container(self.on, id).remove(force=True, timeout=0)
            except NoSuchContainer:
                continue
        self.close()


def _run(machine: type[Machine], steps: int, seed: int, per_example: int) -> Tally:
    tally = Tally()
    machine.steps = 0
    quiet = settings(
        max_examples=max(1, steps // per_example), stateful_step_count=per_example, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    while machine.steps < steps and not tally.failures:
        try:
            run_state_machine_as_test(seeded(seed + machine.steps)(machine), settings=quiet)
        except Exception as problem:
            told = " ".join(getattr(problem, "__notes__", ()))
            tally.failures.append(f"{type(problem).__name__}: {problem} {told}"[:2000])
    tally.kills = machine.steps
    return tally


def fake(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S4: 20,000 steps over the double."""
    del world

    class OverTheDouble(Machine):
        @staticmethod
        def make() -> tuple[Any, Callable[[str], Container], Callable[[], None]]:
            folder = tempfile.TemporaryDirectory(prefix="seabox-trust-", dir="/dev/shm", ignore_cleanup_errors=True)
            rooms = FakeRooms(folder.name)
            rooms.fake = Attended()

            def close() -> None:
                rooms.close()
                folder.cleanup()

            return rooms, rooms.container, close

    yield _run(OverTheDouble, sample or 20_000, seed, STEPS)


def real(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S4: 300 steps over conmon and the runtime."""

    class OverTheRealThing(Machine):
        @staticmethod
        def make() -> tuple[Any, Callable[[str], Container], Callable[[], None]]:
            def create(name: str) -> Container:
                return world.engine.containers.create("busybox", ["sleep", "1000"], name=name, stop_timeout=0)

            return world.rooms, create, lambda: None

    tally = _run(OverTheRealThing, sample or 300, seed, 25)
    world.clear()
    tally.failures += world.leftovers()
    yield tally

"""R1: kill -9 at every edge of every effect of every operation; one next call must put everything right.

For each operation its points are recorded once (seabox.testing.killpoints); then, for each point, a container is
brought into the state the operation starts from, the operation is killed at that point, ONE next call is made, and
what the store says is held against what the kernel has. At the end the container is removed by force and nothing
may be left.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from contextlib import suppress

from seabox.container.container import Container
from seabox.errors import Conflict, NoSuchContainer, NoSuchPod, RemovalFinished, SeaboxError
from seabox.kernel import process
from seabox.pods.operations import NothingToStart
from seabox.testing.killpoints import Point, fail_at, kill_at, record

from . import before
from .operations import OPERATIONS, SLEEPS, Operation
from .world import Tally, World

CHILDREN = ("child-1", "child-2")  # of a fork
ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EBUSY, errno.EINTR)
_HAVE_ENDED = (
    before.ended, before.exited, before.networked_ended, before.networked_exited, before.with_volumes_ended,
)  # fmt: skip
NEXT = ("same", "start", "stop", "rm -f", "inspect")


def points_of(world: World, operation: Operation) -> list[Point]:
    """The operation's distinct points, in order."""
    operation.before(world)
    points = record(lambda: operation.act(world))
    world.clear()
    return points


def strike(
    world: World, operation: Operation, point: Point, next_call: str, tally: Tally, error: int | None = None
) -> None:
    """One kill (or, with `error`, one call that fails so), one next call, and the questions after it."""
    how = "killed" if error is None else f"with {errno.errorcode[error]}"
    label = f"{world.runtime}: {operation.name} {how} {point!r}, then {next_call}"
    victim = operation.before(world)
    ids = {victim.id} if victim is not None else set()
    if error is None:
        ended = kill_at(lambda: operation.act(world), point)
    else:
        ended = fail_at(lambda: operation.act(world), point, error)
        if ended.code not in (0, 3):
            tally.failures.append(f"{label}: not a clean error, the child ended with {ended.code}")
    if error is None and not ended.killed:
        tally.missed += 1
        world.clear()
        return
    tally.kills += 1
    world.pods |= {pod.id for pod in world.rooms.store.pods.list()}
    tally.points.add((operation.name, repr(point)))
    ids |= {os.path.basename(path) for path in world.leftovers() if len(os.path.basename(path)) == 64}
    ids -= world.pods
    if operation.name in ("exec", "exec rm"):  # what it started, or killed, ends by itself, and nobody is told
        for id in ids:
            _await_sessions(world, id)
    try:
        make_next(world, operation, next_call)
    except RemovalFinished:
        pass
    except (NoSuchContainer, NoSuchPod):
        if not operation.name.startswith(("create", "rm", "restore -i")):
            tally.failures.append(f"{label}: the container is lost")
    except NothingToStart as refused:  # an error may keep the pod when its members are gone; a kill does not
        if error is None or not operation.name.startswith("rm"):
            tally.failures.append(f"{label}: {refused}")
    except Conflict as refused:
        if not _expected_refusal(operation, next_call):
            tally.failures.append(f"{label}: {refused}")
    except SeaboxError as problem:
        tally.failures.append(f"{label}: {type(problem).__name__}: {problem}")
    for name in CHILDREN if operation.name == "fork" else ():  # the next call is about the parent alone
        with suppress(NoSuchContainer):
            world.engine.containers.get(name)
    for id in ids:
        tally.failures += [f"{label}: {complaint}" for complaint in world.complaints(id)]
    tally.failures += [f"{label}: {complaint}" for complaint in world.volume_complaints()]
    tally.failures += [f"{label}: {complaint}" for complaint in world.secret_complaints()]
    if operation.before in (before.sleeping, before.with_snapshot) and victim is not None:
        tally.failures += [f"{label}: {complaint}" for complaint in world.lost_files(victim.id)]
    if operation.before in _HAVE_ENDED and not operation.name.startswith("rm") and victim is not None:
        tally.failures += [f"{label}: {complaint}" for complaint in _lost_code(world, victim)]
    try:
        world.clear()
    except RemovalFinished:
        pass
    except SeaboxError as problem:
        tally.failures.append(f"{label}: rm -f at the end: {type(problem).__name__}: {problem}")
    for id in ids:
        world.settle(id)
    left = world.leftovers()
    if left:
        tally.failures.append(f"{label}: left over at the end: {left}")


def _await_sessions(world: World, id: str) -> None:
    """The recorded sessions that are about to end have."""
    for each in world.rooms.store.execs.of(id, active=True):
        if each.conmon is not None and "1000" not in each.command:
            process.wait_gone(each.conmon, 60)


def _lost_code(world: World, ctr: Container) -> list[str]:
    """The first run ended with code 9: whoever asks must hear that, from the exit file or from the record."""
    found = world.rooms.store.exit_record(ctr.id, 1)
    try:
        code = found.code if found is not None else ctr.wait(timeout=60)
    except SeaboxError as problem:
        return [f"exit code 9 is lost: {problem}"]
    return [] if code == 9 else [f"exit code 9 became {code}"]


def make_next(world: World, operation: Operation, call: str) -> None:
    if call == "same":
        operation.act(world)
    elif operation.is_of_pods:
        pod = world.pod()
        acts = {"start": pod.start, "stop": lambda: pod.stop(timeout=0), "inspect": pod.inspect}
        acts.get(call, lambda: pod.remove(force=True, timeout=0))()
    elif call == "inspect":
        world.find().inspect()
    elif call == "start":
        world.find().start()
    elif call == "stop":
        world.find().stop()
    else:
        world.find().remove(force=True)


def _expected_refusal(operation: Operation, call: str) -> bool:
    """Whether a state conflict is a right answer: what was killed may have happened already, or not at all."""
    return call in ("same", "start", "stop")


def sweep(
    world: World, *, sample: int | None, seed: int, errors: bool = False, networked: bool = False, pods: bool = False,
    asleep: bool = False,
) -> Iterator[Tally]:  # fmt: skip
    """Every point of every operation, or `sample` of them drawn at random; yields the tally after each.

    Operations of containers with a network of their own (`networked`), and those of `pods`, are rows of their own, and
    those of criu (`asleep`).
    A kill at each, or with `errors` a failure of the call at each (R2): ENOSPC, EIO, EMFILE, EBUSY, EINTR by turns.
    """
    chance = random.Random(seed)
    rows = (networked, pods)
    wanted = SLEEPS if asleep else [each for each in OPERATIONS if (each.is_networked, each.is_of_pods) == rows]
    plan = [(operation, point) for operation in wanted for point in points_of(world, operation)]
    if errors:  # close(2) gives up the descriptor, and the lock, whatever it says
        plan = [each for each in plan if each[1].edge == ("after" if each[1].effect == "unlock" else "before")]
    if sample is not None and sample < len(plan):
        plan = [plan[i] for i in sorted(chance.sample(range(len(plan)), sample))]
    tally = Tally()
    for operation, point in plan:
        strike(world, operation, point, chance.choice(NEXT), tally, chance.choice(ERRORS) if errors else None)
        yield tally
    if tally.kills < 0.9 * len(plan):
        tally.failures.append(f"{tally.missed} of {len(plan)} points were not met again")
        yield tally

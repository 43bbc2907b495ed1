"""R7, R8, R9, R13, R16: many, at once, for long."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator

from seabox.container.container import Container
from seabox.errors import Conflict, NotFound, SeaboxError, TimedOut
from seabox.model.record import Event

from .workers import PROCESSES, all_at_once, at_most, cut_short, pause
from .world import Tally, World

SLEEPER = ["sleep", "1000"]
LONGEST = 30.0  # s for one command of the storm


def lifecycles(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R7: 1,000 times create, start, read, wait, remove: each code and each output is right."""
    tally, each = Tally(), -(-(sample or 1000) // PROCESSES)

    def work(number: int, chance: random.Random) -> tuple[int, list[str]]:
        wrong = []
        for turn in range(each):
            code = (number * each + turn) % 256
            ctr = world.engine.containers.create("busybox", ["sh", "-c", f"echo {number}.{turn}; exit {code}"])
            with ctr.start_and_attach() as session:
                said = session.read_all(60).stdout
            found = ctr.wait(timeout=60)
            if (said, found) != (f"{number}.{turn}\n".encode(), code):
                wrong.append(f"{said!r} and {found} in place of {code}")
            ctr.remove()
        return each, wrong

    tally.kills, tally.failures = all_at_once(work, seed)
    tally.failures += _left(world)
    yield tally


def _left(world: World) -> list[str]:
    """What is left once the exit commands that were on their way out have gone."""
    deadline = time.monotonic() + 60
    while (left := world.leftovers()) and time.monotonic() < deadline:
        pause(0.1)
    return left


# --- R8 --------------------------------------------------------------------------------------------------------------


def storm(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R8: for five minutes 16 processes do anything to 20 names; the history of events must make sense."""
    tally = Tally()
    until = time.monotonic() + 300  # or until a sample has done what it is to do
    before = world.rooms.store.last_seq()

    def work(number: int, chance: random.Random) -> tuple[int, list[str]]:
        done, wrong = 0, []
        while time.monotonic() < until and (sample is None or done * PROCESSES < sample):
            name = f"storm{chance.randrange(20)}"
            verb = chance.choice(tuple(_ACTS))
            began = time.monotonic()
            try:
                _ACTS[verb](world, name, chance)
            except (Conflict, NotFound, TimedOut):
                pass  # a right answer while others are at it
            except SeaboxError as problem:
                wrong.append(f"{verb} {name}: {type(problem).__name__}: {problem}")
            if (took := time.monotonic() - began) > at_most(LONGEST, sample):
                wrong.append(f"{verb} {name} took {took:.0f} s")
            done += 1
        return done, wrong

    tally.kills, tally.failures = all_at_once(work, seed)
    world.clear()
    tally.failures += [*history(world.engine.events(before)), *_left(world)]
    yield tally


def _get(world: World, name: str) -> Container:
    return world.engine.containers.get(name)


def _rename(world: World, name: str, chance: random.Random) -> None:
    _get(world, name).rename(f"storm{chance.randrange(20)}")


_ACTS: dict[str, Callable[[World, str, random.Random], object]] = {
    "create": lambda world, name, _: world.engine.containers.create("busybox", SLEEPER, name=name, stop_timeout=1),
    "run": lambda world, name, _: world.engine.containers.run("busybox", SLEEPER, name=name, stop_timeout=0),
    "start": lambda world, name, _: _get(world, name).start(),
    "stop": lambda world, name, chance: _get(world, name).stop(timeout=chance.choice((0, 1))),
    "kill": lambda world, name, _: _get(world, name).kill(),
    "rm -f": lambda world, name, _: _get(world, name).remove(force=True, timeout=0),
    "rm": lambda world, name, _: _get(world, name).remove(),
    "restart": lambda world, name, _: _get(world, name).restart(timeout=0),
    "exec": lambda world, name, _: _get(world, name).exec_run(["true"], timeout=10),
    "inspect": lambda world, name, _: _get(world, name).inspect(),
    "ps": lambda world, name, _: list(world.engine.containers.list()),
    "wait": lambda world, name, _: _get(world, name).wait(timeout=0.2),
    "pause": lambda world, name, _: _get(world, name).pause(),
    "unpause": lambda world, name, _: _get(world, name).unpause(),
    "rename": _rename,
}


def history(events: Iterator[Event]) -> Iterator[str]:
    """What of this history cannot have happened. Every container here sleeps until it is killed."""
    seen: dict[str, str] = {}
    before: dict[str, list[str]] = {}
    last = 0
    for event in events:
        if event.seq <= last:
            yield f"event {event.seq} after {last}"
        last = event.seq
        state = seen.get(event.id, "")
        wanted, after = _MOVES.get(event.kind, (None, None))
        if state == "gone" or (event.kind != "create" and not state):
            yield f"{event!r} of a container that is {state or 'not there yet'}"
        elif wanted is not None and state not in wanted:
            yield f"{event!r} of a container that is {state}, after {' '.join(before[event.id])}"
        if event.kind == "died" and event.exit_code not in (137, None):
            yield f"{event!r} with code {event.exit_code}"
        seen[event.id] = after or state
        before.setdefault(event.id, []).append(event.kind)
    yield from (f"{id[:12]} was never removed" for id, state in seen.items() if state != "gone")


_MOVES: dict[str, tuple[tuple[str, ...] | None, str | None]] = {
    "create": (("",), "idle"),
    "init": (("idle",), "created"),
    "start": (("idle", "created"), "running"),
    "pause": (("running",), "paused"),
    "unpause": (("paused",), "running"),
    "died": (("created", "running", "paused"), "idle"),
    "remove": (("idle", "created"), "gone"),
    "cleanup": (("idle", "created"), "idle"),
}


# --- R9 --------------------------------------------------------------------------------------------------------------


def crowd(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R9: with 10,000 containers in the store each operation takes as long as with ten, and `ps -a` under 1.5 s."""
    tally, many = Tally(), sample or 10_000
    few = _timed(world)
    for number in range(many):
        world.engine.containers.create("busybox", SLEEPER, name=f"one-of-many-{number}")
        tally.kills += 1
    crowded = _timed(world)
    for what, seconds in crowded.items():
        if seconds > 1.5 * few[what] + 0.002:
            again = min(_timed(world)[what] for _ in range(3))  # this machine may have been busy
            if again > 1.5 * few[what] + 0.002:
                tally.failures.append(f"{what}: {again * 1000:.1f} ms with {many}, {few[what] * 1000:.1f} ms alone")
    began = time.monotonic()
    shown = subprocess.run([*world.command_line(), "ps", "-a", "-q"], capture_output=True, check=True).stdout
    took = time.monotonic() - began
    lines = len(shown.splitlines())
    if lines != many or took > 1.5:
        tally.failures.append(f"ps -a showed {lines} in {took:.1f} s")
    yield tally
    for seen in list(world.engine.containers.list()):
        Container(world.rooms, seen.facts.id).remove()


def _timed(world: World) -> dict[str, float]:
    """The median time of each operation, s."""
    took: dict[str, list[float]] = {"create": [], "inspect": [], "start": [], "rm -f": []}

    def clock(what: str, call: Callable[[], object]) -> object:
        began = time.perf_counter()
        found = call()
        took[what].append(time.perf_counter() - began)
        return found

    for _ in range(15):
        ctr = clock("create", lambda: world.engine.containers.create("busybox", SLEEPER, name="timed", stop_timeout=0))
        assert isinstance(ctr, Container)
        clock("inspect", ctr.inspect)
        clock("start", ctr.start)
        clock("rm -f", lambda ctr=ctr: ctr.remove(force=True))
    return {what: statistics.median(each) for what, each in took.items()}


# --- R13, R16 ---------------------------------------------------------------------------------------------------------


def execs(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R13: 2,000 execs by 16 processes, a quarter of the clients killed: no wrong code, and no session stays."""
    tally, each = Tally(), -(-(sample or 2000) // PROCESSES)
    ctr = world.engine.containers.run("busybox", SLEEPER, name="busy", stop_timeout=0)

    def work(number: int, chance: random.Random) -> tuple[int, list[str]]:
        wrong = []
        mine = world.engine.containers.get(ctr.id)
        for turn in range(each):
            code = (number + turn) % 256
            words = ["sh", "-c", f"echo {number}.{turn}; exit {code}"]
            if chance.random() < 0.25:
                cut_short(lambda words=words: mine.exec_run(words), chance.random() * 0.15)
                continue
            done = mine.exec_run(words, timeout=60)
            if (done.code, done.stdout) != (code, f"{number}.{turn}\n".encode()):
                wrong.append(f"{done!r} in place of {code}")
        return each, wrong

    tally.kills, tally.failures = all_at_once(work, seed)
    deadline = time.monotonic() + 60
    while (left := world.rooms.store.execs.of(ctr.id, active=True)) and time.monotonic() < deadline:
        world.engine.containers.get(ctr.id)  # whoever looks reaps
        pause(0.2)
    tally.failures += [f"a session is left: {each!r}" for each in left]
    ctr.remove(force=True)
    world.settle(ctr.id)
    tally.failures += world.leftovers()
    yield tally


def soak(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R16: 20,000 lifecycles in one process: its memory, its descriptors and the database do not grow."""
    tally, turns = Tally(), sample or 20_000
    early = (0, 0)
    for turn in range(turns):
        ctr = world.engine.containers.create("busybox", ["true"])
        ctr.start()
        ctr.wait(timeout=60)
        ctr.remove()
        tally.kills += 1
        if turn == turns // 5:
            early = _held()
    memory, fds = _held()
    if fds > early[1]:
        tally.failures.append(f"{fds - early[1]} more descriptors")
    if memory > early[0] + (8 << 20):
        tally.failures.append(f"{(memory - early[0]) >> 20} MiB more memory")
    size = os.stat(world.rooms.config.database).st_size
    if size > 64 << 20:
        tally.failures.append(f"the database has {size >> 20} MiB")
    yield tally


def _held() -> tuple[int, int]:
    """Memory in use (bytes) and open descriptors of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096, len(os.listdir("/proc/self/fd"))

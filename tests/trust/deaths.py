"""R3, R6, R14: others die. conmon, the container's process, both; the machine; a process whose number comes again."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

from seabox.container.container import Container
from seabox.errors import ExitCodeUnknown, SeaboxError
from seabox.kernel import cgroups, mounts, process
from seabox.model.record import ContainerState

from .workers import at_most
from .world import Tally, World

VICTIMS = ("conmon", "init", "init then conmon", "conmon then init", "tree")
_PR_SET_CHILD_SUBREAPER = 36
MAY_BE_SEEN_LATE = 1.0  # s


def deaths(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R3: somebody of a running container is killed; within a second the next look is right.

    The code is 137 where conmon could see it, and otherwise unknown; never 0 and never "running".
    """
    chance, tally = random.Random(seed), Tally()
    for _ in range(sample or 200):
        victim = chance.choice(VICTIMS)
        ctr = world.engine.containers.create("busybox", ["sleep", "1000"], name="victim", stop_timeout=0)
        ctr.start()
        state = world.rooms.store.load(ctr.id).state
        _strike(victim, state, ctr.id)
        tally.kills += 1
        late = at_most(MAY_BE_SEEN_LATE, sample)
        tally.failures += [f"{world.runtime}: {victim} killed: {text}" for text in _judge(world, ctr, victim, late)]
        try:
            ctr.remove(force=True)
        except SeaboxError as problem:
            tally.failures.append(f"{world.runtime}: {victim} killed, rm -f: {problem}")
        world.settle(ctr.id)
        left = world.leftovers()
        if left:
            tally.failures.append(f"{world.runtime}: {victim} killed: left over: {left}")
        yield tally


def _strike(victim: str, state: ContainerState, id: str) -> None:
    init, conmon = state.process, state.conmon
    assert init is not None
    assert conmon is not None
    order = {
        "conmon": [conmon], "init": [init], "init then conmon": [init, conmon], "conmon then init": [conmon, init],
        "tree": [conmon, init],
    }[victim]  # fmt: skip
    if victim == "tree":
        cgroups.kill(f"/seabox/{id}")
    for one in order:
        process.send_signal(one, signal.SIGKILL)
    for one in order:
        process.wait_gone(one, 60)


def _judge(world: World, ctr: Container, victim: str, late: float) -> Iterator[str]:
    asked = time.monotonic()
    status = ctr.status
    if victim == "conmon":
        if status != "running":
            yield f"status is {status}, but its process lives"
        return
    if status in ("running", "created", "paused"):
        yield f"status is {status}"
    try:
        code = ctr.wait(timeout=late)
        if code != 137:
            yield f"exit code {code}"
        elif victim == "conmon then init":
            yield "an exit code that nobody can have seen"
    except ExitCodeUnknown as unknown:
        if victim == "init":
            yield f"code unknown ({unknown.reason}), but conmon was there"
    except SeaboxError as problem:
        yield f"wait: {type(problem).__name__}: {problem}"
    if time.monotonic() - asked > late:
        yield f"right only after {time.monotonic() - asked:.1f} s"


def reboots(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R6: containers in every state, then the machine goes down: all are honest about it and can be started."""
    chance, tally = random.Random(seed), Tally()
    was: dict[str, str] = {}
    for number in range(sample or 50):
        ctr = world.engine.containers.create("busybox", ["sleep", "1000"], name=f"c{number}", stop_timeout=0)
        was[ctr.id] = chance.choice(("configured", "created", "running", "paused", "exited"))
        if was[ctr.id] == "created":
            ctr.init()
        elif was[ctr.id] != "configured":
            ctr.start()
            if was[ctr.id] == "paused":
                ctr.pause()
            elif was[ctr.id] == "exited":
                ctr.stop()
    _go_down(world)
    for id, before in was.items():
        ctr = Container(world.rooms, id)
        tally.kills += 1
        expected = {"configured": "created", "created": "created"}.get(before, "exited")
        if ctr.status != expected:
            tally.failures.append(f"{world.runtime}: {before} before the reboot is {ctr.status} after it")
        if before in ("running", "paused"):
            try:
                tally.failures.append(f"{world.runtime}: a reboot gave the exit code {ctr.wait(timeout=1)}")
            except ExitCodeUnknown as unknown:
                if unknown.reason != "reboot":
                    tally.failures.append(f"{world.runtime}: the reason is {unknown.reason}")
        try:
            ctr.start()
            if ctr.status != "running":
                tally.failures.append(f"{world.runtime}: {before}, reboot, start: {ctr.status}")
            ctr.remove(force=True)
        except SeaboxError as problem:
            tally.failures.append(f"{world.runtime}: {before}, reboot, start, rm: {problem}")
        world.settle(id)
        yield tally
    left = world.leftovers()
    if left:
        tally.failures.append(f"{world.runtime}: left over: {left}")
    yield tally


def _go_down(world: World) -> None:
    """What a reboot does, as far as this store sees it: every process ends, run directories and mounts are gone."""
    for record in world.rooms.store.records():
        id, state = record.facts.id, record.state
        if state.conmon is not None:
            process.send_signal(state.conmon, signal.SIGKILL)
            process.wait_gone(state.conmon, 60)
        world.rooms.runtime(record.facts.runtime).delete(id, force=True)
        cgroups.remove(f"/seabox/{id}", kill=True)
        if state.boot:
            world.rooms.store.commit(id, state.replace(boot="the boot before"))
    for place in reversed(mounts.mounts_under(world.rooms.config.root)):
        mounts.umount(place, detach=True)
    subprocess.run(["rm", "-rf", world.rooms.config.runroot], check=True)


def reused_pids(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R14: the container's pid comes again for a bystander before the next call, which must not touch it."""
    chance, tally = random.Random(seed), Tally()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # a pid is free once its zombie is reaped: by us
    wanted = sample or 200
    while tally.kills < wanted and tally.missed < 10 * wanted:  # others may take the number, or have it
        call = chance.choice(("stop", "kill", "rm -f", "pause"))
        ctr = world.engine.containers.create("busybox", ["sleep", "1000"], name="victim", stop_timeout=0)
        ctr.start()
        state = world.rooms.store.load(ctr.id).state
        _strike("conmon then init", state, ctr.id)
        for orphan in (state.conmon_pid, state.pid):
            os.waitpid(orphan, 0)
        bystander = at_pid(state.pid)
        if bystander is None:
            tally.missed += 1
        else:
            tally.kills += 1
            with suppress(SeaboxError):
                {"stop": ctr.stop, "kill": ctr.kill, "pause": ctr.pause}.get(call, lambda: None)()
        ctr.remove(force=True)
        if bystander is not None:
            if bystander.poll() is not None:
                tally.failures.append(f"{world.runtime}: {call} signalled a bystander with the pid of the container")
            bystander.kill()
            bystander.wait()
        yield tally


def at_pid(pid: int) -> subprocess.Popen[bytes] | None:
    """A process that has this pid, if the kernel could be made to give it."""
    for _ in range(20):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(pid - 1))
        child = subprocess.Popen(["sleep", "1000"])
        if child.pid == pid:
            return child
        child.kill()
        child.wait()
    return None

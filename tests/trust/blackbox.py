"""R1, from outside: the command line is killed by strace at system calls, without our own points.

A kill that leaves something behind here, and not in kills.py, shows a point that is missing there.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator

from seabox.errors import Conflict, NoSuchContainer, SeaboxError

from .kills import NEXT, make_next
from .operations import OPERATIONS
from .world import NAME, SLEEPER, Tally, World

CALLS = (
    "fdatasync", "pwrite64", "mkdir", "unlink,unlinkat", "rename,renameat2", "move_mount", "umount2", "flock",
    "clone,clone3,vfork", "pidfd_send_signal", "openat", "write", "close", "poll", "wait4,waitid",
)  # fmt: skip
COMMANDS = {
    "create": ["create", "--name", NAME, "busybox", *SLEEPER],
    "start": ["start", NAME],
    "stop": ["stop", "-t", "1", NAME],
    "rm -f": ["rm", "-f", "-t", "1", NAME],
    "restart": ["restart", "-t", "1", NAME],
    "pause": ["pause", NAME],
}
STRACE = shutil.which("strace")


def sweep(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """`sample` (150) kills of the command line at a random call of a random kind."""
    chance, tally = random.Random(seed), Tally()
    operations = {operation.name: operation for operation in OPERATIONS}
    tries = 0
    while tally.kills < (sample or 150) and tries < 10 * (sample or 150):
        tries += 1
        name, calls, when = chance.choice(list(COMMANDS)), chance.choice(CALLS), chance.randint(1, 30)
        next_call = chance.choice(NEXT)
        before = operations[name].before(world)
        ids = {before.id} if before is not None else set()
        if not _killed(world, COMMANDS[name], calls, when):
            tally.missed += 1
            world.clear()
            yield tally
            continue
        tally.kills += 1
        tally.points.add((name, f"{calls}#{when}"))
        label = f"{world.runtime}: {name} killed at {calls}#{when}, then {next_call}"
        ids |= {path.rpartition("/")[2] for path in world.leftovers() if len(path.rpartition("/")[2]) == 64}
        try:
            make_next(world, operations[name], next_call)
        except (NoSuchContainer, Conflict):
            pass
        except SeaboxError as problem:
            tally.failures.append(f"{label}: {type(problem).__name__}: {problem}")
        for id in ids:
            tally.failures += [f"{label}: {complaint}" for complaint in world.complaints(id)]
        world.clear()
        for id in ids:
            world.settle(id)
        if left := world.leftovers():
            tally.failures.append(f"{label}: left over at the end: {left}")
        yield tally


def _killed(world: World, words: list[str], calls: str, when: int) -> bool:
    """Whether the command was killed at the `when`-th of these system calls (it may make fewer)."""
    assert STRACE is not None
    ran = subprocess.run(
        [
            STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={when}",
            *world.command_line(), *words,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return ran.returncode in (-9, 137)

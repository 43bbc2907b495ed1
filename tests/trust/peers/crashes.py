"""podman and R1 to R6, R14: killed, failing calls, the death of others, damage."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from seabox.config import find_criu

from ..deaths import at_pid
from ..workers import pause
from .podman import HUNG, NAME, SLEEPER, Podman

_KILLED = (-9, 137)  # what strace or timeout make of it
COUNT, MOST = 12, 40  # so many that landed, of so many tries
LAN, POD = "lan", "den"
_CALLS = (
    "fdatasync", "pwrite64", "unlinkat", "clone,clone3,vfork", "mkdirat", "renameat", "openat", "umount2", "write",
)  # fmt: skip


class _Trial(NamedTuple):
    """Commands that prepare one, which is killed."""

    before: tuple[tuple[str, ...], ...]
    killed: tuple[str, ...]


_CREATE = ("create", "--name", NAME, "busybox", *SLEEPER)
_RUN = ("run", "--detach", "--name", NAME, "busybox", *SLEEPER)
_IN_LAN = ("--network", LAN, "--name", NAME, "busybox", *SLEEPER)
_POD = (
    "pod", "create", "--name", POD, "--network", "none", "--infra-image", "busybox", "--infra-command",
    " ".join(SLEEPER),
)  # fmt: skip
_MEMBER = ("create", "--pod", POD, "busybox", *SLEEPER)
_SLEEP = ("container", "checkpoint", NAME)
OF_CONTAINERS = (
    _Trial((), _CREATE), _Trial((_CREATE,), ("start", NAME)), _Trial((_RUN,), ("stop", "--time", "0", NAME)),
    _Trial((_RUN,), ("kill", NAME)), _Trial((_RUN,), ("restart", "--time", "0", NAME)),
    _Trial((_RUN,), ("rm", "--force", "--time", "0", NAME)), _Trial((_RUN,), ("pause", NAME)),
)  # fmt: skip
IN_NETWORKS = (
    _Trial((), ("run", "--detach", *_IN_LAN)), _Trial((("create", *_IN_LAN),), ("start", NAME)),
    _Trial((("run", "--detach", *_IN_LAN),), ("stop", "--time", "0", NAME)),
)  # fmt: skip
OF_PODS = (
    _Trial((), _POD), _Trial((_POD, _MEMBER), ("pod", "start", POD)),
    _Trial((_POD, _MEMBER, ("pod", "start", POD)), ("pod", "stop", "--time", "0", POD)),
    _Trial((_POD, _MEMBER, ("pod", "start", POD)), ("pod", "rm", "--force", POD)),
)  # fmt: skip
OF_SLEEP = (_Trial((_RUN,), _SLEEP), _Trial((_RUN, _SLEEP), ("container", "restore", NAME)))


def _injected(podman: Podman, words: tuple[str, ...], calls: str, how: str, chance: random.Random) -> int:
    """The exit code of a command in which strace spoilt one system call; conmon and the runtime are let alone."""
    spoilt = f"inject={calls}:{how}:when={chance.randint(1, 8)}"
    argv = [
        "strace", "-qq", "-f", "-b", "execve", "-o", "/dev/null", "-e", f"trace={calls}", "-e", spoilt,
        *podman.argv(*words),
    ]  # fmt: skip
    nowhere = subprocess.DEVNULL  # pipes would be held by its conmon
    return subprocess.run(
        ["timeout", "20", *argv], stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False
    ).returncode  # fmt: skip


def _told(attempt: Callable[[], bool | None]) -> str:
    """How often it went wrong, of how often it came to the test; an attempt that did not says None."""
    found: list[bool] = []
    for _ in range(MOST):
        if (wrong := attempt()) is not None:
            found.append(wrong)
        if len(found) == COUNT:
            break
    return f"{sum(found)} of {len(found)}"


def _swept(podman: Podman, chance: random.Random, trials: tuple[_Trial, ...]) -> str:
    """A command was killed; the next one removes by force: how often is something left?"""
    podman("network", "create", LAN)

    def attempt() -> bool | None:
        trial = chance.choice(trials)
        for words in trial.before:
            podman(*words)
        killed = _injected(podman, trial.killed, chance.choice(_CALLS), "signal=KILL", chance) in _KILLED
        removed = podman("rm", "--force", "--ignore", "--time", "0", NAME)
        if trials is OF_PODS:
            removed = podman("pod", "rm", "--force", "--ignore", "--time", "0", POD)
        wrong = removed.returncode != 0 or bool(podman.left()) if killed else None
        podman("rm", "--all", "--force", "--time", "0")
        return wrong

    return f"{_told(attempt)} leave something"


def swept(podman: Podman, chance: random.Random) -> str:
    """R1: commands about one container."""
    return _swept(podman, chance, OF_CONTAINERS)


def swept_in_networks(podman: Podman, chance: random.Random) -> str:
    """R1n: commands about one in a network."""
    return _swept(podman, chance, IN_NETWORKS)


def swept_asleep(podman: Podman, chance: random.Random) -> str:
    """R1c: checkpoint and restore."""
    os.environ["PATH"] = f"{os.path.dirname(find_criu())}:{os.environ['PATH']}"
    podman.sleeping()
    if podman(*_SLEEP).returncode:
        return "not measured: no checkpoint"
    podman.without()
    return _swept(podman, chance, OF_SLEEP)


def swept_pods(podman: Podman, chance: random.Random) -> str:
    """R1p: commands about a pod and its member."""
    return _swept(podman, chance, OF_PODS)


def started_again(podman: Podman, chance: random.Random) -> str:
    """R1s: `start` was killed; the next command is `start` again: how often does it fail?"""
    return _start_again(podman, chance, [("signal=KILL", calls) for calls in _CALLS])


def failing_calls(podman: Podman, chance: random.Random) -> str:
    """R2: a system call of `start` failed, and so did `start`; the next one fails as well how often?"""
    wanted = {errno.ENOSPC: "pwrite64 mkdirat openat", errno.EIO: "fdatasync pwrite64 write", errno.EMFILE: "openat",
              errno.EBUSY: "umount2 unlinkat renameat"}  # fmt: skip
    ways = [(f"error={errno.errorcode[each]}", calls) for each, names in wanted.items() for calls in names.split()]
    return _start_again(podman, chance, ways)


def _start_again(podman: Podman, chance: random.Random, ways: list[tuple[str, str]]) -> str:
    def attempt() -> bool | None:
        podman(*_CREATE)
        how, calls = chance.choice(ways)
        code = _injected(podman, ("start", NAME), calls, how, chance)
        landed = code in _KILLED or ("error" in how and code)
        wrong = podman("start", NAME).returncode != 0 if landed else None
        podman.without()
        return wrong

    return f"{_told(attempt)} stuck"


def crashed_writes(podman: Podman, chance: random.Random) -> str:
    """R4: `create` was killed at a write of the database: how often are the others not listed any more?"""
    kept = {f"kept{number}" for number in range(3)}
    for name in sorted(kept):
        podman("create", "--name", name, "busybox", "true")

    def attempt() -> bool | None:
        killed = _injected(podman, _CREATE, "pwrite64,fdatasync", "signal=KILL", chance) in _KILLED
        wrong = not kept <= set(podman("ps", "--all", "--format", "{{.Names}}").stdout.split()) if killed else None
        podman.without()
        return wrong

    return f"{_told(attempt)} lose some"


def conmon_killed(podman: Podman, chance: random.Random) -> str:
    """R3: conmon is killed and the process ends: what does it say?"""
    del chance
    wrong = 0
    for _ in range(5):
        podman("run", "--detach", "--name", NAME, "busybox", "sh", "-c", "sleep 2; exit 7")
        _end(podman, NAME)
        pause(0.5)
        state = podman.facts()["State"]
        wrong += state["Running"] or (state["Status"] == "exited" and state["ExitCode"] == 0)
        podman.without()
    return f"{wrong} of 5 wrong"


def _end(podman: Podman, name: str) -> tuple[int, int]:
    """Conmon is killed first, so that nobody sees the process end; both pids."""
    conmon, process = podman.conmon_of(name), int(podman.facts(name)["State"]["Pid"])
    for pid in (conmon, process):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return conmon, process


def flips(podman: Podman, chance: random.Random) -> str:
    """R5: one bit of the database: are the containers still listed?"""
    for number in range(3):
        podman("create", "--name", f"c{number}", "busybox", "true")
    with open(podman.database, "rb") as file:
        good = file.read()
    lost = 0
    for bad in _spoilt(good, chance):
        with open(podman.database, "r+b") as file:
            file.write(bad)
        lost += len(podman("ps", "--all", "--quiet").stdout.split()) < 3
    with open(podman.database, "r+b") as file:
        file.write(good)
    return f"{lost} of 20 lose some"


def _spoilt(good: bytes, chance: random.Random) -> Iterator[bytes]:
    for _ in range(20):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        yield bytes(bad)


def reboots(podman: Podman, chance: random.Random) -> str:
    """R6: everything running is killed, what ends with a boot is wiped: what does it say then?"""
    del chance
    names = [f"c{number}" for number in range(3)]
    for name in names:
        podman("run", "--detach", "--name", name, "busybox", *SLEEPER)
        _end(podman, name)
    podman.forget_mounts()
    for folder in podman.ends_with_the_boot:
        shutil.rmtree(folder, ignore_errors=True)
    states = [podman.facts(name)["State"] for name in names]
    wrong = sum(state["Running"] or (state["Status"] != "exited" and not state["ExitCode"]) for state in states)
    return f"{wrong} of {len(names)} codes lost"


def reused_pids(podman: Podman, chance: random.Random) -> str:
    """R14: the container's pid comes again for a bystander: is that one signalled?"""
    signalled = given = hung = 0
    for _ in range(10):
        podman.sleeping()
        for orphan in (ended := _end(podman, NAME)):
            with suppress(ChildProcessError):
                os.waitpid(orphan, 0)
        bystander = at_pid(ended[1])
        call = chance.choice((("stop", "--time", "0"), ("kill",), ("rm", "--force", "--time", "0"), ("pause",)))
        hung += podman(*call, NAME).returncode == HUNG
        if bystander is not None:
            given += 1
            signalled += bystander.poll() is not None
            bystander.kill()
            bystander.wait()
        podman.without()
    return f"{signalled} of {given} signalled" + (f", {hung} hang" if hung else "")

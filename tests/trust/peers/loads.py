"""podman and R7 to R13, R17, R18: many at once, floods, stalled clients, a stuck mount, locks that are held."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress

from ..hazards import Fuse
from ..workers import pause
from .podman import HUNG, NAME, SLEEPER, Podman

_STORM = 20.0  # s
_CAP = 1 << 20  # bytes of log


def lifecycles(podman: Podman, chance: random.Random) -> str:
    """R7: create, start, wait, rm by four at once."""
    del chance
    began, wrong, running = time.monotonic(), 0, []
    for number in range(16):
        running.append(
            subprocess.Popen(
                podman.argv("run", "--rm", "busybox", "sh", "-c", f"exit {number}"), stderr=subprocess.DEVNULL
            )
        )
        if len(running) == 4:
            wrong += sum(each.wait() != number - 3 + place for place, each in enumerate(running))
            running.clear()
    return f"{wrong} of 16 wrong, {16 / (time.monotonic() - began):.1f}/s"


def storm(podman: Podman, chance: random.Random) -> str:
    """R8: anything to five names by four at once for a while; all are removed by force: does something stay?"""
    names = [f"storm{number}" for number in range(5)]
    until = time.monotonic() + _STORM
    codes: list[int] = []

    def work(own: random.Random) -> None:
        while time.monotonic() < until:
            name = own.choice(names)
            words = own.choice((
                ("run", "--detach", "--name", name, "busybox", *SLEEPER), ("start", name), ("stop", "-t", "0", name),
                ("kill", name), ("rm", "-f", "-t", "0", name), ("restart", "-t", "0", name), ("pause", name),
                ("unpause", name), ("exec", name, "true"), ("inspect", name), ("ps", "-a"),
            ))  # fmt: skip
            codes.append(podman(*words).returncode)

    threads = [threading.Thread(target=work, args=(random.Random(chance.random()),)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    podman("rm", "--all", "--force", "--time", "0")
    return f"{codes.count(HUNG)} of {len(codes)} hang, {len(podman.left())} left"


def crowd(podman: Podman, chance: random.Random) -> str:
    """R9: how long `ps -a` takes among a hundred (ten thousand would take it the better part of an hour)."""
    del chance
    for _ in range(100):
        podman("create", "busybox", "true")
    began = time.monotonic()
    podman("ps", "--all", "--quiet")
    return f"ps -a of 100: {time.monotonic() - began:.2f} s"


def integrity(podman: Podman, chance: random.Random) -> str:
    """R10: half a megabyte through an attached client."""
    del chance
    words = ("run", "--rm", "busybox", "head", "-c", "500000", "/dev/zero")
    return f"{sum(len(podman(*words).stdout) != 500_000 for _ in range(5))} of 5 cut"


def stalled(podman: Podman, chance: random.Random) -> str:
    """R11: a client that does not read, and a stop."""
    del chance
    podman("run", "--detach", "--name", NAME, "busybox", "yes")
    reader, writer = os.pipe()
    client = subprocess.Popen(podman.argv("attach", NAME), stdout=writer, stderr=writer, stdin=subprocess.DEVNULL)
    pause(2)
    began = time.monotonic()
    done = podman("stop", "--time", "1", NAME)
    took = time.monotonic() - began
    client.kill()
    client.wait()
    for fd in (reader, writer):
        os.close(fd)
    podman.without()
    return f"stop: {done.returncode}, {took:.0f} s"


def flood(podman: Podman, chance: random.Random) -> str:
    """R12: `yes` into a log with a cap, then a kill."""
    del chance
    path = f"{podman.folder}/log"
    podman(
        "run", "--detach", "--name", NAME, "--log-driver", "k8s-file", "--log-opt", f"path={path}", "--log-opt",
        f"max-size={_CAP}", "busybox", "yes",
    )  # fmt: skip
    largest, until = 0, time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(FileNotFoundError):
            largest = max(largest, os.stat(path).st_size)
        pause(0.05)
    began = time.monotonic()
    podman("kill", NAME)
    podman("wait", NAME)
    took = time.monotonic() - began
    podman.without()
    return f"{largest / _CAP:.1f} x the cap, kill {took:.1f} s"


def execs(podman: Podman, chance: random.Random) -> str:
    """R13: clients of exec that are killed: are their sessions left in inspect once all have ended?"""
    podman.sleeping()
    killed = 0
    for _ in range(12):
        client = subprocess.Popen(
            podman.argv("exec", NAME, "true"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            client.wait(chance.uniform(0.05, 1.0))
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
            killed += 1
    pause(2)
    left = podman.facts()["ExecIDs"] or ()
    podman.without()
    return f"{len(left)} of {killed} left"


def stuck(podman: Podman, chance: random.Random) -> str:
    """R17: a FUSE mount that does not answer, and `rm -f`."""
    del chance
    folder = f"{podman.folder}/stuck"
    os.mkdir(folder)
    fuse = Fuse(folder)
    try:
        podman.sleeping("--volume", f"{folder}:/stuck")
        fuse.stand_still()
        began = time.monotonic()
        done = podman("rm", "--force", "--time", "0", NAME)
        return f"rm -f: {done.returncode}, {time.monotonic() - began:.0f} s"
    finally:
        fuse.close()


def readers(podman: Podman, chance: random.Random) -> str:
    """R18: `ps`, `info`, `inspect` while a stop that holds its lock is itself stopped."""
    del chance
    podman.sleeping()
    holder = subprocess.Popen(podman.argv("stop", "--time", "60", NAME), stdout=subprocess.DEVNULL)
    pause(2)
    holder.send_signal(signal.SIGSTOP)
    hung = 0
    for words in (["ps", "--all"], ["info"], ["inspect", NAME]):
        try:
            subprocess.run(
                podman.argv(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=5, check=False
            )
        except subprocess.TimeoutExpired:
            hung += 1
    holder.kill()
    holder.wait()
    podman.without()
    return f"{hung} of 3 hang"

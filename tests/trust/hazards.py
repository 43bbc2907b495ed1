"""R10, R11, R12, R15, R17, R18: output, slow readers, floods, clocks, stuck mounts, locks that are held."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.kernel import mounts

from .workers import at_most, pause
from .world import NAME, Tally, World

LINE = b"0123456789abcdef0123456789abcdef\n"
SLEEPER = ["sleep", "1000"]


# --- R10 -------------------------------------------------------------------------------------------------------------


def integrity(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R10: 500 times 500,000 bytes and once 1 GiB through attach, exec and the log: every byte arrives."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(sample or 500):
        way = chance.choice(("attach", "exec", "log"))
        size = 500_000 + chance.randrange(1000)
        tally.kills += 1
        tally.points.add((way, str(size)))
        words = ["sh", "-c", f"yes {LINE.decode().strip()} | head -c {size}"]
        if (got := _through(world, way, words)) != _expected(size):
            tally.failures.append(f"{way}, {size} bytes: {len(got)} arrived, or others")
        yield tally
    size = (1 << 30) if sample is None else (16 << 20)
    ctr = world.engine.containers.create(
        "busybox", ["sh", "-c", f"yes {LINE.decode().strip()} | head -c {size}"], name=NAME, log_driver="none"
    )
    digest, count = hashlib.sha256(), 0
    with ctr.start_and_attach() as session:
        for _, piece in session:
            digest.update(piece)
            count += len(piece)
    ctr.remove(force=True)
    wanted, left = hashlib.sha256(), size
    block = LINE * 32768
    while left:
        wanted.update(block[: min(left, len(block))])
        left -= min(left, len(block))
    tally.kills += 1
    if digest.digest() != wanted.digest():
        tally.failures.append(f"{count} of {size} bytes arrived, or others")
    yield tally


def _expected(size: int) -> bytes:
    return (LINE * (size // len(LINE) + 1))[:size]


def _through(world: World, way: str, words: list[str]) -> bytes:
    if way == "exec":
        ctr = world.engine.containers.run("busybox", SLEEPER, name=NAME, stop_timeout=0)
        got = ctr.exec_run(words, timeout=60).stdout
    else:
        ctr = world.engine.containers.create("busybox", words, name=NAME)
        if way == "attach":
            with ctr.start_and_attach() as session:
                got = session.read_all(60).stdout
        else:
            ctr.start()
            ctr.wait(timeout=60)
            got = b"".join(line.payload for line in ctr.logs())
    ctr.remove(force=True)
    return got


# --- R11, R12 --------------------------------------------------------------------------------------------------------


def stalled(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R11: clients that attach and never read: the container goes on writing, and stop works in its time."""
    tally = Tally()
    for clients in (1, sample or 100):
        ctr = world.engine.containers.create("busybox", ["yes"], name=NAME, stop_timeout=1)
        ctr.start()
        with ExitStack() as attached:
            for _ in range(clients):
                attached.enter_context(ctr.attach())
                tally.kills += 1
            if not _writes_on(ctr, sample) or not _writes_on(ctr, sample):
                tally.failures.append(f"{clients} clients that do not read: the container stands still")
            began = time.monotonic()
            try:
                ctr.stop()
            except SeaboxError as problem:
                tally.failures.append(f"{clients} clients that do not read: stop: {problem}")
            if (took := time.monotonic() - began) > at_most(5, sample):
                tally.failures.append(f"{clients} clients that do not read: stop took {took:.1f} s")
        ctr.remove(force=True)
        yield tally
    del seed


def _writes_on(ctr: Container, sample: int | None) -> bool:
    """Whether the container has written more a second later, or as soon as a busy machine lets it."""
    before, deadline = _written(ctr), time.monotonic() + at_most(1, sample)
    pause(1)
    while (now := _written(ctr)) <= before and time.monotonic() < deadline:
        pause(0.1)
    return now > before


def _written(ctr: Container) -> int:
    """Bytes that the processes of the container have written."""
    found = 0
    state = ctr.snapshot().state
    if state.process is not None:
        with suppress(OSError), open(f"/proc/{state.process.pid}/io") as file:
            found = int(file.read().split("wchar:")[1].split()[0])
    return found


def flood(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R12: 60 s of `yes` stay within twice the cap and a MiB; kill takes less than a second, others start."""
    tally, cap = Tally(), 1 << 20
    ctr = world.engine.containers.run("busybox", ["yes"], name=NAME, log_options={"max-size": str(cap)}, stop_timeout=0)
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    largest, until = 0, time.monotonic() + (sample or 60)
    while time.monotonic() < until:
        size = 0
        for each in (path, f"{path}.1"):
            with suppress(FileNotFoundError):
                size += os.stat(each).st_size
        largest = max(largest, size)
        tally.kills += 1
        pause(0.05)
    if largest > 2 * cap + (1 << 20) or largest < cap // 2:
        tally.failures.append(f"the log had {largest} bytes, with a cap of {cap}")
    began = time.monotonic()
    world.engine.containers.run("busybox", ["true"], name="other").wait(timeout=30)
    if (took := time.monotonic() - began) > 5:
        tally.failures.append(f"another container took {took:.1f} s")
    began = time.monotonic()
    ctr.kill()
    ctr.wait(timeout=30)
    if (took := time.monotonic() - began) > 2:
        tally.failures.append(f"kill took {took:.1f} s")
    del seed
    yield tally


# --- R15 -------------------------------------------------------------------------------------------------------------


def clocks(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R15: the wall clock jumps by up to ten years at any time: nothing hangs, and no duration is beyond sense."""
    chance, tally = random.Random(seed), Tally()
    real, shift = (time.time_ns, time.time), [0]
    years = 10 * 365 * 86_400 * 10**9
    time.time_ns = lambda: real[0]() + shift[0]
    time.time = lambda: real[1]() + shift[0] / 1e9

    def jump() -> None:
        shift[0] = chance.randrange(-years, years)

    try:
        for _ in range(sample or 60):
            tally.kills += 1
            began = time.monotonic()
            ctr = world.engine.containers.create(
                "busybox", ["sh", "-c", "trap '' TERM; while :; do sleep 1 & wait; done"], name=NAME, stop_timeout=1,
                restart=chance.choice(("no", "on-failure:2")),
            )  # fmt: skip
            jump()
            ctr.start()
            timer = threading.Timer(0.3, jump)
            timer.start()
            ctr.stop()
            code = ctr.wait(timeout=at_most(5, sample))
            timer.join()
            jump()
            shown = ctr.inspect()["State"]
            ps = subprocess.run([*world.command_line(), "ps", "-a"], capture_output=True, text=True, check=True).stdout
            if code != 137 or ctr.status != "exited" or "-" in ps.splitlines()[1].partition("busybox")[2][60:80]:
                tally.failures.append(f"code {code}, {shown['Status']}, {ps}")
            if (took := time.monotonic() - began) > at_most(15, sample):
                tally.failures.append(f"start and stop took {took:.1f} s")
            ctr.remove(force=True)
            yield tally
    finally:
        time.time_ns, time.time = real


# --- R17 -------------------------------------------------------------------------------------------------------------


def stuck(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R17: a FUSE file system that does not answer, a process that stands in the root: rm -f in less than 5 s.

    A process that waits inside such a file system cannot be killed by anybody: then rm -f fails in words, and succeeds
    once the file system is gone.
    """
    tally = Tally()
    for turn in range(sample or 21):
        way = ("beside", "standing", "inside")[turn % 3]
        tally.kills += 1
        with ExitStack() as undo:
            folder = f"{world.rooms.config.runroot}/stuck{turn}"
            os.makedirs(folder)
            undo.callback(os.rmdir, folder)
            fuse = Fuse(folder)
            undo.callback(fuse.close)
            ctr = world.engine.containers.run(
                "busybox", SLEEPER, name=NAME, stop_timeout=0, volumes=[f"{folder}:/stuck"]
            )
            fuse.stand_still()
            if way == "inside":
                ctr.exec_detached(["ls", "/stuck/x"])
                fuse.asked.wait(60)
            elif way == "standing":
                init = ctr.snapshot().state.process
                assert init is not None
                stander = subprocess.Popen(["sleep", "1000"], cwd=f"/proc/{init.pid}/root")
                undo.callback(stander.wait)
                undo.callback(stander.kill)
            began = time.monotonic()
            try:
                ctr.remove(force=True)
                if way == "inside":
                    tally.failures.append("a process that cannot be killed was said to be gone")
            except SeaboxError as problem:
                if way != "inside":
                    tally.failures.append(f"{way}: rm -f: {problem}")
            if (took := time.monotonic() - began) > at_most(5 if way != "inside" else 30, sample):
                tally.failures.append(f"{way}: rm -f took {took:.1f} s")
        world.clear()
        world.settle(ctr.id)
        if left := world.leftovers():
            tally.failures.append(f"{way}: left over: {left}")
        yield tally
    del seed


class Fuse:
    """A file system in `folder` that answers until it is told to stand still."""

    def __init__(self, folder: str) -> None:
        self._folder, self._still, self.asked = folder, False, threading.Event()
        self._fd = os.open("/dev/fuse", os.O_RDWR)
        mounts.mount("stuck", folder, "fuse", data=f"fd={self._fd},rootmode=40000,user_id=0,group_id=0,allow_other")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stand_still(self) -> None:
        self._still = True

    def close(self) -> None:
        subprocess.run(["umount", "-f", "-l", self._folder], check=True)  # by force: whoever waits in it is let go
        os.close(self._fd)

    def _serve(self) -> None:
        attributes = struct.pack("<QII", 0, 0, 0)  # not to be kept
        attributes += struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
        while True:
            try:
                request = os.read(self._fd, 1 << 17)
            except OSError:
                return
            if self._still:
                self.asked.set()
                continue
            _, opcode, unique, _, _, _, _, _ = struct.unpack_from("<IIQQIIII", request)
            answer, error = b"", 0
            if opcode == 26:  # INIT
                answer = struct.pack("<IIIIHHIIHHIIHH6I", 7, 31, 0, 0, 0, 0, 4096, 0, 0, 0, 0, 0, 0, 0, *(0,) * 6)[:64]
            elif opcode == 3:  # GETATTR
                answer = attributes
            elif opcode == 17:  # STATFS
                answer = bytes(80)
            elif opcode in (27, 34):  # OPENDIR, ACCESS
                answer = bytes(16) if opcode == 27 else b""
            elif opcode in (2, 36):  # FORGET, INTERRUPT
                continue
            else:
                error = -2
            with suppress(OSError):
                os.write(self._fd, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)


# --- R18 -------------------------------------------------------------------------------------------------------------


def readers(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R18: every container's lock is held by a process that is stopped: ps, info, inspect answer within a second."""
    tally, holders = Tally(), []
    ids = [world.engine.containers.create("busybox", SLEEPER, name=f"held{n}").id for n in range(sample or 16)]
    for id in ids:
        child = os.fork()
        if child == 0:
            with Container(world.rooms, id).locked():
                os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(0)
        holders.append(child)
        os.waitpid(child, os.WUNTRACED)
    try:
        for words in (["ps", "-a"], ["info"], *(["inspect", id] for id in ids)):
            began = time.monotonic()
            done = subprocess.run([*world.command_line(), *words], capture_output=True, timeout=300, check=False)
            took = time.monotonic() - began
            tally.kills += 1
            if done.returncode or took > at_most(1, sample):
                again = time.monotonic()  # this machine may have been busy
                done = subprocess.run([*world.command_line(), *words], capture_output=True, timeout=300, check=False)
                took = time.monotonic() - again
                if done.returncode or took > at_most(1, sample):
                    tally.failures.append(f"{words[0]} took {took:.1f} s: {done.returncode} {done.stderr!r}")
            yield tally
    finally:
        for child in holders:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    world.clear()
    del seed
    yield tally

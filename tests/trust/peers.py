"""podman, where it is installed: the same questions in the same run, on directories of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from seabox.kernel import mounts

from . import profile
from .kills import World
from .workers import pause

# as root without CAP_SYS_RESOURCE its own defaults are beyond what may be set
LIMITS = ("--network", "none", "--ulimit", "nofile=20000:20000", "--ulimit", "nproc=10000:10000")
SLEEPER = ("sleep", "1000")
NOT_INSTALLED = "not installed"


class Podman:
    """A podman with one image, on directories that go when it is closed."""

    def __init__(self, folder: str, runtime: str, world: World) -> None:
        self._folder = folder
        self._where = [
            "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp",
            "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "overlay",
            "--runtime", runtime,
        ]  # fmt: skip
        (layer,) = world.engine.images.find("busybox").layers
        tar = f"{folder}/rootfs.tar"
        subprocess.run(["tar", "-C", world.engine.images.layer_dir(layer), "-cf", tar, "."], check=True)
        self("import", tar, "busybox")

    def argv(self, *words: str) -> list[str]:
        """The command line; `run` and `create` get the flags they need here."""
        limits = LIMITS if words[0] in ("run", "create") else ()
        return [*self._where, words[0], *limits, *words[1:]]

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command has ended, or was given up after a minute."""
        try:
            return subprocess.run(
                self.argv(*words), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 124, "", "it hung for a minute")

    @property
    def ends_with_the_boot(self) -> list[str]:
        """The directories that a reboot empties."""
        return [f"{self._folder}/run", f"{self._folder}/tmp"]

    @property
    def database(self) -> str:
        """The file of its records, of either kind."""
        kinds = (f"{self._folder}/root/libpod/bolt_state.db", f"{self._folder}/root/db.sql")
        return next(path for path in kinds if os.path.exists(path))

    def forget_mounts(self) -> None:
        """Nothing is mounted below its directories."""
        for target in reversed(mounts.mounts_under(self._folder)):
            mounts.umount(target, detach=True)

    def close(self) -> None:
        self("rm", "--all", "--force", "--time", "0")
        self.forget_mounts()


def kills(podman: Podman, chance: random.Random) -> str:
    """start, killed by strace; then start again must work."""
    stuck = tries = landed = 0
    while landed < 12 and tries < 40:
        tries += 1
        podman("create", "--name", "victim", "busybox", *SLEEPER)
        call = chance.choice(("fdatasync", "pwrite64", "unlinkat", "clone,clone3,vfork"))
        words = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                 f"inject={call}:signal=KILL:when={chance.randint(1, 8)}", *podman.argv("start", "victim")]  # fmt: skip
        out = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        done = subprocess.run(["timeout", "20", *words], **out, check=False)  # pipes would be held by its conmon
        if done.returncode in (-9, 137):
            landed += 1
            stuck += podman("start", "victim").returncode != 0
        podman("rm", "--force", "--time", "0", "victim")
    return f"{stuck} of {landed} stuck"


def conmon_killed(podman: Podman, chance: random.Random) -> str:
    """conmon is killed and the process ends: what does it say?"""
    del chance
    wrong = 0
    for _ in range(5):
        podman("run", "--detach", "--name", "victim", "busybox", "sh", "-c", "sleep 2; exit 7")
        facts = json.loads(podman("inspect", "victim").stdout)[0]
        with open(facts["ConmonPidFile"]) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(facts["State"]["Pid"], signal.SIGKILL)
        pause(0.5)
        state = json.loads(podman("inspect", "victim").stdout)[0]["State"]
        wrong += state["Running"] or (state["Status"] == "exited" and state["ExitCode"] == 0)
        podman("rm", "--force", "--time", "0", "victim")
    return f"{wrong} of 5 wrong"


def lifecycles(podman: Podman, chance: random.Random) -> str:
    """create, start, wait, rm by four at once."""
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


def stalled(podman: Podman, chance: random.Random) -> str:
    """A client that does not read, and a stop."""
    del chance
    podman("run", "--detach", "--name", "victim", "busybox", "yes")
    reader, writer = os.pipe()
    client = subprocess.Popen(podman.argv("attach", "victim"), stdout=writer, stderr=writer, stdin=subprocess.DEVNULL)
    pause(2)
    began = time.monotonic()
    done = podman("stop", "--time", "1", "victim")
    took = time.monotonic() - began
    client.kill()
    client.wait()
    for fd in (reader, writer):
        os.close(fd)
    podman("rm", "--force", "--time", "0", "victim")
    return f"stop: {done.returncode}, {took:.0f} s"


def probed(podman: Podman, chance: random.Random) -> str:
    """How many of the doors that are closed here are open there."""
    del chance
    with tempfile.TemporaryDirectory(prefix="seabox-probe-") as folder:
        shown = podman("run", "--rm", "--volume", f"{profile.probe(folder)}:/probe:ro", "busybox", "/probe").stdout
    found = profile.answers(shown)
    opened = [name for name in profile.CLOSED if found.get(name) not in profile.REFUSED]
    return f"{len(opened)} of {len(profile.CLOSED)} open" if found else "not measured"


def flips(podman: Podman, chance: random.Random) -> str:
    """One bit of the database: are the containers still listed?"""
    for number in range(3):
        podman("create", "--name", f"c{number}", "busybox", "true")
    with open(podman.database, "rb") as file:
        good = file.read()
    lost = 0
    for _ in range(20):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        with open(podman.database, "r+b") as file:
            file.write(bad)
        lost += len(podman("ps", "--all", "--quiet").stdout.split()) < 3
    with open(podman.database, "r+b") as file:
        file.write(good)
    return f"{lost} of 20 lose some"


def reboots(podman: Podman, chance: random.Random) -> str:
    """Everything running is killed, what ends with a boot is wiped: what does it say then?"""
    del chance
    names = [f"c{number}" for number in range(3)]
    for name in names:
        podman("run", "--detach", "--name", name, "busybox", *SLEEPER)
        facts = json.loads(podman("inspect", name).stdout)[0]
        with open(facts["ConmonPidFile"]) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        os.kill(facts["State"]["Pid"], signal.SIGKILL)
    podman.forget_mounts()
    for folder in podman.ends_with_the_boot:
        shutil.rmtree(folder, ignore_errors=True)
    states = [json.loads(podman("inspect", name).stdout)[0]["State"] for name in names]
    wrong = sum(state["Running"] or (state["Status"] != "exited" and not state["ExitCode"]) for state in states)
    return f"{wrong} of {len(names)} codes lost"


def integrity(podman: Podman, chance: random.Random) -> str:
    """Half a megabyte through an attached client."""
    del chance
    words = ("run", "--rm", "busybox", "head", "-c", "500000", "/dev/zero")
    return f"{sum(len(podman(*words).stdout) != 500_000 for _ in range(5))} of 5 cut"


def execs(podman: Podman, chance: random.Random) -> str:
    """Clients of exec that are killed: are their sessions left in inspect once all have ended?"""
    podman("run", "--detach", "--name", "victim", "busybox", *SLEEPER)
    killed = 0
    for _ in range(12):
        client = subprocess.Popen(
            podman.argv("exec", "victim", "true"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            client.wait(chance.uniform(0.05, 1.0))
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
            killed += 1
    pause(2)
    left = json.loads(podman("inspect", "victim").stdout)[0]["ExecIDs"] or ()
    podman("rm", "--force", "--time", "0", "victim")
    return f"{len(left)} of {killed} left"


def readers(podman: Podman, chance: random.Random) -> str:
    """`ps`, `info`, `inspect` while a stop that holds its lock is itself stopped."""
    del chance
    podman("run", "--detach", "--name", "victim", "busybox", *SLEEPER)
    holder = subprocess.Popen(podman.argv("stop", "--time", "60", "victim"), stdout=subprocess.DEVNULL)
    pause(2)
    holder.send_signal(signal.SIGSTOP)
    hung = 0
    for words in (["ps", "--all"], ["info"], ["inspect", "victim"]):
        try:
            subprocess.run(
                podman.argv(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=5, check=False
            )
        except subprocess.TimeoutExpired:
            hung += 1
    holder.kill()
    holder.wait()
    podman("rm", "--force", "--time", "0", "victim")
    return f"{hung} of 3 hang"


def links(podman: Podman, chance: random.Random) -> str:
    """`volume import` of a link to a directory of the host, and a file behind it."""
    del chance
    with tempfile.TemporaryDirectory(prefix="seabox-canary-") as folder:
        link, behind = tarfile.TarInfo("x"), tarfile.TarInfo("x/pwned")
        link.type, link.linkname = tarfile.SYMTYPE, folder
        archive = f"{folder}.tar"
        with tarfile.open(archive, "w") as tar:
            tar.addfile(link)
            tar.addfile(behind)
        try:
            podman("volume", "create", "data")
            podman("volume", "import", "data", archive)
        finally:
            os.remove(archive)
        return "import leaves root" if os.listdir(folder) else "import stays inside"


ROWS: dict[str, Callable[[Podman, random.Random], str]] = {
    "R1s": kills, "R3": conmon_killed, "R5": flips, "R6": reboots, "R7": lifecycles, "R10": integrity, "R11": stalled,
    "R13": execs, "R18": readers, "S1": links, "S2": probed,
}  # fmt: skip


def measure(row: str, runtime: str, world: World, seed: int) -> str:
    """What podman does in this row; in words, whatever happens."""
    if not shutil.which("podman"):
        return NOT_INSTALLED
    if row not in ROWS:
        return "not measured"
    with tempfile.TemporaryDirectory(prefix="podman-trust-", dir="/var/lib", ignore_cleanup_errors=True) as folder:
        try:
            podman = Podman(folder, runtime, world)
            try:
                return ROWS[row](podman, random.Random(seed))
            finally:
                podman.close()
        except Exception as problem:
            return f"not measured: {type(problem).__name__}"

"""podman on directories of its own, and what it leaves there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from seabox.kernel import mounts, process
from seabox.network import netns

from ..workers import pause
from ..world import World

# as root without CAP_SYS_RESOURCE its own defaults are beyond what may be set
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=10000:10000")
SLEEPER = ("sleep", "1000")
NAME = "victim"
HUNG = 124
_ON_THEIR_WAY_OUT = 5.0  # s


class Podman:
    """A podman with one image, on directories that go when it is closed."""

    def __init__(self, folder: str, runtime: str, world: World) -> None:
        self.folder = folder
        self._where = [
            "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp",
            "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "overlay",
            "--network-config-dir", f"{folder}/networks", "--runtime", runtime,
        ]  # fmt: skip
        if not world.engine.images.exists("busybox"):  # requests of anybody may have removed it
            world.engine.images.embed("busybox")
        (layer,) = world.engine.images.find("busybox").layers
        tar = f"{folder}/rootfs.tar"
        subprocess.run(["tar", "-C", world.engine.images.layer_dir(layer), "-cf", tar, "."], check=True)
        self("import", tar, "busybox")
        self._left = set(self._traces())  # what was told of, or there from the beginning

    def argv(self, *words: str) -> list[str]:
        """The command line; `run` and `create` get the flags they need here, and no network unless they name one."""
        flags: Sequence[str] = ()
        if words[0] in ("run", "create"):
            needless = any(word in ("--network", "--pod") for word in words)
            flags = LIMITS if needless else (*LIMITS, "--network", "none")
        return [*self._where, words[0], *flags, *words[1:]]

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command has ended, or was given up after a minute."""
        try:
            return subprocess.run(
                self.argv(*words), capture_output=True, text=True, errors="replace", timeout=60,
                stdin=subprocess.DEVNULL, check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, HUNG, "", "it hung for a minute")

    @property
    def ends_with_the_boot(self) -> list[str]:
        """The directories that a reboot empties."""
        return [f"{self.folder}/run", f"{self.folder}/tmp"]

    @property
    def database(self) -> str:
        """The file of its records, of either kind."""
        kinds = (f"{self.folder}/root/libpod/bolt_state.db", f"{self.folder}/root/db.sql")
        return next(path for path in kinds if os.path.exists(path))

    def facts(self, name: str = NAME) -> dict[str, Any]:
        """What `inspect` says of a container."""
        found: dict[str, Any] = json.loads(self("inspect", name).stdout)[0]
        return found

    def conmon_of(self, name: str = NAME) -> int:
        """The pid of a container's conmon."""
        with open(self.facts(name)["ConmonPidFile"]) as file:
            return int(file.read())

    def sleeping(self, *flags: str) -> None:
        """A container that sleeps is there, and runs."""
        self("run", "--detach", "--name", NAME, *flags, "busybox", *SLEEPER)

    def without(self) -> None:
        """The container is not there."""
        self("rm", "--force", "--ignore", "--time", "0", NAME)

    def left(self) -> list[str]:
        """What is newly there of containers although none should be, once what is on its way out has had its time."""
        deadline = time.monotonic() + _ON_THEIR_WAY_OUT
        while (found := [each for each in self._traces() if each not in self._left]) and time.monotonic() < deadline:
            pause(0.1)
        self._left.update(found)
        return found

    def _traces(self) -> list[str]:
        found = [*mounts.mounts_under(self.folder), *(f"conmon {pid}" for pid in self._conmons())]
        return found + [f"{netns.FOLDER}/{name}" for name in os.listdir(netns.FOLDER) if name.startswith("netns-")]

    def _conmons(self) -> list[int]:
        found = []
        for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))):
            argv = process.arguments(pid)
            if argv and os.path.basename(argv[0]) == "conmon" and self.folder in " ".join(argv):
                found.append(pid)
        return found

    def forget_mounts(self) -> None:
        """Nothing is mounted below its directories."""
        for target in reversed(mounts.mounts_under(self.folder)):
            mounts.umount(target, detach=True)

    def close(self) -> None:
        """Nothing of it is left."""
        self("rm", "--all", "--force", "--time", "0")
        for conmon in self._conmons():
            with suppress(OSError):
                children = Path(f"/proc/{conmon}/task/{conmon}/children").read_text().split()
                for pid in (conmon, *map(int, children)):
                    os.kill(pid, signal.SIGKILL)
        self.forget_mounts()

"""What the rows are measured on: private stores of each engine, an image in each, and the ways to call them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from floor import Floor
from measure import environment, program

import seabox
from seabox.kernel.mounts import mounts_under, umount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure import Ended

IMAGE = "busybox"
# As root without CAP_SYS_RESOURCE podman's own defaults are beyond what may be set.
_PODMAN_LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=10000:10000")


def _unmount_below(path: str) -> None:
    for target in reversed(mounts_under(path)):
        umount(target, detach=True)


def _no_network(words: Sequence[str]) -> list[str]:
    return [] if "--network" in words else ["--network", "none"]


class Place:
    """Directories that go when it is closed, with everything in them."""

    def __init__(self, runtime: str, *, quick: bool) -> None:
        self.runtime, self.quick = runtime, quick
        self._undo = ExitStack()
        self.durable = Path(tempfile.mkdtemp(prefix="seabox-bench.", dir="/var/lib"))
        self._undo.callback(shutil.rmtree, self.durable, ignore_errors=True)  # a supervisor may be closing its store
        self._undo.callback(_unmount_below, str(self.durable))  # podman leaves its store mounted on itself
        self.volatile = Path(tempfile.mkdtemp(prefix="seabox-bench.", dir="/run"))
        self._undo.callback(shutil.rmtree, self.volatile, ignore_errors=True)
        self.launcher = f"{sys.prefix}/bin/seabox"
        self._floors = 0
        self.engine = self.new_engine("main")
        self.image = self.engine.images.embed(IMAGE)
        self.containers = 0

    def close(self) -> None:
        """Nothing is left."""
        self._undo.close()

    def scale(self, full: int, quick: int) -> int:
        """A number of things, fewer with --quick."""
        return quick if self.quick else full

    def new_engine(self, name: str) -> seabox.Engine:
        """A library engine over a store of its own, in which nothing but "main" may run."""
        engine = self._undo.enter_context(seabox.Engine(**self.settings(name)))
        if name == "main":
            self._undo.callback(self._remove_all, engine)
        return engine

    def has_store(self, name: str) -> bool:
        """Whether an engine has been made over this store."""
        return (self.durable / name).exists()

    @staticmethod
    def _remove_all(engine: seabox.Engine) -> None:
        for seen in engine.containers.list():
            engine.containers.get(seen.facts.id).remove(force=True, timeout=0)

    def settings(self, name: str = "main") -> dict[str, str]:
        """What an engine over this store is opened with."""
        return {"root": f"{self.durable}/{name}", "runroot": f"{self.volatile}/{name}", "runtime": self.runtime,
                "network": "none"}  # fmt: skip

    def seabox(self, *words: str, store: str = "main") -> list[str]:
        """Our command line."""
        where = self.settings(store)
        roots = ["--root", where["root"], "--runroot", where["runroot"]]
        return [self.launcher, *roots, "--runtime", where["runtime"], *words]

    def cli(self, *words: str) -> Ended:
        """Our command has run."""
        return program(self.seabox(*words))

    @cached_property
    def rootfs(self) -> str:
        """The image, as one directory."""
        (layer,) = self.engine.images.get(IMAGE).layers
        return f"{self.engine.config.root}/layers/{layer}/diff"

    @cached_property
    def floor(self) -> Floor:
        """The bare runtime and conmon, over a directory of their own."""
        programs = [shutil.which(name, path=environment()["PATH"]) for name in (self.runtime, "conmon")]
        assert programs[0]
        assert programs[1]
        floor = Floor(self.rootfs, f"{self.volatile}/floor", programs[0], programs[1], ["/bin/true"])
        self._undo.callback(floor.close)
        return floor

    def run_floor(self) -> None:
        """One run on the floor."""
        self._floors += 1
        self.floor.run(f"floor-{os.getpid()}-{self._floors}")

    @cached_property
    def podman(self) -> str:
        """Where podman is, with the image in its store; "" if it is not installed."""
        found = shutil.which("podman", path=environment()["PATH"])
        if not found:
            return ""
        self.podman = found
        tar = f"{self.volatile}/rootfs.tar"
        subprocess.run(["tar", "-C", self.rootfs, "-cf", tar, "."], check=True)
        subprocess.run(self.podman_argv("import", tar, IMAGE), check=True, capture_output=True, env=environment())
        os.unlink(tar)
        self._undo.callback(program, self.podman_argv("rm", "--all", "--force", "--time", "0"))
        return found

    def podman_argv(self, *words: str) -> list[str]:
        """podman's command line; `run` and `create` get the flags they need here."""
        verb, *rest = words
        where = ["--root", f"{self.durable}/podman", "--runroot", f"{self.volatile}/podman"]
        how = ["--tmpdir", f"{self.volatile}/podman-tmp", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]
        how += ["--storage-driver", "overlay", "--runtime", self.runtime]
        limits = [*_PODMAN_LIMITS, *_no_network(rest)] if verb in ("run", "create") else []
        return [self.podman, *where, *how, verb, *limits, *rest]

    @cached_property
    def docker(self) -> str:
        """Where a docker is whose daemon answers, with the image; "" if there is none."""
        found = shutil.which("docker", path=environment()["PATH"])
        if not found or self.runtime != "runc":
            return ""
        try:
            subprocess.run([found, "version"], check=True, capture_output=True, timeout=20)
        except (subprocess.SubprocessError, OSError):
            return ""
        tar = subprocess.run(["tar", "-C", self.rootfs, "-c", "."], check=True, capture_output=True).stdout
        subprocess.run([found, "import", "-", f"seabox-bench-{IMAGE}"], input=tar, check=True, capture_output=True)
        self._undo.callback(program, [found, "rmi", "--force", f"seabox-bench-{IMAGE}"])
        return found

    def docker_argv(self, *words: str) -> list[str]:
        """docker's command line."""
        verb, *rest = [f"seabox-bench-{word}" if word == IMAGE else word for word in words]
        return [self.docker, verb, *(_no_network(rest) if verb in ("run", "create") else []), *rest]

    def each(self, *words: str, podman: bool = True) -> dict[str, list[str]]:
        """The same command on every command line there is, ours as "CLI"."""
        found = {"CLI": self.seabox(*words)}
        if podman and self.podman:
            found["podman"] = self.podman_argv(*words)
        if podman and self.docker:
            found["docker"] = self.docker_argv(*words)
        return found

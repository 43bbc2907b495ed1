"""The floor: what conmon and an OCI runtime cost by themselves, with nothing of an engine around them.

    bench/floor.py ROOTFS [--runtime PATH] [--conmon PATH] [--directory PATH] [--runs N]

One run is: an overlay mounted, conmon (which runs `runtime create`), `runtime start`, the container's end, `runtime
delete`, the mount gone. The configuration is the runtime's own (`runtime spec`) without a terminal. It imports
nothing of the package, and a test fails if it does more than this. Prints the median of each part.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ("mount", "create", "start", "end", "delete", "unmount")
_libc = ctypes.CDLL(None, use_errno=True)
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_CHANGES = 0x8 | 0x80  # inotify: closed after writing, moved here


class Floor:
    """A directory with one bundle, in which one container after the other runs."""

    def __init__(self, rootfs: str, directory: str, runtime: str, conmon: str, command: list[str]) -> None:
        self.rootfs, self.directory, self.runtime, self.conmon = rootfs, Path(directory), runtime, conmon
        for name in ("merged", "upper", "work", "state"):
            (self.directory / name).mkdir(parents=True)
        subprocess.run([runtime, "spec", "--bundle", directory], check=True, env=_ENVIRONMENT)
        config = self.directory / "config.json"
        spec = json.loads(config.read_text())
        spec["process"] |= {"terminal": False, "args": command}
        spec["root"] = {"path": f"{directory}/merged"}
        config.write_text(json.dumps(spec))
        self.inotify = _libc.inotify_init1(os.O_CLOEXEC)
        _libc.inotify_add_watch(self.inotify, os.fsencode(directory), _CHANGES)

    def run(self, id: str) -> dict[str, float]:
        """A container has run and is gone; the seconds that each part took."""
        steps: dict[str, Callable[[], None]] = {
            "mount": self._mount,
            "create": partial(self._create, id),
            "start": partial(self._call, "start", id),
            "end": partial(self._await_end, id),
            "delete": partial(self._call, "delete", id),
            "unmount": self._unmount,
        }
        took = {}
        for part in PARTS:
            begin = time.perf_counter()
            steps[part]()
            took[part] = time.perf_counter() - begin
        (self.directory / id).unlink()
        return took

    def close(self) -> None:
        """The directory is gone."""
        os.close(self.inotify)
        _libc.umount2(bytes(self.directory / "merged"), 2)  # detached, if a run failed half-way
        shutil.rmtree(self.directory)

    def _mount(self) -> None:
        where = self.directory
        data = f"lowerdir={self.rootfs},upperdir={where}/upper,workdir={where}/work"
        self._check(_libc.mount(b"overlay", bytes(where / "merged"), b"overlay", 0, data.encode()), "mount")

    def _unmount(self) -> None:
        self._check(_libc.umount2(bytes(self.directory / "merged"), 0), "umount")

    def _create(self, id: str) -> None:
        answer, theirs = os.pipe()
        argv = [
            self.conmon, "--api-version", "1", "--cid", id, "--cuuid", id, "--name", id, "--runtime", self.runtime,
            f"--runtime-arg=--root={self.directory}/state", "--bundle", str(self.directory),
            "--full-attach", "--exit-dir", str(self.directory), "--log-path", f"k8s-file:{self.directory}/log",
            "--container-pidfile", f"{self.directory}/pid", "--conmon-pidfile", f"{self.directory}/conmon",
        ]  # fmt: skip
        child = os.posix_spawn(
            self.conmon, argv, {**_ENVIRONMENT, "_OCI_SYNCPIPE": "3"},
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(2)),
                (os.POSIX_SPAWN_DUP2, theirs, 3),
            ],
        )  # fmt: skip
        os.close(theirs)
        said = os.read(answer, 4096)
        os.close(answer)
        os.waitpid(child, 0)
        if json.loads(said)["data"] <= 0:
            raise SystemExit(f"the floor's container was not created: {said.decode()}")

    def _call(self, verb: str, id: str) -> None:
        argv = [self.runtime, f"--root={self.directory}/state", verb, id]
        if status := os.waitpid(os.posix_spawn(self.runtime, argv, _ENVIRONMENT), 0)[1]:
            raise SystemExit(f"{' '.join(argv)}: ended with {os.waitstatus_to_exitcode(status)}")

    def _await_end(self, id: str) -> None:
        poller = select.poll()
        poller.register(self.inotify, select.POLLIN)
        while not (self.directory / id).exists():
            if not poller.poll(10_000):
                raise SystemExit("the floor's container did not end")
            os.read(self.inotify, 1 << 16)

    @staticmethod
    def _check(result: int, call: str) -> None:
        if result:
            raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rootfs", help="directory with a root file system")
    parser.add_argument("--runtime", default=shutil.which("crun") or shutil.which("runc"))
    parser.add_argument("--conmon", default=shutil.which("conmon"))
    parser.add_argument("--directory", default=f"/run/floor.{os.getpid()}", help="made, and removed again")
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    floor = Floor(given.rootfs, given.directory, given.runtime, given.conmon, ["/bin/true"])
    try:
        runs = [floor.run(f"floor-{os.getpid()}-{number}") for number in range(given.runs)]
    finally:
        floor.close()
    for part in PARTS:
        print(f"{part:8} {statistics.median(run[part] for run in runs) * 1000:8.1f} ms")
    print(f"{'all':8} {statistics.median(sum(run.values()) for run in runs) * 1000:8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())

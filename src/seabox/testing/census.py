"""What an engine has left on the machine: everything that a test must give back before it ends.

Counted is what bears the engine's marks: its two directories, its cgroup parent, this process's own descriptors and
children. What a store keeps on purpose (database, layers, blobs, the empty directories it made) is not.
"""

from __future__ import annotations

import os
import select
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from ..kernel import cgroups, mounts, watch
from ..kernel.process import pidfd_of

_RUNTIMES = frozenset({"crun", "runc", "youki", "krun", "runsc"})
_STORED = ("overlay", "vfs", "containers", "secrets", "trash", "volumes")  # of the root: an entry per object
_LAYERS = "layers"
_NETNS = "/run/netns"
_NETNS_PREFIX = "seabox-"
_SETTLED = 3.0  # s after which what nobody seems to work on is left
_OF_THE_KERNEL = 0x200000  # PF_KTHREAD


class Census:
    """Everything that was there at one moment, by kind; `left_since` compares with now."""

    def __init__(self, root: str, runroot: str, cgroup_parent: str) -> None:
        self.root, self.runroot, self.cgroup_parent = os.path.realpath(root), os.path.realpath(runroot), cgroup_parent
        self.things: Counter[tuple[str, str]] = Counter()
        self.running: dict[tuple[str, str], int] = {}  # pids
        self.nameless: set[int] = set()  # processes in the middle of an exec or an exit, which show no marks
        while watch.closing():
            select.poll().poll(1)
        self._count("fd", _descriptors())
        self._count("mount", (target for top in {self.root, self.runroot} for target in mounts.mounts_under(top)))
        self._count("cgroup", _cgroups(cgroup_parent))
        for process in _processes({self.root, self.runroot, root, runroot}, cgroup_parent, self.nameless):
            self._count("process", iter([process.text]))
            if not process.zombie:
                self.running["process", process.text] = process.pid
        self._count("network namespace", _network_namespaces())
        for kind, path in _run_files(self.runroot):
            self.things[kind, path] += 1
        self._count("storage", (path for name in _STORED for path in _entries(f"{self.root}/{name}")))
        self._count("temporary file", (path for top in {self.root, self.runroot} for path in _temporary(top)))

    def _count(self, kind: str, things: Iterator[str]) -> None:
        self.things.update((kind, thing) for thing in things)

    def left_since(self, *, timeout_seconds: float = 60.0) -> list[str]:
        """What is there now and was not then, after what is about to go had the time to. Blocks.

        That is all the time while there are processes that were not there then, or that do not show what they are;
        where there are none, some seconds: a thread may be on its way out.
        """
        begun = since = time.monotonic()
        seen: list[str] = []
        while True:
            now = take(self.root, self.runroot, cgroup_parent=self.cgroup_parent)
            left, moment = difference(self, now), time.monotonic()
            if not left or moment - begun >= timeout_seconds:
                return left
            if left != seen:
                seen, since = left, moment
            if pids := [now.running[thing] for thing in now.things - self.things if thing in now.running]:
                _wait_for_one(pids, begun + timeout_seconds - moment)
            elif moment - since >= _SETTLED and now.nameless <= self.nameless:
                return left
            else:
                select.poll().poll(20)


def take(root: str, runroot: str, *, cgroup_parent: str = "/seabox") -> Census:
    """What the engine with these directories has on the machine now."""
    return Census(root, runroot, cgroup_parent)


def difference(before: Census, after: Census) -> list[str]:
    """ "kind: thing" for everything that is in `after` and was not in `before`, sorted."""
    return sorted(f"{kind}: {thing}" for kind, thing in (after.things - before.things).elements())


def _descriptors() -> Iterator[str]:
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that listed them
            yield os.readlink(f"/proc/self/fd/{fd}")


def _cgroups(parent: str) -> Iterator[str]:
    for top in {*cgroups.hierarchies(), "/sys/fs/cgroup/unified"}:
        for folder, names, _ in os.walk(f"{top}{parent}"):
            yield from (f"{folder}/{name}" for name in names)


class _Process:
    """What /proc says about a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        with open(f"/proc/{pid}/stat") as file:
            name, _, rest = file.read().rpartition(")")
        fields = rest.split()
        self.parent, self.zombie = int(fields[1]), fields[0] == "Z"
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            self.words = os.fsdecode(cmdline.read().replace(b"\0", b" ")).strip()
        self.text = f"{name}) {'zombie' if self.zombie else self.words}"
        self.nameless = not (self.words or self.zombie or int(fields[6]) & _OF_THE_KERNEL)

    def names(self, marks: set[str]) -> bool:
        """Whether one of our directories is in its command line or, if it is in a container, among its mounts."""
        if any(mark in self.words for mark in marks):
            return True
        try:
            if os.readlink(f"/proc/{self.pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
                return False
            with open(f"/proc/{self.pid}/mountinfo") as file:
                mounted = file.read()
        except OSError:  # it ended
            return False
        return any(mark in mounted for mark in marks)


def _processes(marks: set[str], cgroup_parent: str, nameless: set[int]) -> Iterator[_Process]:
    """Our children, and all that name one of our directories or are in one of our cgroups; not our ancestors.

    Those of the machine that do not show what they are come into `nameless`.
    """
    members = cgroups.processes(cgroup_parent)
    everybody = {}
    for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))):
        with suppress(FileNotFoundError, ProcessLookupError):
            everybody[pid] = _Process(pid)
    ancestor = os.getpid()
    while ancestor in everybody:
        ancestor = everybody.pop(ancestor).parent
    nameless.update(pid for pid, each in everybody.items() if each.nameless)
    for each in everybody.values():
        if each.parent == os.getpid() or (not each.zombie and (each.pid in members or each.names(marks))):
            yield each


def _network_namespaces() -> Iterator[str]:
    yield from (path for path in _entries(_NETNS) if os.path.basename(path).startswith(_NETNS_PREFIX))


def _run_files(runroot: str) -> Iterator[tuple[str, str]]:
    for folder in _entries(runroot):
        if os.path.basename(folder) == "networks":  # the backend's own; a file per network that has containers
            names = _entries(f"{folder}/aardvark-dns")
            yield from (("names of a network", path) for path in names if not path.endswith("/aardvark.pid"))
            continue
        if os.path.basename(folder) == "seccomp":  # compiled filters, kept for the next container
            continue
        kind = {"locks": "lock", "containers": "run directory"}.get(os.path.basename(folder), "run file")
        kind = "runtime record" if os.path.basename(folder) in _RUNTIMES else kind
        for path in _entries(folder):
            yield kind, path


def _temporary(top: str) -> Iterator[str]:
    """Files and directories under the names they bear until they are complete."""
    for folder, names, others in os.walk(top):
        for name in [*names, *others]:
            if name.startswith(".") and (name.endswith("~") or name.startswith((".new.", ".overlay-probe."))):
                yield f"{folder}/{name}"
        if os.path.basename(folder) in (*_STORED, _LAYERS):
            names.clear()  # what a container or an image calls its files is not our business


def _entries(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _wait_for_one(pids: list[int], timeout_seconds: float) -> bool:
    """Wait until one of the processes has ended; False if none has when the time is up."""
    if timeout_seconds <= 0:
        return False
    with ExitStack() as opened:
        poller = select.poll()
        for pid in pids:
            if (pidfd := pidfd_of(pid)) is None:
                return True
            opened.callback(os.close, pidfd)
            poller.register(pidfd, select.POLLIN)
        return bool(poller.poll(timeout_seconds * 1000))

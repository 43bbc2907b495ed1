"""Control groups on every kind of host: version 1, version 2, and hybrid (v1 controllers beside an empty v2 tree).

A cgroup is named by its path below the hierarchies, "/seabox/<id>"; one name means a directory in each hierarchy.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from contextlib import ExitStack, suppress

from . import files
from .effects import effect
from .process import pidfd_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOP = "/sys/fs/cgroup"
_ROUNDS = 100  # of killing what an unfrozen cgroup forked meanwhile
_PATIENCE = 1.0  # s; a killed process takes a moment to leave


def mode() -> str:
    """ "v2", "hybrid" or "v1"."""
    if os.path.exists(f"{_TOP}/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.exists(f"{_TOP}/unified/cgroup.controllers") else "v1"


def has_idle_v2() -> bool:
    """Whether there is a version 2 tree, mounted here or not, in which containers get no cgroup of their own."""
    if mode() == "v2":
        return False
    with open("/proc/self/cgroup") as file:
        return any(line.startswith("0::") for line in file)


def hierarchies() -> list[str]:
    """The root directory of each hierarchy that is mounted; that of version 2, if there is one, first."""
    return [place for place in _places() if _is_mounted(place)]


def _places() -> list[str]:
    """Where hierarchies may be mounted."""
    if os.path.exists(f"{_TOP}/cgroup.controllers"):
        return [_TOP]
    try:
        with os.scandir(_TOP) as entries:  # links are second names ("cpu" for "cpu,cpuacct")
            found = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    unified = f"{_TOP}/unified"
    return [unified] * (unified in found) + [path for path in found if path != unified]


def _is_mounted(place: str) -> bool:
    """Whether this is not just a directory, in which a file called cgroup.procs would say nothing."""
    return place == _TOP or os.stat(place).st_dev != os.stat(_TOP).st_dev


def controllers() -> dict[str, str]:
    """Each controller that can be used, and the hierarchy it belongs to."""
    found = {}
    for top in hierarchies():
        try:
            with open(f"{top}/cgroup.controllers") as file:
                names = file.read().split()
        except FileNotFoundError:
            names = os.path.basename(top).split(",")
        found.update(dict.fromkeys(names, top))
    return found


def paths(cgroup: str) -> list[str]:
    """The directories of the cgroup, those that exist."""
    return [path for path in (_below(top, cgroup) for top in hierarchies()) if os.path.isdir(path)]


def _below(top: str, cgroup: str) -> str:
    """Raises: ValueError for what is not the absolute path of a cgroup below the root one."""
    names = cgroup.split("/")
    if names[0] or len(names) < 2 or any(name in ("", ".", "..") for name in names[1:]):
        raise ValueError(f"not the path of a cgroup: {cgroup!r}")
    return top + cgroup


def _bottom_up(path: str) -> Iterator[str]:
    """The directory and all below it, children before parents."""
    try:
        with os.scandir(path) as entries:
            children = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    for child in children:
        yield from _bottom_up(child)
    yield path


def processes(cgroup: str) -> set[int]:
    """The pids in the cgroup and in those below it, in whatever hierarchy; empty if there is no such cgroup."""
    found = set()
    for path in paths(cgroup):
        for directory in _bottom_up(path):
            found.update(_members(directory))
    return found


def _members(directory: str) -> set[int]:
    try:
        with open(f"{directory}/cgroup.procs", "rb") as file:
            return {int(pid) for pid in file.read().split() if pid != b"0"}  # 0: not in our pid namespace
    except FileNotFoundError:
        return set()
    except OSError as problem:
        if problem.errno in (errno.ENODEV, errno.EOPNOTSUPP):  # just removed; a threaded one
            return set()
        raise


@effect("cgroup.kill")
def kill(cgroup: str) -> bool:
    """Every process in the cgroup, and those it forks meanwhile, has been sent SIGKILL; False if there was none.

    They end soon after, which is not waited for.
    """
    sent: set[int] = set()
    for path in paths(cgroup):
        members = {pid for directory in _bottom_up(path) for pid in _members(directory)}
        if members <= sent and not (members and os.path.exists(f"{path}/freezer.state")):
            continue  # frozen ones die only when thawed, so the freezer's turn comes in any case
        if _write(f"{path}/cgroup.kill", b"1"):
            sent |= members
        else:
            _freeze_and_kill(path, sent)
    return bool(sent)


def _freeze_and_kill(path: str, sent: set[int]) -> None:
    """What cgroup.kill does, for kernels and hierarchies without it: frozen processes fork no more."""
    v1 = os.path.exists(f"{path}/freezer.state")
    freezer, freeze, thaw = ("freezer.state", b"FROZEN", b"THAWED") if v1 else ("cgroup.freeze", b"1", b"0")
    frozen = _write(f"{path}/{freezer}", freeze)
    try:
        for _ in range(_ROUNDS):
            fresh = {(pid, directory) for directory in _bottom_up(path) for pid in _members(directory) - sent}
            for pid, directory in fresh:
                _kill_member(pid, directory)
                sent.add(pid)
            if not fresh:
                break
    finally:
        if frozen:
            _write(f"{path}/{freezer}", thaw)


def _kill_member(pid: int, directory: str) -> None:
    """SIGKILL to a process that is certainly in the cgroup: the pidfd is held while its membership is looked up."""
    if (pidfd := pidfd_of(pid)) is None:
        return
    try:
        if pid in _members(directory):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    finally:
        os.close(pidfd)


def _write(path: str, word: bytes) -> bool:
    """Whether there is such a file, and it took the word."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        os.write(fd, word)
    except OSError as problem:
        if problem.errno not in (errno.ENODEV, errno.EOPNOTSUPP):
            raise
        return False
    finally:
        os.close(fd)
    return True


@effect("cgroup.limit")
def limit(cgroup: str, settings: Iterable[tuple[str, str, str]]) -> None:
    """The cgroup exists where the controllers of `settings` are, and its files hold these texts.

    `settings`: controller (by its name in version 2), file (or several, "a|b": the first that there is), text; in
    order. Raises: OSError with the file's name.
    """
    tops = controllers()
    for controller, file, text in settings:
        top = tops.get(controller) or tops["blkio"]
        path = _make(top, cgroup, controller)
        names = file.split("|")
        name = next((each for each in names if os.path.exists(f"{path}/{each}")), names[-1])
        with open(f"{path}/{name}", "w") as opened:
            opened.write(text)


def _make(top: str, cgroup: str, controller: str) -> str:
    """The directory of the cgroup in this hierarchy, its ancestors passing the controller on."""
    path, end = top, _below(top, cgroup)
    while path != end:
        if os.path.exists(f"{path}/cgroup.subtree_control"):
            _write(f"{path}/cgroup.subtree_control", f"+{controller}".encode())
        parent, path = path, f"{path}/{end.removeprefix(path + '/').partition('/')[0]}"
        with suppress(FileExistsError):
            os.mkdir(path)
        if controller == "cpuset" and os.path.exists(f"{path}/cpuset.cpus"):
            for file in ("cpuset.cpus", "cpuset.mems"):
                _inherit(parent, path, file)
    return path


def _inherit(parent: str, path: str, file: str) -> None:
    """In version 1 a new cpuset is empty, and nothing can be put into it or below it."""
    with open(f"{path}/{file}") as own, open(f"{parent}/{file}") as above:
        if own.read().strip() or not (text := above.read().strip()):
            return
    _write(f"{path}/{file}", text.encode())


@effect("cgroup.remove")
def remove(cgroup: str, *, kill: bool = False) -> bool:
    """No hierarchy has the cgroup or one below it; False if none had. With `kill`, processes in it are killed first.

    Waits up to one second for processes to end.

    Raises: OSError EBUSY if there are processes that stay.
    """
    if kill:
        _kill(cgroup)
    found = False
    for place in _places():
        path = _below(place, cgroup)
        if not os.path.isdir(path):
            continue
        found = True
        if not _is_mounted(place):  # crun makes plain directories where v2 is not mounted beside v1
            files.remove_tree(path)
        for directory in _bottom_up(path):
            _rmdir(directory)
    return found


_kill = kill


def _rmdir(directory: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.rmdir(directory)
            return
        except FileNotFoundError:
            return
        except OSError as problem:
            left = deadline - time.monotonic()
            if problem.errno != errno.EBUSY or left <= 0:
                raise
        _wait_for_one(directory, left)


def _wait_for_one(directory: str, timeout_seconds: float) -> None:
    """Wait until one of the processes in the cgroup has ended, or, where only a dying one holds it, a moment."""
    with ExitStack() as opened:
        poller = select.poll()
        members = _members(directory)
        for pid in members:
            if (pidfd := pidfd_of(pid)) is None:
                return
            opened.callback(os.close, pidfd)
            poller.register(pidfd, select.POLLIN)
        poller.poll(timeout_seconds * 1000 if members else 1)

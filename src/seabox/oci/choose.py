"""Which OCI runtime to use: the one that was named, or the first that can work on this host."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = ("crun", "runc", "youki")  # in the order of preference
_UNIFIED = "/sys/fs/cgroup/unified"


def choose(given: str, find: Callable[[str], str], crun_works: Callable[[], bool] | None = None) -> str:
    """The absolute path of the runtime; `given` is a name or a path, "" for the best that is installed.

    `find(name)` is the path of a program, "" if there is none.

    Raises: InvalidArgument (what was named is not there), Unsupported (nothing is installed that works here).
    """
    if given:
        path = given if "/" in given else find(given)
        if not path or not os.access(path, os.X_OK) or os.path.isdir(path):
            raise InvalidArgument(f'OCI runtime "{given}" not found, or not executable: install it or name another')
        return os.path.abspath(path)
    unfit = ""
    for name in KNOWN:
        if path := find(name):
            if name == "crun" and not (crun_works or crun_can_work)():
                unfit = "; crun is there but refuses a host whose cgroup v2 hierarchy beside v1 has controllers"
                continue
            return path
    raise Unsupported(f"no OCI runtime found: install crun or runc, or name one with --runtime{unfit}")


def crun_can_work() -> bool:
    """Whether crun accepts this host's cgroups."""
    with open("/proc/self/mountinfo") as file:
        mountinfo = file.read()
    try:
        with open(f"{_UNIFIED}/cgroup.controllers") as file:
            controllers = file.read()
    except OSError:
        controllers = ""
    return not is_hybrid(mountinfo, controllers)


def is_hybrid(mountinfo: str, controllers: str) -> bool:
    """Whether cgroup v2 is mounted beside v1 and has controllers of its own (the text of its cgroup.controllers)."""
    unified = False
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            unified = before.split()[4] == _UNIFIED or unified
    return unified and bool(controllers.split())

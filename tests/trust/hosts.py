"""Where a runtime can be tried on this machine, without changing anything of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import traceback

from engine.checkpoint.programs import criu_trouble, crun_with_criu
from seabox.kernel import cgroups, files, mounts, namespaces
from seabox.network import netns

os.environ["SEABOX_NETWORK"] = "none"  # of what a command line starts that says nothing


def runtimes() -> list[str]:
    """The installed ones of crun and runc."""
    return [name for name in ("runc", "crun") if shutil.which(name)]


def asleep(runtime: str) -> str:
    """The program of this runtime that criu works with, "" if there is none."""
    if criu_trouble():
        return ""
    return crun_with_criu() if runtime == "crun" else runtime


def fit_for(runtime: str) -> None:
    """This process sees cgroups that the runtime accepts: crun refuses the hybrid layout.

    In a private mount namespace of its own the v2 hierarchy beside v1 is unmounted. The network is its own too, and
    so is the directory of network namespaces.
    """
    namespaces.unshare(namespaces.CLONE_NEWNET | namespaces.CLONE_NEWNS)
    mounts.set_propagation("/", mounts.MS_PRIVATE, recursive=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    files.make_dirs(netns.FOLDER, 0o755)
    mounts.mount_tmpfs(netns.FOLDER, 1 << 20)
    if runtime == "crun" and cgroups.mode() == "hybrid":
        mounts.umount("/sys/fs/cgroup/unified")


def begin(runtime: str, action: object) -> int:
    """A child that is fit for the runtime runs `action()`, whose return value will be its exit code; its pid."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            fit_for(runtime)
            code = action()  # type: ignore[operator]
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def code_of(child: int) -> int:
    """The exit code of that child, once it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_child(runtime: str, action: object) -> int:
    """`action()` was run in a child that is fit for the runtime; its return value as exit code."""
    return code_of(begin(runtime, action))

"""The file system as somebody else sees it: a container that runs, or one that does not, its mounts included."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, suppress

from .effects import effect
from .mounts import bind, set_propagation
from .namespaces import CLONE_FS, CLONE_NEWNS, in_own_thread, unshare
from .process import boot_id, start_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.record import ProcessId

# nothing is there, or what is there is none that a mount could cover
_NO_PLACE = (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EROFS, errno.ELOOP)
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

_UNREAL = frozenset((
    b"proc", b"sysfs", b"cgroup", b"cgroup2", b"devpts", b"devtmpfs", b"mqueue", b"securityfs", b"debugfs", b"tracefs",
    b"bpf", b"pstore", b"configfs", b"fusectl", b"hugetlbfs", b"efivarfs",
))  # fmt: skip


def process_root(process: ProcessId) -> int:
    """An O_PATH fd of the root directory of exactly this process, in its mount namespace; -1 if it is gone.

    Everything below it belongs to strangers: resolve it with openat2 in root alone.
    """
    try:
        fd = os.open(f"/proc/{process.pid}/root", _DIRECTORY)
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # the last for a zombie
        return -1
    if process.boot == boot_id() and start_time(process.pid) == process.start:
        return fd  # it was there before and is there after, so it was opened through no other one
    os.close(fd)
    return -1


def unreal_devices(process: ProcessId) -> frozenset[int]:
    """The devices (st_dev) of what is mounted where this process is and holds no files: /proc, /sys, /dev and such."""
    found = set()
    try:
        with open(f"/proc/{process.pid}/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:  # it is gone
        return frozenset()
    for line in lines:  # ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS ... - TYPE SOURCE OPTIONS
        mine, _, rest = line.partition(b" - ")
        words = mine.split()
        if rest.split()[0] in _UNREAL or words[4] == b"/dev" or words[4].startswith(b"/dev/"):
            major, _, minor = words[2].partition(b":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)


@effect("mount")
def with_binds(root: str, binds: Sequence[tuple[str, str, str, bool]]) -> tuple[int, int]:
    """An O_PATH fd of the directory `root` in a mount namespace of its own, where each bind of (source, the part of it
    that is meant, destination below the root, read-only) is mounted; and the fd that keeps the namespace. Close both
    and nothing of it is left.

    No link in a source leads its part out of it. A directory's place is made where there is none, as a start of the
    container would, in whatever is mounted there by then. Any other source or destination that does not exist is left
    out.
    """
    from .files import make_dirs_in_root, open_in_root

    found: list[int] = []

    def make() -> None:
        unshare(CLONE_NEWNS | CLONE_FS)
        set_propagation("/", recursive=True)
        namespace = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        found.append(namespace)
        top = os.open(root, _DIRECTORY)
        found.append(top)
        for source, part, destination, read_only in binds:
            with ExitStack() as opened:
                try:
                    place: str | int = source
                    if part:
                        place = open_in_root(source, part, os.O_PATH)
                        opened.callback(os.close, place)
                    if stat.S_ISDIR(os.stat(place).st_mode):
                        make_dirs_in_root(top, destination)
                    target = open_in_root(top, destination, os.O_PATH)
                    opened.callback(os.close, target)
                except OSError as problem:
                    if problem.errno not in _NO_PLACE:
                        raise
                    continue
                with suppress(FileNotFoundError, NotADirectoryError):
                    bind(place, target, read_only=read_only)

    try:
        in_own_thread(make)
    except BaseException:
        for fd in found:
            os.close(fd)
        raise
    namespace, top = found
    return top, namespace

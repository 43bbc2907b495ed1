"""This host without cgroup v2 beside v1, as crun needs it: in a mount namespace of the tests' own, never on the host.

A test is moved between the two views whole, with the threads and processes it starts, because a container's mounts
are made by the engine, and must be seen by conmon and by the next engine alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from seabox.kernel import mounts
from seabox.kernel.namespaces import CLONE_FS, CLONE_NEWNS, in_own_thread, setns, unshare
from seabox.oci.choose import crun_can_work
from seabox.spec.facts import host_facts

_UNIFIED = "/sys/fs/cgroup/unified"
_HERE = "/proc/thread-self/ns/mnt"


@cache
def without_unified() -> int:
    """The fd of a mount namespace in which crun can work, -1 if this host already lets it; made once per session.

    Raises: OSError where mounts may not be changed.
    """
    if crun_can_work():
        return -1
    found: list[int] = []

    def make() -> None:
        unshare(CLONE_NEWNS)
        mounts.set_propagation("/", recursive=True)
        mounts.umount(_UNIFIED)
        found.append(os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC))

    in_own_thread(make)
    return found[0]


@contextmanager
def inside(namespace: int) -> Iterator[None]:
    """The calling thread, and all that it starts in the block, are in this mount namespace (-1 = where we are)."""
    if namespace < 0:
        yield
        return
    here = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _move(namespace)
        try:
            yield
        finally:
            _move(here)
    finally:
        os.close(here)


def _move(namespace: int) -> None:
    folder = os.getcwd()
    unshare(CLONE_FS)  # a thread that shares its working directory with others may not leave
    setns(namespace, CLONE_NEWNS)
    os.chdir(folder)
    host_facts.cache_clear()

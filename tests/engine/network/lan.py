"""A network namespace of the tests' own: netavark changes this one, never the machine's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from seabox.config import find_program
from seabox.kernel import files, mounts
from seabox.kernel.namespaces import CLONE_NEWNET, CLONE_NEWNS, in_own_thread, setns, unshare
from seabox.network import netns
from seabox.oci.choose import crun_can_work

_HERE = "/proc/thread-self/ns/net"


@cache
def lan() -> int:
    """The fd of an empty network namespace; one per session.

    Raises: OSError where none may be made.
    """
    found: list[int] = []

    def make() -> None:
        unshare(CLONE_NEWNET)
        subprocess.run([find_program("ip"), "link", "set", "lo", "up"], check=True)
        found.append(os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC))

    in_own_thread(make)
    return found[0]


@cache
def view(crun: bool) -> int:
    """The fd of a mount namespace with a directory of network namespaces of its own, and for crun without cgroup v2.

    So nobody counts ours who counts his own. Raises: OSError where mounts may not be changed.
    """
    found: list[int] = []

    def make() -> None:
        unshare(CLONE_NEWNS)
        mounts.set_propagation("/", recursive=True)
        if crun and not crun_can_work():
            mounts.umount("/sys/fs/cgroup/unified")
        files.make_dirs(netns.FOLDER, 0o755)
        mounts.mount_tmpfs(netns.FOLDER, 1 << 20)
        found.append(os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC))

    in_own_thread(make)
    return found[0]


@contextmanager
def inside(namespace: int) -> Iterator[None]:
    """The calling thread, and all that it starts in the block, are in this network namespace."""
    here = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(namespace, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(here, CLONE_NEWNET)
    finally:
        os.close(here)


def traces() -> list[str]:
    """What is in this network namespace but loopback and netavark's standing chains: interfaces and rules."""
    with open("/proc/thread-self/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line]
    rules = subprocess.run([find_program("iptables-save")], capture_output=True, text=True, check=True).stdout
    rules += subprocess.run([find_program("ip6tables-save")], capture_output=True, text=True, check=True).stdout
    found += [line for line in rules.splitlines() if line.startswith("-A") and _names_somebody(line)]
    return sorted(set(found) - {"lo"})


def _names_somebody(rule: str) -> bool:
    """Whether a rule is about an address, a port or a bridge."""
    words = rule.split()
    return any(flag in words for flag in ("-s", "-d", "-i", "-o", "--dport", "--to-destination"))

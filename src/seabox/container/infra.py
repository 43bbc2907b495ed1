"""What an infra container makes for the members of its pod: /dev/shm, the limits of the pod's cgroup; and names.

/dev/shm of another container as well, for one that joins its IPC namespace.

The names of members lead to 127.0.0.1 in the /etc/hosts that they share with it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..errors import NoSuchContainer
from ..kernel import cgroups, files, locks, mounts
from ..model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .guard import Locked

SHM = "shm"  # in the run directory
_HOSTS_TIMEOUT = 10.0  # s


def make_ready(ctr: Locked) -> None:
    """What members will share is there. Given back by release_shm, and with the pod. Raises: Unsupported, OSError."""
    if ctr.config.namespaces.ipc != "host":
        place = f"{ctr.run_dir}/{SHM}"
        files.make_dirs(place, 0o700)
        if not mounts.is_mounted(place):
            mounts.mount_tmpfs(place, size=ctr.config.shm_size, mode=0o1777)
    if ctr.config.cgroups != "disabled" and ctr.config.cgroup_parent.endswith(ctr.facts.pod):
        from ..spec.facts import host_facts
        from ..spec.pod_limits import pod_limits

        limits = pod_limits(ctr.config.pod_resources, host_facts())
        if limits:
            cgroups.limit(ctr.config.cgroup_parent, limits)


def join_shm(ctr: Locked, owner: str) -> None:
    """The container will have the /dev/shm of `owner`, which runs. Given back by release_shm. Raises: OSError."""
    if os.path.isdir(f"{ctr.on.config.run_dir(owner)}/{SHM}"):
        return  # there it is to be had without going through its process
    place, process = f"{ctr.run_dir}/{SHM}", ctr.on.store.load(owner).state.process
    if process is None or mounts.is_mounted(place):
        return
    files.make_dirs(place, 0o700)
    if not mounts.bind_of(process, "/dev/shm", place):
        files.remove_tree(place)


def release_shm(run_dir: str) -> None:
    """The container's /dev/shm is gone, once the last that uses it is. No effect if there is none."""
    place = f"{run_dir}/{SHM}"
    if os.path.isdir(place):
        mounts.umount(place, detach=True)


def add_name(ctr: Locked) -> None:
    """Other members of the pod find this one by its name. No effect unless it shares the pod's network."""
    with _shared_hosts(ctr) as path:
        if path:
            lines = _lines(path)
            known = {name for line in lines for name in line.split()[1:]}
            fresh = [name for name in dict.fromkeys((ctr.config.hostname, ctr.facts.name)) if name not in known]
            if fresh:
                files.append(path, f"127.0.0.1\t{' '.join(fresh)}\n".encode())


def drop_name(ctr: Locked) -> None:
    """The name of a member that has ended leads nowhere."""
    with _shared_hosts(ctr) as path:
        if path:
            lines = _lines(path)
            own = f"127.0.0.1\t{ctr.facts.name}\n"
            left = [line for line in lines if line != own]
            if len(left) < len(lines):
                files.write_file(path, "".join(left).encode("utf-8", "surrogateescape"), 0o644)  # its inode is mounted


@contextmanager
def _shared_hosts(ctr: Locked) -> Iterator[str]:
    """The /etc/hosts that the container shares with its pod's infra container, "" if it does not; nobody else is at it.
    """
    how, _, owner = ctr.config.namespaces.network.partition(":")
    path = f"{ctr.on.config.run_dir(owner)}/hosts"
    try:
        shared = how == "container" and ctr.on.store.load(owner).facts.role == INFRA and os.path.exists(path)
    except NoSuchContainer:
        shared = False
    lock = locks.lock_file(path, timeout=_HOSTS_TIMEOUT) if shared else None
    try:
        yield path if lock is not None else ""
    finally:
        if lock is not None:
            locks.unlock(lock)


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.readlines()

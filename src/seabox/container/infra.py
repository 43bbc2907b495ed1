"""What an infra container makes for the members of its pod: /dev/shm, the limits of the pod's cgroup; and names.

The names of members lead to 127.0.0.1 in the /etc/hosts that they share with it.
"""

from __future__ import annotations

import os

from ..kernel import cgroups, files, mounts
from ..model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked

SHM = "shm"  # in the run directory


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


def release_shm(run_dir: str) -> None:
    """The container's /dev/shm is gone, once the last that uses it is. No effect if there is none."""
    place = f"{run_dir}/{SHM}"
    if os.path.isdir(place):
        mounts.umount(place, detach=True)


def add_name(ctr: Locked) -> None:
    """Other members of the pod find this one by its name. No effect unless it shares the pod's network."""
    how, _, owner = ctr.config.namespaces.network.partition(":")
    if how != "container" or ctr.on.store.load(owner).facts.role != INFRA:
        return
    path = f"{ctr.on.config.run_dir(owner)}/hosts"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            known = {name for line in file for name in line.split()[1:]}
    except FileNotFoundError:
        return
    fresh = [name for name in dict.fromkeys((ctr.config.hostname, ctr.facts.name)) if name not in known]
    if fresh:
        files.append(path, f"127.0.0.1\t{' '.join(fresh)}\n".encode())

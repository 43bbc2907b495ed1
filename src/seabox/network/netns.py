"""A container's network namespace: a file named after the container, so that anybody can find and remove it."""

from __future__ import annotations

import errno

from ..kernel import files, mounts
from ..kernel.namespaces import make_network_namespace, remove_mount_point

FOLDER = "/run/netns"  # where ip(8) looks as well
PREFIX = "seabox-"


def path_of(container: str) -> str:
    """Where the namespace of this container is pinned."""
    return f"{FOLDER}/{PREFIX}{container}"


def pin(container: str) -> str:
    """The container has a fresh namespace of its own; the path of its file. What was pinned before is let go."""
    path = path_of(container)
    try:
        make_network_namespace(path)
    except FileNotFoundError:
        files.make_dirs(FOLDER, 0o755)
        make_network_namespace(path)
    except FileExistsError:
        unpin(container)
        make_network_namespace(path)
    return path


def is_pinned(container: str) -> bool:
    """Whether the container's namespace is there."""
    return mounts.is_mounted(path_of(container))


def unpin(container: str) -> None:
    """The namespace ends with its last process, and its interfaces with it. Idempotent."""
    path = path_of(container)
    while mounts.umount(path, detach=True):
        pass
    try:
        files.remove_file(path)
    except OSError as problem:
        if problem.errno != errno.EBUSY:
            raise
        remove_mount_point(path)  # somebody mounted over the directory while it was pinned

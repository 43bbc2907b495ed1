"""Giving a whole tree to another user."""

from __future__ import annotations

import os

from .effects import effect


@effect("chown_tree")
def chown_tree(path: str, uid: int, gid: int) -> None:
    """`path` and all below it on the same file system belong to uid:gid; a link is given, not what it points to.

    Goes by directory descriptors, so that nobody who can write in the tree can lead it out of it. Raises: OSError.
    """
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC) if os.path.isdir(path) else -1
    if top < 0:
        os.chown(path, uid, gid, follow_symlinks=False)
        return
    try:
        device = os.fstat(top).st_dev
        for _, folders, names, fd in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            if os.fstat(fd).st_dev != device:
                folders.clear()
                continue
            os.fchown(fd, uid, gid)
            for name in names:
                os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)
            for name in folders:
                if os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode & 0o170000 == 0o120000:
                    os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)
    finally:
        os.close(top)

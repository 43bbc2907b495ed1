"""Parts of volumes and images: a directory or file of one that is mounted in place of all of it.

Whoever has a volume changes what is in it, also while a container is being put together. So a part is found once, with
no link leading out of the volume, and bound to a place of ours: that is what the runtime is told.
"""

from __future__ import annotations

import os
import stat

from ..errors import Refused
from ..kernel import files, mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked

_PARTS = "parts"  # in the run directory


def show(ctr: Locked, number: int, whole: str, subpath: str) -> str:
    """Where the part of the directory `whole` is from now on. Given back by `release`. Raises: Refused, OSError."""
    place = f"{ctr.run_dir}/{_PARTS}/{number}"
    try:
        part = files.open_in_root(whole, subpath, os.O_PATH)
    except OSError as problem:
        raise Refused(f"cannot mount {subpath}, a part of {whole}: {problem.strerror}") from problem
    try:
        mode = os.fstat(part).st_mode
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise Refused(f"cannot mount {subpath}, a part of {whole}: it is neither a directory nor a file")
        files.make_dirs(f"{ctr.run_dir}/{_PARTS}", 0o700)
        if stat.S_ISDIR(mode):
            files.make_dir(place)
        else:
            files.write_file(place, b"", 0o600)
        mounts.bind(part, place)
    finally:
        os.close(part)
    return place


def release(run_dir: str) -> None:
    """No part is mounted any more, once the last that uses it has gone. No effect if there is none."""
    try:
        names = os.listdir(f"{run_dir}/{_PARTS}")
    except FileNotFoundError:
        return
    for name in names:
        mounts.umount(f"{run_dir}/{_PARTS}/{name}", detach=True)

"""A container's log before a run: never larger than it may become, and with a second name for its first rotation.

conmon begins a new log at the cap by putting another file in the old one's place. The old one is history if it has a
second name by then. Made before the run, that name spares most containers a process that would watch their logs: only
one that has rotated its log needs somebody, and `attendants/lookout.sh` finds out which that is.
"""

from __future__ import annotations

import os
from contextlib import suppress

from ..kernel import files

SEEN_AS = "log"  # in the run directory: links to the log and to its second name, for the lookout
LARGE = 16 << 20  # bytes: with a smaller cap the second rotation may come before the lookout has seen the first


def make_ready(path: str, cap: int, run_dir: str) -> int:
    """The log has room for a run, and what it held before is kept; the bytes that conmon may write before a rotation.

    With a `run_dir` the log has its second name, and the lookout can see it there. conmon counts from 0 at each start,
    whatever stands in the log.
    """
    old = f"{path}.1"
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        size = 0
    try:
        if size >= cap // 2:
            files.rename(path, old)
            files.remove_file(path)  # if that was its second name already, the rename has done nothing
            size = 0
        if run_dir and not os.path.lexists(old):
            files.touch(path)
            files.link(path, old)
        for name, target in ((SEEN_AS, path), (f"{SEEN_AS}.1", old)) if run_dir else ():
            with suppress(FileExistsError):
                files.symlink(target, f"{run_dir}/{name}")
    except OSError:  # conmon will say what is wrong with the log, if anything
        return cap
    return max(cap - size, cap // 2)

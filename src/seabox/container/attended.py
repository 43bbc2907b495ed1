"""A promise to deal with a container's end, kept as a lock that the kernel takes back if its maker dies.

conmon's exit command starts an interpreter, which costs more than all the rest of a container's end. While a live
engine holds the container's `attended` file, that command leaves at once, because the engine will do the work; the
next operation's `sync` covers an engine that dies in between.
"""

from __future__ import annotations

from contextlib import contextmanager

from ..kernel.locks import lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .guard import Locked


def attend(run_dir: str) -> int:
    """The lock's fd (give it to `unlock`), or -1 where the exit command is at work already."""
    try:
        fd = lock_file(f"{run_dir}/attended", timeout=0, shared=True)
    except FileNotFoundError:
        return -1
    return -1 if fd is None else fd


@contextmanager
def attended(ctr: Locked) -> Iterator[None]:
    """Inside the block this process deals with the container's end."""
    fd = attend(ctr.run_dir)
    try:
        yield
    finally:
        if fd >= 0:
            unlock(fd)

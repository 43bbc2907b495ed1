"""Descriptors of the command line that a process in a container is to have."""

from __future__ import annotations

import os

from seabox.errors import InvalidArgument

_FIRST_FD = 3


def preserved(count: int) -> list[int]:
    """Our descriptors to be passed on. What we opened ourselves is closed on exec, what we were given is not."""
    fds = []
    for fd in range(_FIRST_FD, _FIRST_FD + count):
        try:
            ours = os.get_inheritable(fd)
        except (OSError, OverflowError):
            ours = False
        if not ours:
            raise InvalidArgument(
                f"file descriptor {fd} is not available - the preserve-fds option requires that file descriptors "
                "must be passed"
            )
        fds.append(fd)
    return fds

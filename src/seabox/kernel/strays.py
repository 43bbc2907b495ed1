"""Processes that a dead parent left at work, found by what they were told to do."""

from __future__ import annotations

import os

from .process import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from ..model.record import ProcessId


def spawned_for(word: str, programs: Collection[str]) -> list[ProcessId]:
    """The processes that run one of `programs` (file names) with `word` somewhere in an argument; not this one.

    Reads all of /proc: for the rare moment after a crash, not for every day.
    """
    found = []
    needle = word.encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                argv = file.read().split(b"\0")
        except OSError:
            continue  # it has ended
        if os.fsdecode(os.path.basename(argv[0])) in programs and any(needle in word for word in argv[1:]):
            process = identify(int(name))
            if process is not None:
                found.append(process)
    return found

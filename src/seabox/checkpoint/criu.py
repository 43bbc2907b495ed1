"""criu, as far as the runtime does not speak for us: a configuration file, the log, what an image directory tells."""

from __future__ import annotations

import os
import re

_ERROR = re.compile(r"^\([\d.]+\)\s*(?:\d+:\s*)?Error\s*(?:\([^)]*\))?:\s*(.*)$")
_EMPTY = re.compile(r"\w+ FAILED|\d+ exited|cg: cgroupd: recv|rlimit: ")  # errors that follow from others, or are none
_TAIL = 16 << 10  # bytes of a log that are looked at
_SHOWN = 3  # errors
_DONE = b"Dumping finished successfully"
GHOST_LIMIT = 1 << 40  # bytes of a deleted file that is still open: all of it belongs to the process


def configuration(*, tcp_close: bool) -> bytes:
    """The text of criu's configuration file: the options for which the runtimes have no words of their own."""
    lines = [f"ghost-limit {GHOST_LIMIT}", "link-remap"]
    if tcp_close:
        lines.append("tcp-close")
    return "".join(f"{line}\n" for line in lines).encode()


def tail(path: str) -> str:
    """The end of a log, "" if there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def errors(log: str) -> str:
    """The last errors that a log tells of, in one line; "" if it tells of none."""
    found = [match[1].strip() for match in map(_ERROR.match, log.splitlines()) if match]
    return "; ".join([each for each in found if not _EMPTY.match(each)][-_SHOWN:])


def is_complete(place: str) -> bool:
    """Whether the dump whose log is in the directory `place` was finished, whoever waited for it."""
    return _DONE in tail(f"{place}/dump.log").encode()

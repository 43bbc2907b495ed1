"""How a container ended, as conmon wrote it down: `<exit_dir>/<id>`, and `oom` beside it."""

from __future__ import annotations

import os


class Exit:
    """An exit code (0-255; 128+n if signal n ended it), when it was written, and what else is known."""

    __slots__ = ("at", "code", "oom", "timed_out")

    def __init__(self, code: int, at: int, oom: bool = False, timed_out: bool = False) -> None:
        self.code, self.at = code, at
        self.oom = oom  # the kernel killed a process of the container for want of memory
        self.timed_out = timed_out  # conmon killed it because its time was up

    @property
    def reason(self) -> str:
        """Why the code says nothing about the program, "" if it does."""
        return "timeout" if self.timed_out else ""

    def __repr__(self) -> str:
        return f"Exit({self.code}, {self.at}, oom={self.oom}, timed_out={self.timed_out})"


def read_exit(exit_dir: str, id: str) -> Exit | None:
    """How the container's last run ended; None while it has not, or if the file says nothing that makes sense."""
    try:
        fd = os.open(f"{exit_dir}/{id}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        text, at = os.read(fd, 32), os.fstat(fd).st_ctime_ns
    finally:
        os.close(fd)
    try:
        number = int(text)
    except ValueError:
        return None
    if not -1 <= number <= 255:
        return None
    return Exit(number % 256, at, oom=os.path.exists(f"{exit_dir}/oom"), timed_out=number == -1)

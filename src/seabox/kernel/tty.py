"""Terminals: raw mode for as long as a block lasts, and their size."""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import contextmanager

from .effects import effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TIOCGWINSZ, _TIOCSWINSZ = 0x5413, 0x5414


def is_terminal(fd: int) -> bool:
    """Whether `fd` is open on a terminal; False if it is not open at all."""
    return os.isatty(fd)


def window_size(fd: int) -> tuple[int, int] | None:
    """(height, width) in characters; None if `fd` is no terminal (-1 is none) or its size is not known."""
    if fd < 0:
        return None
    try:
        packed = fcntl.ioctl(fd, _TIOCGWINSZ, bytes(8))
    except OSError:
        return None
    height, width = memoryview(packed).cast("H")[:2]
    return (height, width) if height and width else None


@effect("ioctl")
def set_window_size(fd: int, height: int, width: int) -> None:
    """The terminal is `height` x `width` characters; its foreground processes get SIGWINCH.

    Raises: OSError (no terminal).
    """
    size = b"".join(number.to_bytes(2, sys.byteorder) for number in (height, width, 0, 0))
    fcntl.ioctl(fd, _TIOCSWINSZ, size)


@contextmanager
def raw_mode(fd: int) -> Iterator[None]:
    """Inside the block every key goes to the reader of `fd` unchanged; after it the terminal is as before.

    Nothing happens if `fd` is no terminal.
    """
    if not os.isatty(fd):
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(fd)
    tty.setraw(fd, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)

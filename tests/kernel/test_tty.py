from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator

import pytest

from seabox.kernel import tty


@pytest.fixture
def terminal() -> Iterator[int]:
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


@pytest.fixture
def pipe() -> Iterator[int]:
    ours, theirs = os.pipe()
    yield ours
    os.close(ours)
    os.close(theirs)


def test_the_size_is_height_then_width(terminal: int, pipe: int) -> None:
    assert tty.window_size(terminal) is None
    tty.set_window_size(terminal, 50, 132)
    assert tty.window_size(terminal) == (50, 132)
    assert os.get_terminal_size(terminal) == (132, 50)
    assert tty.window_size(pipe) is None
    with pytest.raises(OSError, match="ioctl"):
        tty.set_window_size(pipe, 1, 1)


def test_raw_mode_ends_with_the_block(terminal: int, pipe: int) -> None:
    before = termios.tcgetattr(terminal)
    with tty.raw_mode(terminal):
        assert not termios.tcgetattr(terminal)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert termios.tcgetattr(terminal) == before
    with pytest.raises(RuntimeError), tty.raw_mode(terminal):
        raise RuntimeError
    assert termios.tcgetattr(terminal) == before
    with tty.raw_mode(pipe):
        assert not tty.is_terminal(pipe)
    assert tty.is_terminal(terminal)

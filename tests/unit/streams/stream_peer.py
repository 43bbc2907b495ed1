from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from seabox.oci.attachsock import MESSAGE, AttachSocket

STDOUT, STDERR = 2, 3  # as conmon numbers them


class Peer:
    """conmon's end of an attach socket."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.end.settimeout(60)

    def out(self, data: bytes, stream: int = STDOUT) -> None:
        for begin in range(0, len(data), MESSAGE):
            self.end.send(bytes([stream]) + data[begin : begin + MESSAGE])

    def read(self) -> bytes:
        return self.end.recv(1 << 20)

    def out_and_end(self, data: bytes) -> None:
        self.out(data)
        self.end_it()

    def end_it(self) -> None:
        self.end.close()


@pytest.fixture
def ends() -> Iterator[tuple[AttachSocket, Peer]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    attached = AttachSocket(ours.detach())
    peer = Peer(theirs)
    yield attached, peer
    peer.end_it()
    attached.close()


@pytest.fixture
def in_thread() -> Iterator[Callable[..., threading.Thread]]:
    """Run a call in a thread that must have ended by the end of the test, without an error."""
    threads: list[threading.Thread] = []
    errors: list[BaseException] = []

    def start(call: Callable[..., object], *arguments: object) -> threading.Thread:
        def guarded() -> None:
            try:
                call(*arguments)
            except BaseException as problem:
                errors.append(problem)

        threads.append(threading.Thread(target=guarded, daemon=True))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread was still at work when the test had ended"
    assert errors == []


@pytest.fixture
def make_pipe() -> Iterator[Callable[[], tuple[int, int]]]:
    made: list[tuple[int, int]] = []

    def make() -> tuple[int, int]:
        pipe = os.pipe()
        made.extend((fd, os.fstat(fd).st_ino) for fd in pipe)
        return pipe

    yield make
    for fd, inode in made:
        with suppress(OSError):
            if os.fstat(fd).st_ino == inode:  # the test has not closed it
                os.close(fd)

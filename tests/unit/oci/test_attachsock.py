from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from seabox.oci.attachsock import MESSAGE, AttachSocket


@pytest.fixture
def ends() -> Iterator[tuple[AttachSocket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(60)
    attached = AttachSocket(ours.detach())
    yield attached, theirs
    attached.close()
    theirs.close()


def test_one_message_is_one_piece_of_one_stream(ends: tuple[AttachSocket, socket.socket]) -> None:
    attached, peer = ends
    buffer = memoryview(bytearray(MESSAGE))
    with pytest.raises(BlockingIOError):
        attached.receive(buffer)
    for message in (b"\2out", b"\3err", b"\2" + b"x" * MESSAGE):
        peer.send(message)
    assert attached.receive(buffer) == (1, 3)
    assert bytes(buffer[:3]) == b"out"
    assert attached.receive(buffer) == (2, 3)
    assert attached.receive(buffer) == (1, MESSAGE)
    peer.close()
    assert attached.receive(buffer) is None


def test_sending_never_means_the_end_by_accident(ends: tuple[AttachSocket, socket.socket]) -> None:
    attached, peer = ends
    assert attached.send(b"") == 0
    assert attached.send(b"x" * 40_000) == MESSAGE
    assert len(peer.recv(1 << 20)) == MESSAGE
    sent = 0
    with suppress(BlockingIOError):
        while sent < 1 << 30:
            sent += attached.send(b"y" * 40_000)
    assert MESSAGE < sent < 1 << 30
    attached.shutdown()
    received = 0
    while data := peer.recv(1 << 20):
        received += len(data)
    assert received == sent
    with pytest.raises(BrokenPipeError):
        attached.send(b"x")


def test_a_reset_is_the_end(ends: tuple[AttachSocket, socket.socket]) -> None:
    attached, peer = ends
    attached.send(b"never read")
    peer.close()
    assert attached.receive(memoryview(bytearray(MESSAGE))) is None
    attached.shutdown()
    attached.close()
    attached.close()
    assert os.fstat(0) is not None

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from descriptors import opened
from seabox.kernel import sockets


@pytest.fixture(params=["short", "long"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path if request.param == "short" else tmp_path / ("d" * 120) / ("e" * 120)
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


@pytest.fixture
def listener(directory: str) -> Iterator[socket.socket]:
    folder = os.open(directory, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f"/proc/self/fd/{folder}/attach")
        listening.listen()
        yield listening
    os.close(folder)


def test_messages_stay_apart_over_a_path_of_any_length(listener: socket.socket, directory: str) -> None:
    fd = sockets.connect_seqpacket(directory, "attach")
    peer, _ = listener.accept()
    with peer:
        os.write(fd, b"one")
        os.write(fd, b"two")
        assert (peer.recv(100), peer.recv(100)) == (b"one", b"two")
        sockets.shutdown_write(fd)
        assert peer.recv(100) == b""
        peer.send(b"still here")
        assert os.read(fd, 100) == b"still here"
        assert not os.get_inheritable(fd)
    assert os.read(fd, 100) == b""
    sockets.shutdown_write(fd)
    os.close(fd)


def test_nobody_there_is_an_error_with_the_path_and_leaves_nothing_open(tmp_path: Path) -> None:
    before = opened()
    with pytest.raises(FileNotFoundError, match=f"connect.*{tmp_path}/attach"):
        sockets.connect_seqpacket(str(tmp_path), "attach")
    with pytest.raises(FileNotFoundError):
        sockets.connect_seqpacket(f"{tmp_path}/none", "attach")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stale:
        stale.bind(f"{tmp_path}/attach")
    with pytest.raises(ConnectionRefusedError):
        sockets.connect_seqpacket(str(tmp_path), "attach")
    assert opened() == before


def test_a_fifo_gets_one_line_per_read(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    assert not sockets.write_fifo(path, b"1 2 3\n"), "there is no fifo"
    os.mkfifo(path)
    assert not sockets.write_fifo(path, b"1 2 3\n"), "nobody reads it"
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    reads: list[bytes] = []

    def read() -> None:
        while len(reads) < 20:
            if chunk := os.read(reader, 4096):
                reads.append(chunk)

    lines = [b"1 %d %d\n" % (n, n) for n in range(20)]
    keep = os.open(path, os.O_WRONLY)
    thread = threading.Thread(target=read)
    thread.start()
    for line in lines:
        assert sockets.write_fifo(path, line)
    thread.join(60)
    assert reads == lines
    assert sockets.write_fifo(path, b"nobody takes this\n", patience_seconds=0.02)
    os.close(keep)
    os.close(reader)


def test_what_was_sent_is_read() -> None:
    ours, peer = socket.socketpair(socket.AF_UNIX)
    with ours, peer:
        assert sockets.await_taken(ours.fileno(), 0.01)
        ours.sendall(b"x" * 300)
        assert not sockets.await_taken(ours.fileno(), 0.01)
        reader = threading.Thread(target=lambda: peer.recv(1000))
        reader.start()
        assert sockets.await_taken(ours.fileno(), 10)
        reader.join()

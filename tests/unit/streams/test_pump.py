from __future__ import annotations

import os
import pty
import select
import socket as sockets
import tty
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from seabox.errors import Cancelled, Detached, Disconnected
from seabox.kernel.watch import Cancel
from seabox.oci.attachsock import AttachSocket
from seabox.streams.session import Session
from seabox.streams.spool import DISCONNECT, Patience
from unit.streams.stream_peer import STDERR, Peer

Ends = tuple[AttachSocket, Peer]
InThread = Callable[..., Thread]
MakePipe = Callable[[], tuple[int, int]]
MEGABYTE = bytes(range(256)) * 4096
KEYS = b"\x10\x11"


def read_to_end(fd: int, into: list[bytes]) -> None:
    while data := os.read(fd, 1 << 16):
        into.append(data)


def test_output_goes_to_two_descriptors_after_what_had_come_before(ends: Ends, make_pipe: MakePipe) -> None:
    socket, peer = ends
    (out, out_end), (err, err_end) = make_pipe(), make_pipe()
    with Session(socket) as session:
        peer.out(b"before ")
        assert next(iter(session)) == (1, b"before ")
        peer.out(b"hello ")
        peer.out(b"oops", STDERR)
        peer.out(b"world")
        peer.end_it()
        session.pump(None, out_end, err_end)
    assert (os.read(out, 100), os.read(err, 100)) == (b"hello world", b"oops")


def test_a_reader_who_does_not_read_stalls_neither_the_container_nor_the_other_stream(
    ends: Ends, make_pipe: MakePipe, in_thread: InThread
) -> None:
    socket, peer = ends
    (out, out_end), (err, err_end) = make_pipe(), make_pipe()
    with Session(socket) as session:
        pumping = in_thread(session.pump, None, out_end, err_end)
        peer.out(MEGABYTE * 6)
        peer.out(b"through", STDERR)
        peer.end_it()
        assert os.read(err, 100) == b"through"
        assert pumping.is_alive()
        got: list[bytes] = []
        reading = in_thread(read_to_end, out, got)
        pumping.join(60)
        assert not pumping.is_alive()
        os.close(out_end)
        reading.join(60)
        assert b"".join(got) == MEGABYTE * 6


def test_one_who_is_too_slow_is_disconnected(ends: Ends, make_pipe: MakePipe, in_thread: InThread) -> None:
    socket, peer = ends
    out, out_end = make_pipe()
    ended: list[BaseException] = []

    def pump(session: Session) -> None:
        try:
            session.pump(None, out_end, None)
        except Disconnected as problem:
            ended.append(problem)

    with Session(socket, patience=Patience(DISCONNECT, limit=100_000)) as session:
        pumping = in_thread(pump, session)
        with pytest.raises(ConnectionError):
            peer.out(MEGABYTE * 4)
        assert pumping.is_alive()
        got: list[bytes] = []
        reading = in_thread(read_to_end, out, got)
        pumping.join(60)
        os.close(out_end)
        reading.join(60)
        assert (MEGABYTE * 4).startswith(b"".join(got))
        assert sum(map(len, got)) > 100_000
        assert "waiting to be read" in str(ended[0])


def test_a_closed_gate_keeps_a_terminal_as_it_is(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    screen, terminal = pty.openpty()
    tty.setraw(terminal)
    opened = Event()
    with Session(socket, begin=False) as session:
        gate = lambda of_terminal: of_terminal and opened.is_set()  # noqa: E731
        pumping = in_thread(session.pump, None, terminal, None, None, None, gate)
        peer.out(b"after")
        peer.end_it()
        pumping.join(0.3)
        assert pumping.is_alive()
        assert not select.select([screen], [], [], 0)[0]
        opened.set()
        pumping.join(60)
        assert os.read(screen, 100) == b"after"
    os.close(screen)
    os.close(terminal)


def test_backpressure_makes_the_container_wait(ends: Ends, make_pipe: MakePipe, in_thread: InThread) -> None:
    socket, peer = ends
    out, out_end = make_pipe()
    with Session(socket, patience=Patience(limit=100_000)) as session:
        pumping = in_thread(session.pump, None, out_end, None)
        writer = in_thread(peer.out_and_end, MEGABYTE * 4)
        writer.join(0.2)
        assert writer.is_alive()
        got: list[bytes] = []
        reading = in_thread(read_to_end, out, got)
        pumping.join(60)
        os.close(out_end)
        reading.join(60)
        assert b"".join(got) == MEGABYTE * 4


def test_input_and_its_end_reach_the_container(ends: Ends, make_pipe: MakePipe, in_thread: InThread) -> None:
    socket, peer = ends
    stdin, typing = make_pipe()
    with Session(socket) as session:
        pumping = in_thread(session.pump, stdin, None, None, KEYS)
        os.write(typing, b"line\n\x10")
        assert peer.read() == b"line\n"
        os.close(typing)
        assert [peer.read(), peer.read()] == [b"\x10", b""], "what was held back, then the end"
        assert pumping.is_alive()
        peer.end_it()
        pumping.join(60)


def test_much_input_and_much_output_at_once(ends: Ends, make_pipe: MakePipe, in_thread: InThread) -> None:
    socket, peer = ends
    (stdin, typing), (out, out_end) = make_pipe(), make_pipe()
    got: list[bytes] = []

    def echo() -> None:
        while data := peer.read():
            peer.out(data * 2)
        peer.end_it()

    def type_it() -> None:
        with open(typing, "wb", closefd=True) as file:
            file.write(MEGABYTE * 2)

    with Session(socket) as session:
        for call in (echo, type_it):
            in_thread(call)
        pumping = in_thread(session.pump, stdin, out_end, None)
        pumping.join(1)  # nobody reads the output meanwhile
        assert pumping.is_alive()
        reading = in_thread(read_to_end, out, got)
        pumping.join(60)
        os.close(out_end)
        reading.join(60)
    assert sum(map(len, got)) == len(MEGABYTE) * 4


def test_a_regular_file_as_input_and_as_output(ends: Ends, tmp_path: Path, in_thread: InThread) -> None:
    socket, peer = ends
    (tmp_path / "in").write_bytes(MEGABYTE)
    got: list[bytes] = []

    def take() -> None:
        while data := peer.read():
            got.append(data)
        peer.out(MEGABYTE * 2)
        peer.end_it()

    in_thread(take)
    with Session(socket) as session, open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as sink:
        session.pump(source.fileno(), sink.fileno(), sink.fileno())
    assert b"".join(got) == MEGABYTE
    assert (tmp_path / "out").read_bytes() == MEGABYTE * 2


@pytest.mark.parametrize("pieces", [[b"ls\n\x10\x11rest"], [b"ls\n\x10", b"\x11"]])
def test_the_detach_keys_end_the_session_and_are_not_sent(
    pieces: list[bytes], ends: Ends, make_pipe: MakePipe, in_thread: InThread
) -> None:
    socket, peer = ends
    stdin, typing = make_pipe()
    heard: list[bytes] = []

    def type_it() -> None:
        for piece in pieces:
            os.write(typing, piece)
            if not heard:  # the next one comes alone
                heard.append(peer.read())

    typist = in_thread(type_it)
    with Session(socket) as session:
        with pytest.raises(Detached):
            session.pump(stdin, None, None, KEYS)
        typist.join(60)
        assert heard == [b"ls\n"]
    assert peer.read() == b""


def test_one_can_detach_from_a_container_that_has_closed_its_input(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    keyboard, terminal = pty.openpty()
    tty.setraw(terminal)
    peer.end.shutdown(sockets.SHUT_RD)
    with Session(socket) as session:
        os.write(keyboard, b"x")
        later = Timer(0.05, os.write, (keyboard, b"y" + KEYS))
        later.start()
        with pytest.raises(Detached):
            session.pump(terminal, terminal, terminal, KEYS)
        later.join()
    os.close(keyboard)
    os.close(terminal)


def test_a_container_that_has_closed_its_input_is_not_fed_for_ever(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    peer.end.shutdown(sockets.SHUT_RD)
    with open("/dev/zero", "rb") as endless, Session(socket) as session:
        pumping = in_thread(session.pump, endless.fileno(), None, None, KEYS)
        pumping.join(0.1)
        used = os.times().user
        pumping.join(0.3)
        assert os.times().user - used < 0.2, "nothing is read any more"
        peer.end_it()
        pumping.join(60)


def test_terminals_and_sockets_as_output(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    screen, terminal = pty.openpty()
    tty.setraw(terminal)
    near, far = sockets.socketpair()
    far.settimeout(60)
    got = bytearray()

    def look(read: Callable[[int], bytes], length: int) -> None:
        while len(got) < length:
            got.extend(read(1 << 16))

    with near, far:
        with Session(socket) as session:
            pumping = in_thread(session.pump, None, terminal, near.fileno())
            peer.out(MEGABYTE)
            looking = in_thread(look, lambda n: os.read(screen, n), len(MEGABYTE))
            looking.join(60)
            assert bytes(got) == MEGABYTE
            got.clear()
            peer.out(MEGABYTE, STDERR)
            looking = in_thread(look, far.recv, len(MEGABYTE))
            looking.join(60)
            assert bytes(got) == MEGABYTE
            peer.end_it()
            pumping.join(60)
        assert os.get_blocking(terminal)
        assert near.getblocking()
    os.close(screen)
    os.close(terminal)


def test_a_reader_who_is_gone_and_a_cancel(ends: Ends, make_pipe: MakePipe) -> None:
    socket, peer = ends
    out, out_end = make_pipe()
    os.close(out)
    cancel = Cancel()
    with Session(socket) as session:
        peer.out(b"x")
        with pytest.raises(BrokenPipeError):
            session.pump(None, out_end, None)
        Timer(0.05, cancel.fire).start()
        with pytest.raises(Cancelled):
            session.pump(None, None, None, cancel=cancel)

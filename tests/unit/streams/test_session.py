from __future__ import annotations

import gc
import os
import socket as sockets
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, Timer

import pytest

from seabox.errors import Cancelled, Conflict, InvalidArgument, TimedOut, Unsupported
from seabox.oci.attachsock import MESSAGE, AttachSocket
from seabox.streams.session import Session
from unit.streams.stream_peer import STDERR, Peer

Ends = tuple[AttachSocket, Peer]
InThread = Callable[..., Thread]
MEGABYTE = bytes(range(256)) * 4096


def test_both_streams_come_in_their_order(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket) as session:
        peer.out(b"one ")
        peer.out(b"oops ", STDERR)
        peer.out(b"two")
        peer.end_it()
        assert list(session) == [(1, b"one "), (2, b"oops "), (1, b"two")]
        assert list(session) == []
        everything = session.read_all()
        assert (everything.stdout, everything.stderr) == (b"", b"")


def test_read_all_keeps_what_came_before_the_time_was_up(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket) as session:
        peer.out(b"early ")
        with pytest.raises(TimedOut):
            session.read_all(timeout_seconds=0.05)
        peer.out(b"err", STDERR)
        peer.out(b"late")
        peer.end_it()
        everything = session.read_all(timeout_seconds=10)
        assert (everything.stdout, everything.stderr) == (b"early late", b"err")


def test_a_caller_who_does_not_read_does_not_stall_the_container(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket) as session:
        writer = in_thread(peer.out, MEGABYTE * 8)
        writer.join(20)
        assert not writer.is_alive()
        peer.end_it()
        assert session.read_all().stdout == MEGABYTE * 8
        assert session.dropped == 0


def test_backpressure_makes_the_container_wait(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket, spool_limit=100_000) as session:
        writer = in_thread(peer.out_and_end, MEGABYTE * 4)
        writer.join(0.2)
        assert writer.is_alive()
        assert b"".join(data for _, data in session) == MEGABYTE * 4


def test_a_small_spool_never_gets_stuck(in_thread: InThread) -> None:
    for _ in range(40):
        ours, theirs = sockets.socketpair(sockets.AF_UNIX, sockets.SOCK_SEQPACKET)
        peer = Peer(theirs)
        with Session(AttachSocket(ours.detach()), spool_limit=50_000) as session:
            in_thread(peer.out_and_end, MEGABYTE)
            assert len(session.read_all(timeout_seconds=20).stdout) == len(MEGABYTE)


def test_drop_throws_away_and_counts(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket, slow_reader="drop", spool_limit=100_000) as session:
        writer = in_thread(peer.out_and_end, MEGABYTE * 4)
        writer.join(20)
        assert not writer.is_alive()
        got = session.read_all().stdout
        assert got.startswith(MEGABYTE[:50_000])
        assert session.dropped > len(MEGABYTE) * 3
        assert len(got) + session.dropped == len(MEGABYTE) * 4
    with pytest.raises(InvalidArgument):
        Session(socket, slow_reader="sometimes")


def test_input_goes_in_pieces_and_ends_only_when_it_is_told_to(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket) as session:
        session.write(b"")
        session.write(b"x" * (MESSAGE + 1))
        session.write(b"tail")
        session.close_stdin()
        assert [len(peer.read()) for _ in range(4)] == [MESSAGE, 1, 4, 0]
        peer.out(b"still here")
        peer.end_it()
        assert session.read_all().stdout == b"still here"
        with pytest.raises(Conflict, match="standard input is closed"):
            session.write(b"more")


def test_writing_waits_for_the_container_while_its_output_is_taken(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends

    def echo() -> None:
        while data := peer.read():
            peer.out(data * 2)  # blocks as soon as nobody reads
        peer.end_it()

    in_thread(echo)
    with Session(socket) as session:
        session.write(MEGABYTE)
        session.close_stdin()
        assert len(session.read_all().stdout) == 2 * len(MEGABYTE)


def test_a_reset_is_the_end(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket) as session:
        session.write(b"never read")
        peer.out(b"said")
        peer.end_it()
        assert session.read_all().stdout in (b"said", b"")  # the kernel may throw it away with the reset


@pytest.mark.parametrize("how", ["cancel", "close"])
@pytest.mark.parametrize("what", ["read_all", "iterate", "write", "pump"])
def test_another_thread_can_end_every_call_that_blocks(how: str, what: str, ends: Ends) -> None:
    socket, _ = ends
    calls: dict[str, Callable[[Session], object]] = {
        "read_all": Session.read_all,
        "iterate": list,
        "write": lambda session: session.write(MEGABYTE * 8),
        "pump": lambda session: session.pump(None, None, None),
    }
    with Session(socket) as session:
        Timer(0.1, getattr(session, how)).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            calls[what](session)
        assert time.monotonic() - started < 10
        with pytest.raises(Cancelled):
            calls[what](session)


def test_closing_gives_everything_back_once(ends: Ends) -> None:
    socket, peer = ends
    closed: list[int] = []
    gc.collect()  # what only a cycle keeps of other tests
    before = len(os.listdir("/proc/self/fd"))
    session = Session(socket, on_close=lambda: closed.append(1))
    peer.out(b"x")
    session.close()
    session.close()
    assert closed == [1]
    with suppress(ConnectionResetError):  # "x" may not have been read
        assert peer.read() == b"", "the peer sees that we are gone"
    with pytest.raises(Cancelled):
        session.write(b"x")
    del session
    assert len(os.listdir("/proc/self/fd")) == before - 1  # the socket


def test_resizing_is_what_the_caller_made_it(ends: Ends) -> None:
    socket, _ = ends
    sizes: list[tuple[int, int]] = []
    with Session(socket, resize=lambda height, width: sizes.append((height, width))) as session:
        session.resize(50, 132)
        assert sizes == [(50, 132)]
    with Session(AttachSocket(os.dup(0))) as session, pytest.raises(Unsupported):
        session.resize(1, 1)

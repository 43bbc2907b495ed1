from __future__ import annotations

import os
import select
import socket as sockets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread, Timer

import pytest

from descriptors import opened
from seabox.errors import Cancelled, Conflict, Detached, Disconnected, InvalidArgument, TimedOut, Unsupported
from seabox.oci.attachsock import MESSAGE, AttachSocket
from seabox.streams.session import Session
from seabox.streams.spool import DISCONNECT, Patience
from unit.streams.stream_peer import STDERR, STDOUT, Peer

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
        everything = session.read_all(timeout_seconds=60)
        assert (everything.stdout, everything.stderr) == (b"early late", b"err")


def test_a_caller_who_does_not_read_does_not_stall_the_container(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket) as session:
        writer = in_thread(peer.out, MEGABYTE * 8)
        writer.join(60)
        assert not writer.is_alive()
        peer.end_it()
        assert session.read_all().stdout == MEGABYTE * 8
        assert session.dropped == 0


def test_backpressure_makes_the_container_wait(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket, patience=Patience(limit=100_000)) as session:
        writer = in_thread(peer.out_and_end, MEGABYTE * 4)
        writer.join(0.2)
        assert writer.is_alive()
        assert b"".join(data for _, data in session) == MEGABYTE * 4


def test_a_small_spool_never_gets_stuck(in_thread: InThread) -> None:
    for _ in range(40):
        ours, theirs = sockets.socketpair(sockets.AF_UNIX, sockets.SOCK_SEQPACKET)
        peer = Peer(theirs)
        with Session(AttachSocket(ours.detach()), patience=Patience(limit=50_000)) as session:
            in_thread(peer.out_and_end, MEGABYTE)
            assert len(session.read_all(timeout_seconds=60).stdout) == len(MEGABYTE)


def test_one_who_is_too_slow_gets_what_waits_and_then_the_reason(ends: Ends, in_thread: InThread) -> None:
    socket, peer = ends
    with Session(socket, patience=Patience(DISCONNECT, limit=1_000_000)) as session:
        with suppress(ConnectionError):
            peer.out(MEGABYTE * 4)
        with pytest.raises(ConnectionError):
            peer.out(b"nobody is there any more")
        pieces: list[bytes] = []
        with pytest.raises(Disconnected, match="more than 1000000 bytes of output were waiting"):
            pieces.extend(data for _, data in session)
        got = b"".join(pieces)
        assert len(got) > 1_000_000 - 16 * MESSAGE
        assert (MEGABYTE * 4).startswith(got)
        with pytest.raises(Disconnected):
            session.write(b"me too")


class Relieved:
    """A container that is to end from the moment that `fd` is readable."""

    recheck_seconds = None
    closed = 0

    def __init__(self, fd: int) -> None:
        self.fds = [fd]

    def due(self) -> bool:
        return bool(select.select(self.fds, [], [], 0)[0])

    def close(self) -> None:
        Relieved.closed += 1


def test_a_container_that_is_to_end_does_not_wait_for_its_reader(
    ends: Ends, in_thread: InThread, make_pipe: Callable[[], tuple[int, int]]
) -> None:
    socket, peer = ends
    ending, tell = make_pipe()
    before = Relieved.closed
    with Session(socket, patience=Patience(limit=500_000, relief=lambda: Relieved(ending))) as session:
        writer = in_thread(peer.out_and_end, MEGABYTE * 4)
        writer.join(0.2)
        assert writer.is_alive()
        os.write(tell, b"!")
        writer.join(60)
        assert not writer.is_alive()
        got = session.read_all().stdout
        assert (MEGABYTE * 4).startswith(got)
        assert len(got) >= 500_000
        assert len(got) + session.dropped == len(MEGABYTE) * 4
    assert Relieved.closed == before + 1


def test_what_waits_is_in_a_file_and_comes_in_order(ends: Ends, in_thread: InThread, tmp_path: Path) -> None:
    socket, peer = ends
    with Session(socket, patience=Patience(folder=str(tmp_path))) as session:
        pieces = [(STDERR if n % 3 else STDOUT, bytes([n % 251]) * (n * 37 % MESSAGE + 1)) for n in range(1000)]
        for stream, data in pieces:
            peer.out(data, stream)
        peer.end_it()
        got = list(session)
        for stream, wanted in ((1, STDOUT), (2, STDERR)):
            assert b"".join(d for s, d in got if s == stream) == b"".join(d for s, d in pieces if s == wanted)
    assert os.listdir(tmp_path) == []


def test_some_of_the_streams(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket, streams=["stderr"]) as session:
        peer.out(b"out")
        peer.out(b"err", STDERR)
        peer.end_it()
        assert list(session) == [(2, b"err")]
        with pytest.raises(Conflict, match="has not joined"):
            session.write(b"x")
    for wrong in ([], ["stdlog"], "stdin"):
        with pytest.raises(InvalidArgument):
            Session(socket, streams=wrong)


def test_detach_keys_in_what_is_written(ends: Ends) -> None:
    socket, peer = ends
    with Session(socket, keys=b"\x10\x11") as session:
        session.write(b"ls\n\x10")
        with pytest.raises(Detached):
            session.write(b"\x11never")
        with pytest.raises(Cancelled):
            session.write(b"nor this")
    assert [peer.read(), peer.read()] == [b"ls\n", b""]


def test_writing_has_a_timeout(ends: Ends) -> None:
    socket, _ = ends
    with Session(socket) as session, pytest.raises(TimedOut):
        session.write(MEGABYTE * 4, timeout_seconds=0.05)


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
        assert time.monotonic() - started < 60
        with pytest.raises(Cancelled):
            calls[what](session)


def test_closing_gives_everything_back_once(ends: Ends) -> None:
    socket, peer = ends
    closed: list[int] = []
    before = len(opened())
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
    assert len(opened()) == before - 1  # the socket


def test_resizing_is_what_the_caller_made_it(ends: Ends) -> None:
    socket, _ = ends
    sizes: list[tuple[int, int]] = []
    with Session(socket, resize=lambda height, width: sizes.append((height, width))) as session:
        session.resize(50, 132)
        assert sizes == [(50, 132)]
    with Session(AttachSocket(os.dup(0))) as session, pytest.raises(Unsupported):
        session.resize(1, 1)

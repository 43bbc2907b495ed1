"""Sessions on real containers: several clients, input and its end, much output, terminals."""

from __future__ import annotations

import hashlib
import os
import random
import select
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack

import pytest

import seabox
from engine.home import SLEEPER, Home, conmon_of, obedient
from seabox.errors import Conflict, ExitCodeUnknown, StateConflict, TimedOut
from seabox.kernel import process
from seabox.kernel.procfs import blocked_on
from seabox.streams.session import Session

CHUNKINGS = int(os.environ.get("SEABOX_TEST_CHUNKINGS", "20"))  # 2000 in the issue


def until(session: Session, text: bytes) -> bytes:
    """What comes next, up to and with `text`."""
    seen = b""
    for _, data in session:
        seen += data
        if text in seen:
            break
    return seen


def test_two_clients(engine: seabox.Engine) -> None:
    """Both get everything from when they came; either may leave; both may write."""
    script = "echo ready; while read line; do echo got $line; done; exit 5"
    ctr = engine.containers.create("busybox", ["sh", "-c", script], tty=True)
    with ctr.start_and_attach() as first:
        assert until(first, b"\n") == b"ready\r\n"
        with ctr.attach() as second:
            second.write(b"one\n")
            for session in (first, second):
                assert until(session, b"got one\r\n") == b"one\r\ngot one\r\n"
        first.write(b"two\n")
        assert until(first, b"got two\r\n") == b"two\r\ngot two\r\n"
        with ctr.attach() as third:
            first.write(b"\x04")
            assert third.read_all(60).stdout == b""
            assert ctr.wait() == 5


def test_input_and_its_end(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "cat; exit 4"], stdin=True)
    data = bytes(range(256)) * 20_000
    with ctr.start_and_attach() as session:
        session.write(data)
        session.close_stdin()
        assert session.read_all(60).stdout == data
        assert ctr.wait() == 4
        with pytest.raises(Conflict):
            session.write(b"too late")


def test_input_that_nobody_asked_for(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["cat"])
    with ctr.start_and_attach() as session:
        assert session.read_all(60).stdout == b""
    assert ctr.wait() == 0


def test_much_on_both_streams(engine: seabox.Engine) -> None:
    block = "dd if=/dev/zero bs=64k count=512 2>/dev/null | tr '\\0' "
    ctr = engine.containers.create("busybox", ["sh", "-c", f"{block} a & {block} b >&2; wait"], log_driver="none")
    size = 512 << 16
    with ctr.start_and_attach() as session:
        output = session.read_all(60)
        assert ctr.wait() == 0
    assert hashlib.sha256(output.stdout).digest() == hashlib.sha256(b"a" * size).digest()
    assert hashlib.sha256(output.stderr).digest() == hashlib.sha256(b"b" * size).digest()


def test_a_client_that_does_not_read_stalls_nobody(engine: seabox.Engine) -> None:
    """conmon stops a container whose client does not read: the session reads for it."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "read go; dd if=/dev/zero bs=1M count=24; exit 3"], stdin=True, log_driver="none"
    )
    ctr.init()
    with ctr.attach() as lazy, ctr.start_and_attach() as session:
        session.write(b"\n")
        assert len(session.read_all(60).stdout) == 24 << 20
        assert ctr.wait(timeout=60) == 3
        assert lazy.dropped == 0


def test_leaving_is_no_end(engine: seabox.Engine) -> None:
    ctr = obedient(engine)
    with ctr.attach() as session:
        with pytest.raises(TimedOut):
            session.read_all(0.05)
        session.close()
    assert ctr.status == "running"
    ctr.stop()
    assert ctr.wait() == 9


def test_attach_needs_a_container_that_is_there(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["true"])
    with pytest.raises(StateConflict):
        ctr.attach()
    ctr.init()
    with ctr.attach() as session:  # before it starts: not a byte is lost
        ctr.start()
        assert session.read_all(60).stdout == b""
    ctr.wait()
    with pytest.raises(StateConflict):
        ctr.attach()
    assert [event.kind for event in engine.events()].count("attach") == 1


def test_who_attaches_before_the_start_misses_nothing(engine: seabox.Engine) -> None:
    """However many they are, and though conmon, on a busy machine, has not accepted them yet."""
    ctr = engine.containers.create("busybox", ["echo", "hello"])
    ctr.init()
    conmon = conmon_of(ctr)
    process.send_signal(conmon, signal.SIGSTOP)
    while not process.stopped(conmon.pid):
        select.poll().poll(1)
    with ExitStack() as undo:
        sessions = [undo.enter_context(ctr.attach()) for _ in range(5)]
        starting = threading.Thread(target=ctr.start)
        starting.start()
        starting.join(0.5)
        process.send_signal(conmon, signal.SIGCONT)
        starting.join(60)
        assert [session.read_all(60).stdout for session in sessions] == [b"hello\n"] * 5
    assert ctr.wait(timeout=60) == 0


def test_a_session_outlives_nothing_but_its_container(engine: seabox.Engine) -> None:
    """Killed from elsewhere, the container takes its sessions along."""
    ctr = engine.containers.create("busybox", SLEEPER)
    with ctr.start_and_attach() as session:
        ctr.remove(force=True, timeout=0)
        assert session.read_all(60).stdout == b""


def test_a_terminal_and_its_size(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "read line; stty size; tty"], tty=True)
    with ctr.start_and_attach() as session:
        session.resize(33, 101)
        session.write(b"go\n")
        assert session.read_all(60).stdout.split() == b"go 33 101 /dev/pts/0".split()
        assert ctr.wait() == 0




def stalled(ctr: seabox.Container, engine: seabox.Engine) -> socket.socket:
    """A client that is none of ours and does not read; conmon waits for it already, and so does the container."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = os.open(engine.config.run_dir(ctr.id), os.O_PATH | os.O_DIRECTORY)
    client.connect(f"/proc/self/fd/{folder}/attach")
    os.close(folder)
    conmon = conmon_of(ctr)
    poller = select.poll()
    while not blocked_on(conmon.pid).startswith("socket:"):
        poller.poll(10)
    return client


def test_an_end_that_a_client_holds_up(engine: seabox.Engine) -> None:
    """`stop` does not wait for it; the code is filled in when the client reads, or leaves."""
    ctr = engine.containers.run("busybox", ["yes"], log_driver="none")
    with stalled(ctr, engine):
        ctr.stop(timeout=1)
        assert ctr.status == "stopped"
        with pytest.raises(TimedOut):
            ctr.wait(timeout=0.1)
    assert ctr.wait(timeout=60) == 137
    ctr.wait("exited", timeout=60)
    ctr.start()
    with stalled(ctr, engine):
        ctr.kill()
    assert ctr.wait(timeout=60) == 137


def test_a_removal_that_a_client_holds_up(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["yes"], log_driver="none")
    with stalled(ctr, engine):
        ctr.remove(force=True, timeout=1)
        with pytest.raises(ExitCodeUnknown):
            ctr.wait(timeout=1)


def test_every_chunking_arrives_whole(engine: seabox.Engine) -> None:
    """Through the session of the start, one that came later, an exec and the log: the same bytes."""
    chance, whole = random.Random(4), b""
    ctr = engine.containers.create("busybox", ["cat"], stdin=True, log_options={"max-size": "2g"})  # short lines
    with ctr.start_and_attach() as first, ctr.attach() as later, ctr.exec(["cat"], stdin=True) as inside:
        for _ in range(CHUNKINGS):
            pieces = [_piece(chance) for _ in range(chance.randrange(1, 6))]
            for piece in pieces:
                first.write(piece)
                inside.write(piece)
            sent = b"".join(pieces)
            whole += sent
            for session in (first, later, inside):
                got = b""
                while len(got) < len(sent):
                    got += b"".join(data for _, data in session.read(60))
                assert got == sent
        inside.close_stdin()
        assert inside.wait(60) == 0
        first.close_stdin()
        assert ctr.wait(timeout=60) == 0
    assert b"".join(line.payload for line in ctr.logs()) == whole


def _piece(chance: random.Random) -> bytes:
    size = chance.choice((1, 2, 100, 4096, 8191, 8192, 8193, 12_000))
    return bytes(chance.choices(b"a\n\r\0 \xff\xc3", k=size))


STALLED = """
import os, socket, sys, threading
from contextlib import ExitStack

def rss(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key)) << 10

def opened():  # but for those of the database, which SQLite keeps for the next thread
    fds = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    others = [fd for fd in fds if os.path.lexists(fd) and not os.readlink(fd).endswith("/seabox.db")]
    return len(others), len(os.listdir("/proc/self/task"))

clients, size = int(sys.argv[1]), int(sys.argv[2])
ctr = engine.containers.get("loud")
ctr.init()
with ctr.attach():
    pass  # all that is imported on first use is there
before, base = opened(), rss("VmRSS")
with ExitStack() as undo:
    sessions = [undo.enter_context(ctr.attach(streams=["stdout"])) for _ in range(clients // 2)]
    wires, threads = [], []
    for _ in range(clients - len(sessions)):
        ours, theirs = socket.socketpair()
        wires.append(undo.enter_context(ours))
        joined = threading.Event()

        def answer(theirs=theirs, joined=joined):
            joined.set()
            return theirs

        threads.append(threading.Thread(target=ctr.http_attach, args=(answer,), kwargs={"streams": ["stdout"]}))
        threads[-1].start()
        assert joined.wait(60)
    ctr.start()
    assert ctr.wait(timeout=120) == 7  # nobody has read a byte
    for session in sessions:
        got = 0
        while runs := session.read(60):
            got += sum(len(data) for _, data in runs)
        assert got == size, got
    for wire in wires:
        got = 0
        while data := wire.recv(1 << 16):
            got += len(data)
        assert size < got < size * 1.01, got  # with the heads of docker's frames
        wire.close()
    for thread in threads:
        thread.join(60)
del session, sessions, runs
for _ in range(600):
    if all(map(int.__le__, opened(), before)):  # a thread may be about to close what was watched, at both times
        break
    threading.Event().wait(0.1)
print(base, rss("VmHWM"), *before, *opened())
"""


def test_a_hundred_clients_that_read_nothing(home: Home, engine: seabox.Engine) -> None:
    """Half of them sessions, half at the end of a connection: what waits for them is in files, and none of it lost."""
    clients, size = 100, 2 << 20  # far more than what sockets and pipes hold
    script = f"dd if=/dev/zero bs=64k count={size >> 16} 2>/dev/null; exit 7"
    engine.containers.create("busybox", ["sh", "-c", script], name="loud", log_driver="none")
    with home.python(STALLED, str(clients), str(size), stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        base, most, *opened = map(int, holder.stdout.read().split())
    assert holder.returncode == 0
    assert most - base < 80 << 20, "less than a megabyte for each of them, of the two that wait"
    fds, threads, fds_left, threads_left = opened
    assert (fds_left <= fds, threads_left <= threads) == (True, True), opened

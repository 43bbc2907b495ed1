"""Attaching over a connection: docker's frames byte for byte, a log and what follows it, errors before an answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import seabox
from engine.home import SLEEPER, kinds
from seabox.container.exec_session import ExecSession
from seabox.errors import CommandNotFound, InvalidArgument, StateConflict, Unsupported
from seabox.model.ids import new_id
from seabox.streams.mux import Decoder, encode

OUT, ERR = 1, 2
READER = ("sh", "-c", "while read line; do echo got $line; echo bad $line >&2; done; echo over")


class Client:
    """One end of a connection whose other end is attached, by a thread, with these options."""

    def __init__(self, ctr: seabox.Container | ExecSession, **options: Any) -> None:
        self.end, self.theirs = socket.socketpair()
        self.end.settimeout(60)
        self.problem: BaseException | None = None
        self.joined = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ctr, options), daemon=True)
        self._thread.start()

    def _serve(self, ctr: seabox.Container | ExecSession, options: dict[str, Any]) -> None:
        try:
            ctr.http_attach(self._answer, **options)
        except BaseException as problem:
            self.problem = problem

    def _answer(self) -> socket.socket:
        self.joined.set()
        return self.theirs

    def exactly(self, wanted: bytes) -> None:
        got = b""
        while len(got) < len(wanted) and (data := self.end.recv(len(wanted) - len(got))):
            got += data
        assert got == wanted

    def rest(self) -> bytes:
        got = bytearray()
        while data := self.end.recv(1 << 20):
            got += data
        return bytes(got)

    def over(self) -> None:
        """The attachment has come to its end, without an error, and its socket is closed."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.problem is not None:
            raise self.problem
        assert self.theirs.fileno() == -1

    def close(self) -> None:
        self.end.close()
        self._thread.join(60)


@contextmanager
def client(ctr: seabox.Container | ExecSession, **options: Any) -> Iterator[Client]:
    found = Client(ctr, **options)
    try:
        assert found.joined.wait(60)
        yield found
    finally:
        found.close()


def demultiplexed(wire: bytes) -> tuple[bytes, bytes]:
    decoder = Decoder()
    frames = list(decoder.feed(wire))
    assert not decoder.incomplete
    return tuple(b"".join(data for stream, data in frames if stream == which) for which in (OUT, ERR))  # type: ignore[return-value]


def test_frames_are_exact_and_a_half_close_reaches_the_container(engine: seabox.Engine) -> None:
    """D13, D14, D18: the length is that of the payload; the end of the input does not end the output."""
    ctr = engine.containers.create("busybox", READER, stdin=True)
    with client(ctr) as http:  # D21: it was never started; attach, then start
        ctr.start()
        http.end.sendall(b"one\n")
        wire = b""
        while len(wire) < len(encode(OUT, b"got one\n") + encode(ERR, b"bad one\n")):
            wire += http.end.recv(1000)
        assert demultiplexed(wire) == (b"got one\n", b"bad one\n")
        http.end.shutdown(socket.SHUT_WR)
        assert http.rest() == encode(OUT, b"over\n")
        http.over()
    assert ctr.wait(timeout=60) == 0
    assert kinds(engine) == ["create", "init", "attach", "start", "died", "cleanup"]


def test_a_terminal_is_raw(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["sh", "-c", "read line; printf 'no end'"], tty=True)
    ctr.start()
    with client(ctr, typed=b"early ") as http:
        http.end.sendall(b"bird\n")
        assert http.rest() == b"early bird\r\nno end"
        http.over()


def test_some_of_the_streams(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", READER, stdin=True)
    ctr.init()
    with client(ctr, streams=["stdout"]) as outs, client(ctr, streams=["stdin", "stderr"]) as errs:
        ctr.start()
        errs.end.sendall(b"one\n")
        errs.end.shutdown(socket.SHUT_WR)
        assert demultiplexed(outs.rest()) == (b"got one\nover\n", b"")
        assert demultiplexed(errs.rest()) == (b"", b"bad one\n")


def test_detaching_says_nothing(engine: seabox.Engine) -> None:
    """D19. Keys are those of the engine, others, or none."""
    ctr = engine.containers.run("busybox", ["sh", "-c", "stty raw -echo; echo; cat"], tty=True)
    with client(ctr, logs=True) as http:
        http.exactly(b"\n")
    for options, keys in (({}, b"\x10\x11"), ({"detach_keys": "x,y"}, b"xy")):
        with client(ctr, **options) as http:
            http.end.sendall(keys[:1])
            http.end.sendall(keys[1:])
            assert http.rest() == b""
            http.over()
    with client(ctr, detach_keys="") as http:
        http.end.sendall(b"\x10\x11\n")
        http.exactly(b"\x10\x11\n")
    assert ctr.status == "running"


def test_errors_come_before_the_answer(engine: seabox.Engine) -> None:
    """D20: the function that would answer the client is not called; a socket is closed without a byte."""
    ctr = engine.containers.run("busybox", SLEEPER, log_driver="none")
    for options, error in (
        ({"streams": []}, InvalidArgument),
        ({"streams": ["stdlog"]}, InvalidArgument),
        ({"stream": False}, InvalidArgument),
        ({"detach_keys": "ctrl-ab"}, InvalidArgument),
        ({"slow_reader": "maybe"}, InvalidArgument),
        ({"spool_limit": 0}, InvalidArgument),
        ({"logs": True}, Unsupported),
    ):
        with pytest.raises(error):
            ctr.http_attach(_never, **options)
        ours, theirs = socket.socketpair()
        with ours:
            with pytest.raises(error):
                ctr.http_attach(theirs, **options)
            assert theirs.fileno() == -1
            assert ours.recv(100) == b""
    ctr.pause()
    with pytest.raises(StateConflict):
        ctr.http_attach(_never)
    ctr.unpause()


def _never() -> socket.socket:
    raise AssertionError("the client was answered")


def test_the_function_is_called_when_all_is_well(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["cat"], stdin=True)
    ours, theirs = socket.socketpair()
    called: list[str] = []

    def hijack() -> socket.socket:
        called.append(ctr.status)
        ours.shutdown(socket.SHUT_WR)
        return theirs

    with ours:
        ctr.http_attach(hijack)
        assert called == ["running"]
        assert theirs.fileno() == -1


def test_the_log_alone(engine: seabox.Engine) -> None:
    """D14: partial lines, NULs, CR and a missing end as they were written; also of one that has ended."""
    script = r"printf 'one\r\nt\0wo'; sleep 0.1; printf ' more\n' ; echo bad >&2; sleep 0.1; printf x"
    ctr = engine.containers.create("busybox", ["sh", "-c", script])
    ctr.start()
    ctr.wait()
    with client(ctr, stream=False, logs=True) as http:
        assert demultiplexed(http.rest()) == (b"one\r\nt\0wo more\nx", b"bad\n")
        http.over()
    assert kinds(engine).count("attach") == 0


def test_a_client_that_leaves_in_the_middle_of_the_log(engine: seabox.Engine) -> None:
    """D16: the call returns, though the client takes no more of a log that is larger than any buffer."""
    ctr = engine.containers.run("busybox", ["sh", "-c", "yes | head -c 4000000"])
    ctr.wait()
    with client(ctr, stream=False, logs=True) as http:
        assert http.end.recv(100)
        http.end.close()
        http.over()


def test_a_quiet_container(engine: seabox.Engine) -> None:
    """What is in the log, then what comes: lines that are all alike are told apart by nothing but their number."""
    ctr = engine.containers.create("busybox", ["sh", "-c", "echo y; while read line; do echo y; done"], stdin=True)
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (OUT, b"y\n")
        with client(ctr, logs=True) as first:
            first.exactly(encode(OUT, b"y\n"))
            session.write(b"\n")
            first.exactly(encode(OUT, b"y\n"))
            with client(ctr, logs=True) as second:
                wire = b""
                while len(demultiplexed(wire)[0]) < 4:
                    wire += second.end.recv(100)
                session.write(b"\n")
                second.exactly(encode(OUT, b"y\n"))
                first.exactly(encode(OUT, b"y\n"))
        session.close_stdin()
    assert ctr.wait(timeout=60) == 0


def test_a_further_command(engine: seabox.Engine) -> None:
    """As with a container; its code is known when the client sees the end, and a client that leaves ends nothing."""
    ctr = engine.containers.run("busybox", SLEEPER)
    id = new_id()
    session = ctr.exec(("sh", "-c", f"{READER[2]}; exit 7"), stdin=True, begin=False, id=id)
    with session, client(session, framed=True, typed=b"one\n") as http:
        http.exactly(encode(OUT, b"got one\n"))
        http.exactly(encode(ERR, b"bad one\n"))
        http.end.shutdown(socket.SHUT_WR)
        assert http.rest() == encode(OUT, b"over\n")
        record = engine.containers.exec_session(id).record()
        assert (record.exit_code, record.active) == (7, False)
        http.over()
    with ctr.exec(["cat"], tty=True, begin=False) as session, client(session, framed=False, detach_keys="x") as http:
        http.end.sendall(b"a")
        http.exactly(b"a")
        http.end.sendall(b"x")
        assert http.rest() == b""
        http.over()
        assert session.poll() is None
    with ctr.exec(SLEEPER, begin=False) as session:
        with client(session, framed=True):
            pass
        assert session.poll() is None
        with pytest.raises(InvalidArgument):
            session.http_attach(_never, framed=True, streams=[])
    for each in ctr.execs:
        each.remove(force=True)


def test_a_container_that_cannot_be_started(engine: seabox.Engine) -> None:
    """One that came early sees the end; whoever starts it is told why."""
    ctr = engine.containers.create("busybox", ["/nothing"])
    with pytest.raises(CommandNotFound):
        ctr.http_attach(_never)
    with client(ctr, early=True) as http:
        assert http.rest() == b""
        http.over()
    with pytest.raises(CommandNotFound):
        ctr.start()


# Numbers, so that a gap or a repetition shows; both streams; as fast as it can, beginning when told to
COUNTER = """
read go
i=0
while [ $i -lt 30000 ]; do
    echo $i
    i=$((i+1))
    [ $((i % 7)) = 0 ] && echo e$i >&2
done
read end
"""


@pytest.mark.parametrize("script", [COUNTER, "read go; yes | head -c 4000000; read end"], ids=["counter", "alike"])
def test_ten_clients_that_come_while_much_is_written(engine: seabox.Engine, script: str) -> None:
    """Each gets all that there is from the beginning, though the log is rotated between."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", script], stdin=True, log_options={"max-size": "1m" if "i=" in script else "1g"}
    )
    with ctr.start_and_attach(slow_reader="backpressure") as session:
        whole: dict[int, bytearray] = {OUT: bytearray(), ERR: bytearray()}
        clients: list[Client] = []
        results: list[tuple[bytes, bytes]] = []
        readers: list[threading.Thread] = []

        def read(each: Client) -> None:
            results.append(demultiplexed(each.rest()))

        def end() -> None:  # not before all are attached: one that comes after the end waits for the next start
            for each in clients:
                assert each.joined.wait(60)
            session.write(b"\n")

        session.write(b"\n")
        for stream, data in session:
            whole[stream] += data
            if len(clients) < 10 and len(whole[OUT]) > len(clients) * 3000:
                clients.append(Client(ctr, logs=True, spool_limit=1 << 30))
                readers.append(threading.Thread(target=read, args=(clients[-1],), daemon=True))
                readers[-1].start()
                if len(clients) == 10:
                    readers.append(threading.Thread(target=end, daemon=True))
                    readers[-1].start()
        for reader in readers:
            reader.join(60)
        for each in clients:
            each.over()
            each.close()
    assert ctr.wait(timeout=60) == 0
    assert len(results) == 10
    for out, err in results:
        for stream, got in ((OUT, out), (ERR, err)):
            assert whole[stream].endswith(got)
            assert len(got) == len(whole[stream]) or stream == ERR or "i=" in script

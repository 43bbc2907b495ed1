"""Containers whose output goes to the journal: read, followed, replayed to clients, byte for byte."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import seabox
from engine import journal
from engine.home import Home
from engine.test_http_attach import client, demultiplexed
from seabox.errors import Cancelled, Conflict, TimedOut, Unsupported
from seabox.kernel.watch import Cancel
from seabox.streams.mux import encode

OUT, ERR = 1, 2


@pytest.fixture(autouse=True)
def journald(runtime: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with journal.running(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def engine(journald: object, home: Home) -> Iterator[seabox.Engine]:
    with home.engine() as engine:
        yield engine


def run(engine: seabox.Engine, script: str) -> tuple[seabox.Container, dict[int, bytes]]:
    """A container that has ended, and all that it wrote."""
    ctr = engine.containers.create("busybox", ["sh", "-c", script], log_driver="journald")
    written = {OUT: b"", ERR: b""}
    with ctr.start_and_attach() as session:
        for stream, data in session:
            written[stream] += data
    ctr.wait(timeout=60)
    return ctr, written


def payload(lines: list[seabox.LogLine], stream: int) -> bytes:
    return b"".join(line.payload for line in lines if line.stream == stream)


SCRIPT = r"""
printf 'one\r\nt\0wo'; echo bad >&2; sleep 0.1; printf ' more\n\n  \377\t\n'
head -c 20000 /dev/zero | tr '\0' x; echo; head -c 9000 /dev/zero | tr '\0' e >&2; echo >&2
printf 'no end'
"""


def test_every_byte_is_there(engine: seabox.Engine) -> None:
    """NULs, CR, bytes that are no text, lines longer than conmon's buffer, a last line without an end."""
    before = time.time_ns()
    ctr, written = run(engine, SCRIPT)
    assert written[OUT].startswith(b"one\r\nt\0wo more\n\n  \xff\t\nxxx")
    lines = list(ctr.logs())
    for stream in (OUT, ERR):
        assert payload(lines, stream) == written[stream]
    assert [line.payload for line in lines if line.partial] == [b"no end"]
    assert all(before <= line.at <= time.time_ns() for line in lines)
    assert list(ctr.logs(follow=True)) == lines
    for tail in range(len(lines) + 2):
        assert list(ctr.logs(tail=tail)) == lines[len(lines) - tail if tail < len(lines) else 0 :]
        assert list(ctr.logs(tail=tail, follow=True)) == lines[len(lines) - tail if tail < len(lines) else 0 :]
    middle = lines[3].at
    assert list(ctr.logs(since=middle)) == [line for line in lines if line.at >= middle]
    assert list(ctr.logs(until=middle)) == [line for line in lines if line.at <= middle]
    assert list(ctr.logs(since=time.time_ns(), follow=True)) == []


def test_all_runs_and_no_other_container(engine: seabox.Engine) -> None:
    ctr, _ = run(engine, "echo again")
    run(engine, "echo other")
    ctr.start()
    ctr.wait(timeout=60)
    assert [line.payload for line in ctr.logs()] == [b"again\n"] * 2
    assert [line.payload for line in ctr.logs(tail=1)] == [b"again\n"]


def test_what_another_user_sends_is_not_of_the_container(engine: seabox.Engine) -> None:
    """Anybody may write to the journal, and claim to be conmon."""
    ctr, _ = run(engine, "echo true")
    forged = f"CONTAINER_ID_FULL={ctr.id}\nPRIORITY=6\nMESSAGE=forged\n"
    subprocess.run(["logger", "--journald"], input=forged.encode(), user=65534, check=True)
    assert [line.payload for line in ctr.logs()] == [b"true\n"]


def test_following(engine: seabox.Engine) -> None:
    """Lines come as they are written; the end of the container is the end."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "while read line; do echo $line; done; printf over"], stdin=True, log_driver="journald"
    )
    with ctr.start_and_attach() as session:
        session.write(b"zero\n")
        assert next(ctr.logs(follow=True)).payload == b"zero\n"
        lines = ctr.logs(follow=True, tail=1)
        assert next(lines).payload == b"zero\n"
        for word in (b"one\n", b"two\n"):
            session.write(word)
            assert next(lines).payload == word
        none = ctr.logs(follow=True, tail=0, timeout=0.1)
        with pytest.raises(TimedOut):
            next(none)
        session.write(b"three\n")
        session.close_stdin()
        assert ctr.wait(timeout=60) == 0
    assert [line.payload for line in lines] == [b"three\n", b"over"]
    until = time.time_ns()
    assert [line.payload for line in ctr.logs(follow=True, until=until, tail=2)] == [b"three\n", b"over"]


def test_following_ends_at_a_time_by_a_cancel_and_with_a_removal(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sh", "-c", "echo one; exec sleep 1000"], log_driver="journald")
    assert [line.payload for line in ctr.logs(follow=True, until=time.time_ns() + 10**9)] == [b"one\n"]
    cancel = Cancel()
    lines = ctr.logs(follow=True, cancel=cancel)
    assert next(lines).payload == b"one\n"
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, lines)
        cancel.fire()
        with pytest.raises(Cancelled):
            rest.result(60)
        rest = pool.submit(list, ctr.logs(follow=True))
        ctr.remove(force=True, timeout=0)
        assert [line.payload for line in rest.result(60)] in ([b"one\n"], [])


def test_a_journal_that_stands_still(engine: seabox.Engine, journald: subprocess.Popen[bytes]) -> None:
    """Nothing is taken for all there is while journald may still have some of it."""
    ctr, _ = run(engine, "echo one")
    journald.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(TimedOut):
            list(ctr.logs(timeout=0.5))
        with pytest.raises(TimedOut):
            next(ctr.logs(follow=True, timeout=0.5))
    finally:
        journald.send_signal(signal.SIGCONT)
    assert [line.payload for line in ctr.logs()] == [b"one\n"]


def test_the_journal_alone_for_a_client(engine: seabox.Engine) -> None:
    ctr, written = run(engine, SCRIPT)
    with client(ctr, stream=False, logs=True) as http:
        assert demultiplexed(http.rest()) == (written[OUT], written[ERR])
        http.over()


def test_the_journal_then_what_comes(engine: seabox.Engine) -> None:
    """Lines that are all alike are told apart by nothing but their number."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "echo y; while read line; do echo y; done"], stdin=True, log_driver="journald"
    )
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (OUT, b"y\n")
        with client(ctr, logs=True) as first:
            first.exactly(encode(OUT, b"y\n"))
            session.write(b"\n")
            first.exactly(encode(OUT, b"y\n"))
            with client(ctr, logs=True) as second:
                second.exactly(encode(OUT, b"y\n") * 2)
                session.write(b"\n")
                second.exactly(encode(OUT, b"y\n"))
                first.exactly(encode(OUT, b"y\n"))
        session.close_stdin()
    assert ctr.wait(timeout=60) == 0


def test_one_that_never_stops_writing(engine: seabox.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its journal cannot be joined to its stream, which is said in one line; each can be had alone."""
    monkeypatch.setattr("seabox.container.joined_journal._SECONDS", 1.0)
    ctr = engine.containers.run("busybox", ["yes"], log_driver="journald")
    assert next(ctr.logs(follow=True)).payload == b"y\n"
    with pytest.raises(Conflict, match="never stops writing"):
        ctr.http_attach(_never, logs=True)
    ctr.kill()
    ctr.wait(timeout=60)


def test_a_journald_that_ends_and_comes_again(
    engine: seabox.Engine, journald: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """What it has stored can be read meanwhile; a reader that follows goes on with what comes afterwards."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "while read line; do echo $line; done"], stdin=True, log_driver="journald"
    )
    with ctr.start_and_attach() as session:
        session.write(b"one\n")
        lines = ctr.logs(follow=True)
        assert next(lines).payload == b"one\n"
        journald.terminate()
        journald.wait(60)
        assert [line.payload for line in ctr.logs()] == [b"one\n"]
        (tmp_path / "again").mkdir()
        with journal.started(tmp_path / "again"):
            session.write(b"two\n")
            assert next(lines).payload == b"two\n"
            session.close_stdin()
            assert list(lines) == []
    ctr.wait(timeout=60)


def test_where_no_journal_is_kept(engine: seabox.Engine, tmp_path: Path) -> None:
    """A container writes for nobody, and is told so in one line."""
    (tmp_path / "none").mkdir()
    with journal.nowhere(tmp_path / "none"):
        ctr, written = run(engine, "echo lost")
        assert written[OUT] == b"lost\n"
        words = "this container is using the 'journald' log driver, cannot read logs: No journal files were found."
        for follow in (False, True):
            with pytest.raises(Unsupported) as refused:
                list(ctr.logs(follow=follow))
            assert str(refused.value) == words
        for options in ({"stream": False, "logs": True}, {"logs": True}):
            with pytest.raises(Unsupported):
                ctr.http_attach(_never, **options)
        ctr.remove(force=True, timeout=0)


def _never() -> socket.socket:
    raise AssertionError("the client was answered")

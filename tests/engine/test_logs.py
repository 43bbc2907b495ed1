"""The log of a real container: every byte with its stream and time, also while it is being written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

import seabox
from engine.home import SLEEPER
from seabox.errors import Cancelled, NoSuchContainer, Unsupported
from seabox.kernel.watch import Cancel

OUT, ERR = 1, 2


def run(engine: seabox.Engine, script: str) -> seabox.Container:
    ctr = engine.containers.create("busybox", ["sh", "-c", script])
    with ctr.start_and_attach() as session:
        session.read_all(60)
        ctr.wait()
    return ctr


def test_lines(engine: seabox.Engine) -> None:
    before = time.time_ns()
    ctr = run(engine, "echo one; echo two >&2; printf three; printf ' and more\\nfour'")
    lines = list(ctr.logs())
    for stream, text in ((OUT, b"one\nthree and more\nfour"), (ERR, b"two\n")):
        assert b"".join(line.payload for line in lines if line.stream == stream) == text
    assert all(before <= line.at <= time.time_ns() for line in lines)
    # conmon reads the two streams in whatever order it finds them
    assert [line.payload for line in ctr.logs(tail=1)] == [b"four" if lines[-1].stream == OUT else b"two\n"]
    assert list(ctr.logs(tail=0)) == []
    assert list(ctr.logs(until=before)) == []
    assert list(ctr.logs(since=before)) == lines
    assert list(ctr.logs(since=time.time_ns())) == []
    ctr.remove()
    with pytest.raises(NoSuchContainer):
        ctr.logs()


def test_all_runs_are_there(engine: seabox.Engine) -> None:
    ctr = run(engine, "echo again")
    ctr.start()
    ctr.wait()
    assert [line.payload for line in ctr.logs()] == [b"again\n"] * 2


def test_following(engine: seabox.Engine) -> None:
    """Lines come as they are written; the end of the container is the end of the log."""
    ctr = engine.containers.create("busybox", ["sh", "-c", "while read line; do echo $line; done; exit 2"], stdin=True)
    with ctr.start_and_attach() as session:
        lines = ctr.logs(follow=True)
        for word in (b"one\n", b"two\n"):
            session.write(word)
            assert next(lines).payload == word
        session.write(b"three\n")
        session.close_stdin()
        assert ctr.wait() == 2
    assert [line.payload for line in lines] == [b"three\n"]


def test_following_can_be_cancelled(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sh", "-c", "echo one; exec sleep 1000"])
    cancel = Cancel()
    lines = ctr.logs(follow=True, cancel=cancel)
    assert next(lines).payload == b"one\n"
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, lines)
        cancel.fire()
        with pytest.raises(Cancelled):
            rest.result(60)
    assert ctr.status == "running"


def test_following_ends_with_a_removal(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sh", "-c", "echo one; exec sleep 1000"])
    lines = ctr.logs(follow=True)
    assert [line.payload for line in islice(lines, 1)] == [b"one\n"]
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, lines)
        ctr.remove(force=True, timeout=0)
        assert rest.result(60) == []


def test_no_log(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, log_driver="none")
    with pytest.raises(Unsupported):
        ctr.logs()

"""Logs stay within their bounds, and what was rotated away can still be read."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

import seabox
from seabox.kernel import process
from seabox.logs.lines import LogLine
from seabox.streams.session import Session

CAP = 400_000
SECONDS = int(os.environ.get("SEABOX_TEST_YES", "3"))  # 60 in the issue
# about 100 KB at once, then a pause, until it is told to go on
WRITER = """
i=0
while [ $i -lt 9000 ]; do
    echo line $i $PAD
    i=$((i+1))
    [ $((i % 1000)) = 0 ] && read go
done
exit 0
"""


def _numbers(lines: Iterable[LogLine]) -> list[int]:
    """What the lines say."""
    return [int(line.split()[1]) for line in b"".join(each.payload for each in lines).splitlines()]


def _until(true: Callable[[], bool]) -> None:
    """It is so within a minute. Blocks."""
    poller = select.poll()
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        poller.poll(20)


def _is_kept(path: str) -> bool:
    """Whether the log has its second name, if it is large enough to need one."""
    return os.stat(path).st_size < CAP / 2 or (os.path.exists(f"{path}.1") and os.path.samefile(path, f"{path}.1"))


def test_history_is_kept_and_followed(engine: seabox.Engine) -> None:
    """A follower sees every line across rotations; afterwards the log and the one before it read as one.

    The container writes no faster than history is kept and the follower reads.
    """
    # 9000 lines of about 115 bytes: more than twice the cap
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", WRITER], stdin=True, env={"PAD": "x" * 60}, log_options={"max-size": str(CAP)}
    )
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    followed: list[LogLine] = []  # one that is read while it is written comes in pieces

    def come(last: bytes) -> bool:
        return _is_kept(path) and any(last in each.payload for each in followed[-1000:])

    with ctr.start_and_attach() as session:
        follower = threading.Thread(target=lambda: followed.extend(ctr.logs(follow=True)))
        follower.start()
        for number in range(1000, 9001, 1000):
            _until(partial(come, b"line %d " % (number - 1)))
            session.write(b"\n")
        assert ctr.wait(timeout=60) == 0
    follower.join(60)
    assert _numbers(followed) == list(range(9000))
    assert os.path.exists(f"{path}.1")
    kept = _numbers(ctr.logs())
    assert kept == list(range(kept[0], 9000))
    assert len(kept) * 115 > CAP / 2
    assert _numbers(ctr.logs(tail=5)) == list(range(8995, 9000))
    many = len(kept) - 10
    assert _numbers(ctr.logs(tail=many)) == list(range(9000 - many, 9000))


def _size(path: str) -> int:
    """Of the log and the one before it, which may be the same file."""
    return sum(os.stat(each).st_size for each in (path, f"{path}.1") if os.path.exists(each))


def test_a_fast_writer_stays_within_twice_the_cap(engine: seabox.Engine) -> None:
    """At every moment."""
    script = f"yes & sleep {SECONDS}; exit 0"
    ctr = engine.containers.run("busybox", ["sh", "-c", script], log_options={"max-size": str(CAP)})
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    largest = 0
    while ctr.status == "running":
        largest = max(largest, _size(path))
    largest = max(largest, _size(path))
    assert CAP / 2 < largest <= 2 * CAP + 2 * 65536
    assert ctr.wait(timeout=60) == 0


def attendants(engine: seabox.Engine) -> list[str]:
    """Which programs look after the containers of this engine now."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        words = process.arguments(int(pid))
        if engine.config.runroot in words and any(word.endswith("lookout.sh") for word in words[:2]):
            found.append("lookout")
        elif any(word.endswith("supervisor.py") for word in words[:6]) and f"runroot={engine.config.runroot}" in words:
            found.append("supervisor")
    return sorted(found)


def test_a_log_that_does_not_grow_large_needs_no_supervisor(engine: seabox.Engine) -> None:
    """But a lookout, one for all, which goes with the last container."""
    first = engine.containers.run("busybox", ["sh", "-c", "read x"], stdin=True)
    second = engine.containers.run("busybox", ["sh", "-c", "read x"], stdin=True)
    _until(lambda: attendants(engine) == ["lookout"])
    for ctr in (first, second):
        ctr.stop(timeout=0)
    _until(lambda: attendants(engine) == [])


def test_the_lookout_becomes_the_supervisor_when_a_log_was_rotated(engine: seabox.Engine) -> None:
    """The first rotation keeps its history without anybody; the next one is seen to."""
    cap = 16 << 20
    script = "seq 300000; read x; seq 300001 400000; read x"  # 16 MiB of log are about 330,000 such lines
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", script], stdin=True, log_options={"max-size": str(cap)}
    )  # fmt: skip
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    with ctr.start_and_attach() as session:
        _until_line(session, b"300000\n")
        assert os.path.samefile(path, f"{path}.1")
        _until(lambda: attendants(engine) == ["lookout"])
        session.write(b"\n")
        _until_line(session, b"400000\n")
        assert not os.path.samefile(path, f"{path}.1")
        _until(lambda: attendants(engine) == ["supervisor"])
        session.write(b"\n")
    assert ctr.wait(timeout=60) == 0
    assert sum(1 for _ in ctr.logs()) == 400_000


def _until_line(session: Session, line: bytes) -> None:
    tail = b""
    for _, data in session:
        tail = (tail + data)[-len(line) :]
        if tail == line:
            return
    raise AssertionError("the container has ended")


def test_runs_do_not_add_up(engine: seabox.Engine) -> None:
    """conmon counts anew in each run; the log is bounded all the same, and keeps the last lines.

    Each of its two files by the cap and a run: it is looked at when a run begins, if nobody came before.
    """
    run = 250_000
    ctr = engine.containers.create("busybox", ["sh", "-c", "seq 5000"], log_options={"max-size": str(CAP)})
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    for _ in range(6):
        ctr.start()
        assert ctr.wait(timeout=60) == 0
        assert _size(path) <= 2 * (CAP + run)
    assert [line.payload for line in ctr.logs(tail=2)] == [b"4999\n", b"5000\n"]

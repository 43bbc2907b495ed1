"""Logs stay within their bounds, and what was rotated away can still be read."""

from __future__ import annotations

import os
import threading

import seabox
from engine.home import Home

CAP = 200_000
# about 100 KB at once, then a pause: slow enough for its history to be kept
WRITER = """
i=0
while [ $i -lt 9000 ]; do
    echo line $i $PAD
    i=$((i+1))
    [ $((i % 1000)) = 0 ] && sleep 0.5
done
exit 0
"""


def _numbers(lines: object) -> list[int]:
    return [int(line.payload.split()[1]) for line in lines]  # type: ignore[attr-defined]


def test_history_is_kept_and_followed(engine: seabox.Engine) -> None:
    """A follower sees every line across rotations; afterwards the log and the one before it read as one."""
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", WRITER], env={"PAD": "x" * 60}, log_options={"max-size": str(CAP)}
    )
    followed: list[int] = []
    ctr.start()
    follower = threading.Thread(target=lambda: followed.extend(_numbers(ctr.logs(follow=True))))
    follower.start()
    assert ctr.wait(timeout=60) == 0
    follower.join(20)
    assert followed == list(range(9000))
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    assert os.path.exists(f"{path}.1")
    kept = _numbers(ctr.logs())
    assert kept == list(range(kept[0], 9000))
    assert len(kept) * 100 > CAP
    assert _numbers(ctr.logs(tail=5)) == list(range(8995, 9000))
    many = len(kept) - 10
    assert _numbers(ctr.logs(tail=many)) == list(range(9000 - many, 9000))


def test_a_fast_writer_stays_within_twice_the_cap(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", ["sh", "-c", "yes & sleep 4; exit 0"], log_options={"max-size": str(CAP)})
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    assert ctr.wait(timeout=60) == 0
    sizes = [os.stat(each).st_size for each in (path, f"{path}.1") if os.path.exists(each)]
    assert sum(sizes) <= 2 * CAP + (1 << 20)


def test_a_rotation_that_was_cut_short(engine: seabox.Engine) -> None:
    """Killed between its two steps, the next supervisor makes conmon begin the new log."""
    script = "read a; i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; read b"
    ctr = engine.containers.create("busybox", ["sh", "-c", script], stdin=True, log_options={"max-size": str(CAP)})
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    with ctr.start_and_attach() as session:
        os.rename(path, f"{path}.1")
        follower = ctr.logs(follow=True)
        session.write(b"go\n")
        assert _numbers([next(follower)]) == [0]
        session.write(b"go\n")
        assert ctr.wait(timeout=20) == 0
    assert _numbers(follower) == list(range(1, 100))
    assert _numbers(ctr.logs()) == list(range(100))

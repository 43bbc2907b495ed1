"""Logs stay within their bounds, and what was rotated away can still be read."""

from __future__ import annotations

import os
import threading

import seabox

CAP = 400_000
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
    # 9000 lines of about 115 bytes: more than twice the cap
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
    assert len(kept) * 115 > CAP / 2
    assert _numbers(ctr.logs(tail=5)) == list(range(8995, 9000))
    many = len(kept) - 10
    assert _numbers(ctr.logs(tail=many)) == list(range(9000 - many, 9000))


def test_a_fast_writer_stays_within_twice_the_cap(engine: seabox.Engine) -> None:
    """At every moment."""
    ctr = engine.containers.run("busybox", ["sh", "-c", "yes & sleep 3; exit 0"], log_options={"max-size": str(CAP)})
    path = ctr.inspect()["HostConfig"]["LogConfig"]["Path"]
    largest = 0
    while ctr.status == "running":
        largest = max(largest, sum(os.stat(each).st_size for each in (path, f"{path}.1") if os.path.exists(each)))
    assert CAP / 2 < largest <= 2 * CAP + 2 * 65536
    assert ctr.wait(timeout=60) == 0

"""A sample of `make trust` for every run of the suite: another one each day."""

from __future__ import annotations

import time

import pytest

from trust import hosts
from trust.__main__ import run_row

SEED = int(time.time()) // 86_400


@pytest.mark.parametrize("runtime", hosts.runtimes())
@pytest.mark.parametrize(("row", "sample"), [("R1", 100), ("R1p", 20), ("R2", 40), ("R3", 15), ("R6", 15), ("R14", 8)])
def test_the_next_call_finds_the_truth(row: str, sample: int, runtime: str) -> None:
    found = run_row(row, runtime, sample, SEED)
    assert found["failures"] == [], f"seed {SEED}"
    assert isinstance(found["count"], int)
    assert found["count"] >= sample * 0.9


def test_checkpoints_converge_as_well() -> None:
    """Under runc alone: Debian's crun is built without criu."""
    found = run_row("R1c", "runc", 10, SEED)
    assert found["failures"] == [], f"seed {SEED}"
    assert isinstance(found["count"], int)
    assert found["count"] >= 8


def test_both_runtimes_are_there() -> None:
    assert hosts.runtimes() == ["runc", "crun"]

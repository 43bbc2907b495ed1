"""A sample of `make trust` for every run of the suite: always the same, `make trust` itself draws another each time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from seabox.container.container import Container
from seabox.kernel import process
from seabox.model.record import Status
from trust import hosts
from trust.__main__ import ROWS, run_row
from trust.operations import OPERATIONS, SLEEPS
from trust.world import World

SEED = int(os.environ.get("SEABOX_TRUST_SEED", "20782"))
KILLS = [
    ("R1", 100), ("R1n", 20), ("R1p", 20), ("R2", 40), ("R2n", 12), ("R2p", 12), ("R3", 15), ("R6", 15), ("R14", 8),
]  # fmt: skip


@pytest.mark.parametrize("runtime", hosts.runtimes())
@pytest.mark.parametrize(("row", "sample"), KILLS)
def test_the_next_call_finds_the_truth(row: str, sample: int, runtime: str) -> None:
    _holds(row, sample, runtime)


OTHERS = [
    ("R4", 60), ("R5", 60), ("R7", 32), ("R8", 160), ("R10", 6), ("R11", 10), ("R13", 32), ("R15", 1), ("R17", 2),
    ("R18", 4), ("S2", 40), ("S3", 3000), ("S4", 500), ("S4r", 50), ("S5", 300), ("S6", 40), ("S7", 2), ("S9", 100),
    ("S10", 20),
]  # fmt: skip


@pytest.mark.parametrize(("row", "sample"), OTHERS)
def test_a_little_of_each_row(row: str, sample: int) -> None:
    """Under one runtime, by turns."""
    _holds(row, sample, hosts.runtimes()[(SEED + len(row)) % 2])


def _holds(row: str, sample: int, runtime: str) -> None:
    found = run_row(row, runtime, sample, SEED)
    assert found["failures"] == [], f"seed {SEED}"
    assert isinstance(found["count"], int)
    assert found["count"] >= sample * 0.9


@pytest.mark.parametrize("row", ["R1c", "R2c"])
def test_checkpoints_converge_as_well(row: str) -> None:
    """Under runc alone: Debian's crun is built without criu."""
    found = run_row(row, "runc", 10, SEED)
    assert found["failures"] == [], f"seed {SEED}"
    assert isinstance(found["count"], int)
    assert found["count"] >= 8


def test_every_row_is_in_the_sample_or_too_long_for_it() -> None:
    """The flood and the crowd need their time; the others are tests of their own."""
    sampled = {row for row, _ in OTHERS} | {row for row, _ in KILLS} | {"R1c", "R2c"}
    assert set(ROWS) - sampled == {"R1s", "R9", "R12", "R16", "S1", "S8"}


def test_a_container_that_ended_this_moment_is_no_failure(tmp_path: Path) -> None:
    """Its sessions ended with it; the exit command, or the next call, is about to record both."""
    assert hosts.in_child(hosts.runtimes()[0], lambda: _ends_this_moment(str(tmp_path))) == 0


def _ends_this_moment(folder: str) -> int:
    world = World(folder, hosts.runtimes()[0])
    try:
        ctr = world.create()
        ctr.start()
        ctr.exec_detached(["sleep", "1000"])
        [session], state = world.rooms.store.execs.of(ctr.id), ctr.snapshot().state
        assert state.process is not None
        assert state.conmon is not None
        assert session.process is not None
        assert process.send_signal(state.conmon, signal.SIGSTOP)
        ctr.kill(timeout=0)
        assert all(process.wait_gone(each, 60) for each in (session.process, state.process))
        assert ctr.snapshot().state.status is Status.STOPPED
        assert world.complaints(ctr.id) == []
        process.send_signal(state.conmon, signal.SIGCONT)
        ctr.stop()
        assert world.complaints(ctr.id) == []
        assert world.rooms.store.execs.of(ctr.id, active=True) == []
    finally:
        world.close()
    return 0


def test_every_operation_is_killed() -> None:
    """Whatever a handle on a container can change has a row of its own in R1."""
    killed = {operation.name for operation in (*OPERATIONS, *SLEEPS)}
    words = {
        "start_dependencies": "start", "copy_in": "cp in", "copy_out": "cp out", "exec_run": "exec", "remove": "rm",
        "exec_detached": "exec -d", "start_and_attach": "start and attach", "reload_network": "connect",
        "sync": "cleanup", "run_healthcheck": "exec", "give_up": "give up",
    }  # fmt: skip
    reads = {
        "artifacts", "attach", "batch", "config", "exec", "execs", "exists", "exported", "health", "http_attach",
        "inspect", "locked", "logs", "id", "memberships", "mend", "name", "resize", "sizes", "snapshot", "snapshots",
        "stats", "status", "top", "wait",
    }  # fmt: skip
    names = {name for name in dir(Container) if not name.startswith("_")} - reads
    assert {words.get(name, name) for name in names} - killed == set()


def test_both_runtimes_are_there() -> None:
    assert hosts.runtimes() == ["runc", "crun"]

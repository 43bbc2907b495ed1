"""update of a container that runs: its cgroup says so at once, and the next run has it too."""

from __future__ import annotations

import pytest

import seabox
from engine.home import SLEEPER, kinds, last
from seabox.container.container import Container
from seabox.errors import InvalidArgument
from seabox.kernel import cgroups

MEGABYTE = 1 << 20


def kept(ctr: Container, *files: str) -> str:
    """What the cgroup says in the first of these files that it has."""
    for folder in cgroups.paths(ctr.snapshot().facts.cgroup):
        for file in files:
            try:
                with open(f"{folder}/{file}") as found:
                    return found.read().strip()
            except FileNotFoundError:
                continue
    raise AssertionError(files)


def test_live_and_stored(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", memory=64 * MEGABYTE, stop_timeout=0)
    since = last(engine)
    ctr.update(memory=96 * MEGABYTE, memory_swap=192 * MEGABYTE, pids_limit=77, cpu_shares=512)
    for _ in range(2):
        assert kept(ctr, "memory.limit_in_bytes", "memory.max") == str(96 * MEGABYTE)
        assert kept(ctr, "pids.max") == "77"
        if ctr.inspect()["HostConfig"]["CpuShares"] == 512 and _ == 0:
            ctr.restart()
    assert kinds(engine, since)[0] == "update"
    found = ctr.inspect()["HostConfig"]
    assert (found["Memory"], found["PidsLimit"]) == (96 * MEGABYTE, 77)


def test_a_paused_one(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    ctr.pause()
    ctr.update(pids_limit=50)
    assert (kept(ctr, "pids.max"), ctr.status) == ("50", "paused")


def test_nonsense_changes_nothing(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    before = kept(ctr, "pids.max")
    with pytest.raises(InvalidArgument):
        ctr.update(pids_limit=9, memory=1)
    assert kept(ctr, "pids.max") == before

"""The limits of a pod as files of its cgroup, in both versions."""

from __future__ import annotations

import pytest

from seabox.errors import Unsupported
from seabox.model.container import DeviceLimit, Resources
from seabox.spec.facts import HostFacts
from seabox.spec.pod_limits import pod_limits

ASKED = Resources(memory=1 << 20, cpu_quota=50_000, cpu_shares=1024, cpuset_cpus="0")


def test_version_1() -> None:
    assert pod_limits(ASKED, HostFacts(cgroup_mode="v1")) == [
        ("memory", "memory.limit_in_bytes", "1048576"),
        ("memory", "memory.memsw.limit_in_bytes", "2097152"),
        ("cpu", "cpu.shares", "1024"),
        ("cpu", "cpu.cfs_period_us", "100000"),
        ("cpu", "cpu.cfs_quota_us", "50000"),
        ("cpuset", "cpuset.cpus", "0"),
    ]
    assert len(pod_limits(ASKED, HostFacts(cgroup_mode="hybrid", swap_limit=False))) == 5


def test_version_2() -> None:
    assert pod_limits(ASKED, HostFacts()) == [
        ("memory", "memory.max", "1048576"),
        ("memory", "memory.swap.max", "1048576"),
        ("cpu", "cpu.weight", "39"),
        ("cpu", "cpu.max", "50000 100000"),
        ("cpuset", "cpuset.cpus", "0"),
    ]
    assert pod_limits(Resources(memory=5, memory_swap=-1), HostFacts())[1][2] == "max"


def test_block_io() -> None:
    asked = Resources(
        blkio_weight=100, blkio_weight_devices=(DeviceLimit(path="/dev/zero", value=20),),
        read_bps=(DeviceLimit(path="/dev/null", value=5),), write_bps=(DeviceLimit(path="/dev/null", value=0),),
    )  # fmt: skip
    assert pod_limits(asked, HostFacts(cgroup_mode="v1")) == [
        ("io", "blkio.weight|blkio.bfq.weight", "100"),
        ("io", "blkio.weight_device|blkio.bfq.weight_device", "1:5 20"),
        ("io", "blkio.throttle.read_bps_device", "1:3 5"),
        ("io", "blkio.throttle.write_bps_device", "1:3 0"),
    ]
    assert pod_limits(asked, HostFacts()) == [
        ("io", "io.bfq.weight|io.weight", "default 100"),
        ("io", "io.bfq.weight|io.weight", "1:5 20"),
        ("io", "io.max", "1:3 rbps=5"),
        ("io", "io.max", "1:3 wbps=max"),
    ]


def test_none_asked_for() -> None:
    assert pod_limits(Resources(), HostFacts()) == pod_limits(Resources(), HostFacts(cgroup_mode="v1")) == []


def test_a_controller_that_is_missing() -> None:
    with pytest.raises(Unsupported, match="no cpu cgroup controller"):
        pod_limits(Resources(cpu_shares=5), HostFacts(controllers=frozenset(("memory",))))

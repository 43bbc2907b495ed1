from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seabox.kernel import cgroups, process

PARENT = f"/seabox-test-{os.getpid()}"
NAME = f"{PARENT}/{'c' * 64}"


@pytest.fixture
def cgroup() -> Iterator[str]:
    for top in cgroups.hierarchies():
        if os.path.basename(top) != "cpuset":  # takes no process before it is told which CPUs to use
            os.makedirs(f"{top}{NAME}/inner/most")
    yield NAME
    cgroups.remove(PARENT, kill=True)
    assert not any(os.path.exists(f"/sys/fs/cgroup/{top}{PARENT}") for top in os.listdir("/sys/fs/cgroup"))


def join(pid: int, cgroup: str, only: str = "") -> None:
    for path in cgroups.paths(cgroup):
        if only in path:
            Path(path, "cgroup.procs").write_text(str(pid))


def gone(pid: int) -> bool:
    return process.reap(pid, 60) == 128 + signal.SIGKILL


@pytest.fixture
def sleeper(cgroup: str) -> Iterator[int]:
    pid = process.spawn(["/bin/sleep", "100"], env={}, new_group=True)
    yield pid
    process.kill_group(pid)


def test_the_kind_of_host_and_its_controllers_agree_with_what_is_mounted() -> None:
    mounted = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines() if "cgroup" in line]
    versions = {kind for path, kind in mounted if path.startswith("/sys/fs/cgroup")}
    expected = {"v2": {"cgroup2"}, "hybrid": {"cgroup", "cgroup2"}, "v1": {"cgroup"}}[cgroups.mode()]
    assert expected <= versions
    assert set(cgroups.hierarchies()) <= {path for path, _ in mounted}
    found = cgroups.controllers()
    assert {"memory", "pids", "cpu"} <= set(found)
    assert all(os.path.isdir(top) for top in found.values())


def test_version_2_and_version_1_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_TOP", str(tmp_path))
    monkeypatch.setattr(cgroups, "_is_mounted", lambda place: True)
    assert (cgroups.mode(), cgroups.hierarchies()) == ("v1", [])
    (tmp_path / "cpu,cpuacct").mkdir()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    assert cgroups.controllers() == dict.fromkeys(["cpu", "cpuacct"], f"{tmp_path}/cpu,cpuacct")
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified/cgroup.controllers").write_text("io\n")
    assert cgroups.mode() == "hybrid"
    assert cgroups.hierarchies() == [f"{tmp_path}/unified", f"{tmp_path}/cpu,cpuacct"]
    assert cgroups.controllers()["io"] == f"{tmp_path}/unified"
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    assert (cgroups.mode(), cgroups.hierarchies()) == ("v2", [str(tmp_path)])
    assert cgroups.controllers() == dict.fromkeys(["cpu", "memory", "pids"], str(tmp_path))


def test_a_process_is_found_in_whatever_hierarchy_and_depth_it_is(cgroup: str, sleeper: int) -> None:
    assert cgroups.processes(cgroup) == set()
    join(sleeper, f"{cgroup}/inner/most", "pids" if cgroups.mode() != "v2" else "")
    assert cgroups.processes(cgroup) == {sleeper}
    assert cgroups.processes(PARENT) == {sleeper}
    assert cgroups.processes("/seabox-absent") == set()


def test_a_kill_reaches_every_process_below(cgroup: str, sleeper: int) -> None:
    assert cgroups.kill(cgroup) is False
    join(sleeper, f"{cgroup}/inner")
    assert cgroups.kill(cgroup) is True
    assert gone(sleeper)
    assert cgroups.remove(cgroup) is True


@pytest.mark.parametrize("only", ["/freezer/", "/pids/", "/unified/"])
def test_a_kill_outruns_processes_that_fork_without_end(cgroup: str, only: str) -> None:
    if not any(only in path for path in cgroups.paths(cgroup)):
        pytest.skip(f"this host has no {only} hierarchy")
    bomb = 'trap "" TERM; f() { while :; do (sleep 0.01); (:) & done; }; f & f & f'
    gate, theirs = os.pipe()
    pid = process.spawn(["/bin/sh", "-c", "read x; " + bomb], env=process.clean_env(), stdin=gate, new_group=True)
    os.close(gate)
    try:
        join(pid, f"{cgroup}/inner", only)
        os.write(theirs, b"\n")
        deadline = time.monotonic() + 60
        while len(cgroups.processes(cgroup)) < 5:
            assert time.monotonic() < deadline
        assert cgroups.kill(cgroup) is True
        assert gone(pid)
        assert cgroups.remove(cgroup) is True
    finally:
        os.close(theirs)
        process.kill_group(pid)
    assert cgroups.paths(cgroup) == []


def test_a_frozen_cgroup_is_killed_too(cgroup: str, sleeper: int) -> None:
    join(sleeper, cgroup)
    files = [(path, name, word) for path in cgroups.paths(cgroup)
             for name, word in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1"))
             if os.path.exists(f"{path}/{name}")]  # fmt: skip
    assert files
    path, name, word = files[-1]
    Path(path, name).write_text(word)
    assert cgroups.kill(cgroup) is True
    assert gone(sleeper)


def test_removal_is_complete_repeatable_and_kills_only_if_told(cgroup: str, sleeper: int) -> None:
    join(sleeper, f"{cgroup}/inner")
    with pytest.raises(OSError, match="busy") as caught:
        cgroups.remove(cgroup)
    assert caught.value.errno == errno.EBUSY
    assert process.reap(sleeper, 0) is None
    assert cgroups.remove(cgroup, kill=True) is True
    assert gone(sleeper)
    assert cgroups.paths(cgroup) == []
    assert cgroups.remove(cgroup, kill=True) is False


def test_what_only_looks_like_a_cgroup_is_removed_but_not_believed(
    sleeper: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "_TOP", str(tmp_path))
    (tmp_path / "unified/seabox/x").mkdir(parents=True)
    (tmp_path / "unified/seabox/x/cgroup.procs").write_text(f"{sleeper}\n")
    assert (cgroups.processes("/seabox"), cgroups.kill("/seabox")) == (set(), False)
    assert cgroups.remove("/seabox", kill=True) is True
    assert os.listdir(tmp_path / "unified") == []
    assert process.reap(sleeper, 0) is None


@pytest.mark.parametrize("bad", ["", "/", "relative", "/a/../b", "/a//b", "/a/."])
def test_a_path_that_would_lead_elsewhere_is_a_programming_error(bad: str) -> None:
    with pytest.raises(ValueError, match="not the path of a cgroup"):
        cgroups.remove(bad, kill=True)

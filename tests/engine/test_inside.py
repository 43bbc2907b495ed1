"""What a container sees of itself, its limits and its neighbours, when the engine has made it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, Home, init_of
from seabox.config import find_program
from seabox.container.container import Container
from seabox.errors import InUse, Refused, StateConflict
from seabox.spec.facts import host_facts


def look(engine: seabox.Engine, script: str, **options: object) -> list[str]:
    """The lines that a shell script writes in a container of its own."""
    ctr = engine.containers.create("busybox", ["sh", "-c", script], **options)  # type: ignore[arg-type]
    with ctr.start_and_attach() as session:
        output = session.read_all(60)
        ctr.wait()
    ctr.remove()
    return (output.stdout + output.stderr).decode().splitlines()


def test_environment(engine: seabox.Engine) -> None:
    script = "echo $container; echo $HOSTNAME; echo $HOME; echo $A; hostname; pwd; id -u; echo $PATH; umask"
    found = look(engine, script, hostname="boat", env={"A": "b c"}, workdir="/var/tmp", umask=0o027)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert found == ["podman", "boat", "/root", "b c", "boat", "/var/tmp", "0", path, "0027"]


def test_files_that_are_made_for_it(engine: seabox.Engine) -> None:
    ctr = engine.containers.create(
        "busybox",
        ["sh", "-c", "cat /etc/hostname /etc/hosts; test -f /run/.containerenv && touch /etc/resolv.conf && echo mine"],
        name="ship", add_hosts=["sister:10.1.2.3"],
    )  # fmt: skip
    with ctr.start_and_attach() as session:
        said = session.read_all(60).stdout.decode()
    assert said.splitlines()[0] == ctr.id[:12]
    assert f"{ctr.id[:12]} ship" in said
    assert "10.1.2.3\tsister" in said
    assert said.endswith("mine\n")


def test_users_are_looked_up_inside(engine: seabox.Engine) -> None:
    assert look(engine, "id -u; id -g; echo $HOME", user="operator") == ["37", "37", "/var"]
    assert look(engine, "id -u; id -g", user="4321:www-data") == ["4321", "33"]
    ours = {line.split(":")[0] for line in look(engine, "cat /etc/passwd")}
    hosts = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()} - ours
    if not hosts:
        pytest.skip("this host has no user that the image lacks")
    with pytest.raises(Refused):
        engine.containers.run("busybox", ["true"], user=hosts.pop())


def test_capabilities_and_filter(engine: seabox.Engine) -> None:
    script = "grep -E '^(CapEff|CapBnd|Seccomp):' /proc/self/status"
    assert look(engine, script) == ["CapEff:\t00000000800405fb", "CapBnd:\t00000000800405fb", "Seccomp:\t2"]
    mine = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd"))
    assert look(engine, script, privileged=True)[1:] == [mine, "Seccomp:\t0"]
    assert look(engine, script, cap_drop=["all"], security_opt=["no-new-privileges"])[0] == "CapEff:\t" + "0" * 16


def test_what_is_hidden_or_read_only(engine: seabox.Engine) -> None:
    script = (
        "cat /proc/kcore /proc/keys /proc/interrupts 2>/dev/null | wc -c; touch /sys/x; (: > /proc/sys/kernel/sysrq); "
        "touch /x && echo rw"
    )
    found = look(engine, script)
    assert (found[0], found[1]) == ("0", "rw")
    assert sum("Read-only file system" in line or "can't create" in line for line in found) == 2
    script = "touch /x || echo ro; touch /tmp/x /run/x /dev/shm/x && echo rw"
    assert [line for line in look(engine, script, read_only=True) if len(line) == 2] == ["ro", "rw"]


def test_mounts(engine: seabox.Engine, tmp_path: Path) -> None:
    for name in ("ro", "rw"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "word").write_text(f"{name}\n")
    script = "cat /ro/word /rw/word; touch /ro/x || echo no; echo new > /rw/new; grep ' /scratch ' /proc/mounts"
    found = look(engine, script, volumes=[f"{tmp_path}/ro:/ro:ro", f"{tmp_path}/rw:/rw"], tmpfs=["/scratch:size=1m"])
    assert found[:3] == ["ro", "rw", "no"]
    assert "tmpfs" in found[3]
    assert "size=1024k" in found[3]
    assert (tmp_path / "rw/new").read_text() == "new\n"


def test_a_directory_as_root(engine: seabox.Engine, tmp_path: Path) -> None:
    (tmp_path / "tree/bin").mkdir(parents=True)
    shutil.copy(find_program("busybox"), tmp_path / "tree/bin/sh")
    ctr = engine.containers.create(command=["sh", "-c", "echo here > /left"], rootfs=str(tmp_path / "tree"))
    ctr.start()
    assert ctr.wait() == 0
    ctr.remove()
    assert (tmp_path / "tree/left").read_text() == "here\n"


def test_limits(engine: seabox.Engine) -> None:
    top = "/sys/fs/cgroup"
    files = f"{top}/memory/memory.limit_in_bytes {top}/pids/pids.max {top}/cpu/cpu.cfs_quota_us"
    if host_facts().cgroup_mode == "v2":
        files = f"{top}/memory.max {top}/pids.max {top}/cpu.max"
    found = look(engine, f"cat {files}; ulimit -n", memory=32 << 20, pids_limit=50, cpus=0.5, ulimits=["nofile=77:88"])
    assert [line.split()[0] for line in found] == [str(32 << 20), "50", "50000", "77"]


def test_too_many_processes(engine: seabox.Engine) -> None:
    script = "for n in $(seq 60); do sleep 10 & done; echo never"
    found = look(engine, script, pids_limit=30)  # the runtime's own threads are counted until it executes the program
    assert any("fork" in line for line in found), found
    assert "never" not in found


def test_limits_that_may_not_be_raised_are_clamped(engine: seabox.Engine) -> None:
    facts = host_facts()
    if facts.may_raise_limits:
        pytest.skip("this process holds CAP_SYS_RESOURCE")
    found = look(engine, "ulimit -Hn; cat /proc/self/oom_score_adj", ulimits=["nofile=99999999"], oom_score_adj=-900)
    assert found == [str(facts.rlimits["nofile"][1]), str(facts.oom_score_adj)]


ORPHAN = (
    "sh -c 'sleep 0.1 & echo $! > /orphan'; for n in $(seq 600); do [ -d /proc/$(cat /orphan) ] && sleep 0.1; done; "
    "[ -d /proc/$(cat /orphan) ] && echo zombie || echo reaped"
)


def test_init_reaps(engine: seabox.Engine) -> None:
    if not find_program("catatonit"):
        pytest.skip("catatonit is not installed")
    script = f"tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1; {ORPHAN}; exit 5"
    ctr = engine.containers.create("busybox", ["sh", "-c", script], init=True)
    with ctr.start_and_attach() as session:
        assert session.read_all(60).stdout.decode().split() == ["/run/podman-init", "reaped"]
        assert ctr.wait() == 5
    stubborn = engine.containers.create("busybox", ["sh", "-c", "echo ready; exec sleep 1000"], init=True)
    with stubborn.start_and_attach() as session:  # before that it is a program of the runtime's
        assert next(iter(session)) == (1, b"ready\n")
    stubborn.stop(timeout=300)  # as first process sleep would ignore the signal; behind an init it ends
    assert stubborn.wait() == 143


# --- networks ----------------------------------------------------------------------------------------------------


def test_no_network_and_the_hosts(engine: seabox.Engine) -> None:
    script = "readlink /proc/self/ns/net; ls /sys/class/net | tr '\\n' ' '"
    host = os.readlink("/proc/self/ns/net")
    own = look(engine, script, network="none")
    assert own[0] != host
    assert own[1].strip() == "lo"
    assert look(engine, script, network="host")[0] == host


def _namespace(ctr: Container) -> str:
    return os.readlink(f"/proc/{init_of(ctr).pid}/ns/net")


def test_a_network_of_another_container(engine: seabox.Engine) -> None:
    first = engine.containers.create("busybox", SLEEPER, name="first")
    second = engine.containers.create("busybox", SLEEPER, network="container:first")
    with pytest.raises(StateConflict):
        second.start()
    with pytest.raises(InUse):
        first.remove(force=True)
    first.start()
    second.start()
    assert _namespace(first) == _namespace(second) != os.readlink("/proc/self/ns/net")
    with pytest.raises(InUse):
        first.remove(force=True)
    assert first.status == second.status == "running"
    second.remove(force=True, timeout=0)
    first.remove(force=True, timeout=0)


# --- the rest of what may be asked for -----------------------------------------------------------------------------


def test_a_time_limit(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, timeout=1)
    assert ctr.wait(timeout=60) != 0
    assert ctr.status in ("stopped", "exited")


def test_without_overlay(home: Home) -> None:
    with home.engine(storage_driver="vfs") as engine:
        ctr = engine.containers.create("busybox", ["sh", "-c", "echo kept >> /file; cat /file"])
        for run in (1, 2):
            with ctr.start_and_attach() as session:
                assert session.read_all(60).stdout == b"kept\n" * run
                assert ctr.wait() == 0
        ctr.remove()


def test_a_pidfile(engine: seabox.Engine, tmp_path: Path) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, pidfile=str(tmp_path / "pid"))
    assert (tmp_path / "pid").read_text().strip() == str(init_of(ctr).pid)

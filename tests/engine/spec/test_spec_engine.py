"""What a generated config.json really does, under both runtimes and this kernel."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seabox.spec.capabilities import NAMES
from seabox.spec.facts import host_facts

Run = Callable[..., subprocess.CompletedProcess[str]]

PODMANS = 0x800405FB
FORBIDDEN = (
    "unshare setns mount umount2 pivot_root fsopen fsmount move_mount open_tree mount_setattr keyctl add_key "
    "request_key "
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register kexec_load kexec_file_load "
    "init_module finit_module delete_module open_by_handle_at quotactl swapon reboot acct settimeofday clock_settime "
    "sethostname setdomainname syslog lookup_dcookie iopl ioperm vmsplice mbind set_mempolicy move_pages migrate_pages "
    "kcmp pidfd_getfd process_madvise fanotify_init ia32-mount clone-newuser clone-newns clone-newpid "
    "clone-newnet+newuser clone-newuser-high ia32-socketcall-AF_VSOCK ia32-socketcall-AF_ALG ia32-socketcall-AF_INET"
)
ABSENT = (
    "socket-AF_VSOCK socket-AF_VSOCK-high socket-AF_ALG socket-AF_ALG-high socket-65 ia32-socket-AF_VSOCK "
    "ia32-socket-AF_ALG clone3 personality-addr_no_randomize no-such-call"
)
OPEN = (
    "socket-AF_UNIX socket-AF_INET socket-AF_NETLINK ia32-socket-AF_INET ia32-getpid clone-plain getpid getrandom "
    "memfd_create pidfd_open ptrace-traceme personality-uname26"
)


@pytest.fixture
def probed(run: Run, probe: Path, root: Path) -> Callable[..., dict[str, str]]:
    def call(**fields: Any) -> dict[str, str]:
        if not (root / "probe").exists():
            os.link(probe, root / "probe")
        done = run("/probe", **fields)
        assert done.returncode == 0, done.stderr
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    return call


Probed = Callable[..., dict[str, str]]


def number(found: dict[str, str], name: str) -> int:
    return int(found[name], 16)


def test_the_default_profile(probed: Probed) -> None:
    found = probed()
    eperm, enosys = str(errno.EPERM), str(errno.ENOSYS)
    assert {name: found[name] for name in FORBIDDEN.split()} == dict.fromkeys(FORBIDDEN.split(), eperm)
    assert {name: found[name] for name in ABSENT.split()} == dict.fromkeys(ABSENT.split(), enosys)
    assert {name: found[name] for name in OPEN.split()} == dict.fromkeys(OPEN.split(), "OK")
    assert found["socket-audit"] == found["socket-audit-high"] == str(errno.EINVAL)
    assert number(found, "CapEff") == number(found, "CapPrm") == number(found, "CapBnd") == PODMANS
    assert number(found, "CapInh") == number(found, "CapAmb") == 0
    assert (found["Seccomp"], found["NoNewPrivs"]) == ("2", "0")


def test_a_user_holds_nothing_but_what_was_added(probed: Probed) -> None:
    found = probed(user="bob", security_opt=("no-new-privileges",))
    assert all(number(found, name) == 0 for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"))
    assert number(found, "CapBnd") == PODMANS
    assert found["NoNewPrivs"] == "1"
    net_raw = 1 << 13
    added = probed(user="bob", cap_add=("NET_RAW",))
    assert {number(added, name) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {net_raw}


def test_no_capabilities_at_all(probed: Probed) -> None:
    found = probed(cap_drop=("all",))
    assert {number(found, name) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")} == {0}


def test_what_a_capability_opens(probed: Probed) -> None:
    found = probed(cap_add=("SYS_ADMIN", "AUDIT_WRITE"))
    assert all(found[name] != str(errno.ENOSYS) for name in ("mount", "unshare", "clone3", "bpf"))
    assert found["clone-newns"] == found["socket-audit"] == "OK"
    assert found["socket-AF_VSOCK"] == str(errno.ENOSYS)
    assert found["kexec_load"] == found["keyctl"] == str(errno.EPERM)
    nested = probed(security_opt=("seccomp=nested",))
    assert nested["clone-newuser"] == nested["unshare"] == "OK"
    assert nested["bpf"] == nested["add_key"] == str(errno.EPERM)


def test_privileged(probed: Probed) -> None:
    found = probed(privileged=True)
    held = sum(1 << bit for bit, name in enumerate(NAMES) if name in host_facts().capabilities)
    assert number(found, "CapEff") == number(found, "CapBnd") == held
    assert number(found, "CapInh") == number(found, "CapAmb") == 0
    assert found["Seccomp"] == "0"


def test_a_profile_from_a_file(run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod", "fchmodat", "fchmodat2"],'
        ' "action": "SCMP_ACT_ERRNO", "errnoRet": 30, "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}'
    )
    script = ("sh", "-c", "busybox chmod 700 /etc && echo changed")
    assert "Read-only file system" in run(*script, security_opt=(f"seccomp={profile}",)).stderr
    assert run(*script, security_opt=(f"seccomp={profile}",), cap_add=("SYS_ADMIN",)).stdout == "changed\n"


def test_what_is_hidden_and_what_is_read_only(run: Run) -> None:
    script = (
        "cat /proc/kcore /proc/keys /proc/interrupts | busybox wc -c; ls /sys/firmware /sys/dev/block /proc/acpi "
        "2>/dev/null | grep -v : | busybox wc -w; touch /sys/x 2>/dev/null || echo sys; "
        "(: >> /proc/sys/kernel/sysrq) 2>/dev/null || echo sysctl; (: >> /proc/sysrq-trigger) 2>/dev/null || echo sysrq"
    )
    assert run("sh", "-c", script).stdout.split() == ["0", "0", "sys", "sysctl", "sysrq"]
    flags = run("sh", "-c", "grep -E ' /proc/(bus|fs|irq|sys) ' /proc/mounts").stdout.splitlines()
    assert all(" ro," in line or line.split()[3].startswith("ro") for line in flags)


def test_devices_are_denied_but_for_those_given(run: Run) -> None:
    script = "mknod /m c 1 11 && cat /m 2>&1; mknod /n c 1 3 && cat /n && echo null; ls /dev"
    done = run("sh", "-c", script, cap_add=("MKNOD",))
    assert "Operation not permitted" in done.stdout
    assert "null" in done.stdout
    assert "fuse" not in done.stdout
    assert {"full", "null", "ptmx", "pts", "random", "shm", "tty", "urandom", "zero"} <= set(done.stdout.split())
    script = "(: < /dev/log) && echo readable; (: >> /dev/log) 2>/dev/null || echo denied"
    assert run("sh", "-c", script, cap_add=("SYSLOG",), devices=("/dev/kmsg:/dev/log:r",)).stdout.split() == [
        "readable",
        "denied",
    ]


def test_read_only_with_places_to_write(run: Run) -> None:
    script = (
        "touch /x 2>/dev/null || echo ro; touch /etc/hosts 2>/dev/null || echo ro; "
        "for d in /tmp /run /var/tmp /dev/shm; do touch $d/x && echo rw; done"
    )
    assert run("sh", "-c", script, read_only=True).stdout.split() == ["ro", "ro", "rw", "rw", "rw", "rw"]


def test_identity_environment_and_files(run: Run) -> None:
    script = (
        "id -u; id -G; pwd; umask; hostname; echo $HOME $HOSTNAME $container; "
        "stat -c %u:%g:%a /etc/hosts /etc/hostname /run/.containerenv; cat /etc/hosts"
    )
    done = run("sh", "-c", script, user="bob", hostname="boat", workdir="/dev/shm", umask=0o027)
    lines = done.stdout.splitlines()
    assert lines[0] == "1000"
    assert set(lines[1].split()) == {"100", "10"}
    assert lines[2:6] == ["/dev/shm", "0027", "boat", "/home/bob boat podman"]
    assert lines[6:9] == ["0:0:644"] * 3
    assert "127.0.0.1\tboat ship" in lines
    unlisted = run("sh", "-c", "id -u; id -G; grep 4321 /etc/passwd", user="4321")
    assert unlisted.stdout.splitlines() == ["4321", "0", "4321:*:4321:0:container user:/:/bin/sh"]


def test_limits(run: Run) -> None:
    top = "/sys/fs/cgroup"
    script = f"cat {top}/memory/memory.limit_in_bytes {top}/pids/pids.max {top}/cpu/cpu.cfs_quota_us"
    if host_facts().cgroup_mode == "v2":
        script = f"cat {top}/memory.max {top}/pids.max; cut -d' ' -f1 {top}/cpu.max"
    done = run("sh", "-c", f"{script}; ulimit -n; ulimit -c", memory=32 << 20, cpus=0.5, ulimits=("nofile=77:88",))
    assert done.stdout.split() == [str(32 << 20), "2048", "50000", "77", "0"]


def test_limits_nobody_may_raise_are_no_error(run: Run) -> None:
    """Without CAP_SYS_RESOURCE they are cut to what we have."""
    done = run("sh", "-c", "ulimit -n; cat /proc/self/oom_score_adj", ulimits=("nofile=99999999",), oom_score_adj=-999)
    if host_facts().may_raise_limits:
        pytest.skip("this process holds CAP_SYS_RESOURCE")
    assert done.stdout.split() == [str(host_facts().rlimits["nofile"][1]), str(host_facts().oom_score_adj)], done.stderr


def test_init_is_the_first_process(run: Run) -> None:
    if not os.path.exists("/usr/libexec/podman/catatonit") and not os.path.exists("/usr/bin/catatonit"):
        pytest.skip("catatonit is needed")
    done = run("sh", "-c", "busybox tr '\\0' ' ' < /proc/1/cmdline; mount | grep podman-init", init=True)
    assert done.stdout.startswith("/run/podman-init -- sh -c")
    assert "(ro," in done.stdout


def test_no_descriptors_leak(run: Run) -> None:
    assert run("ls", "/proc/self/fd").stdout.split() == ["0", "1", "2", "3"]  # 3 is the directory being listed


def test_mounts_are_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("hello\n")
    script = (
        "cat /data/file; touch /data/x 2>/dev/null || echo ro; grep ' /scratch ' /proc/mounts; "
        "touch /srv/y && echo made"
    )
    (tmp_path / "srv").mkdir()
    done = run(
        "sh",
        "-c",
        script,
        volumes=(f"{tmp_path}/data:/data:ro,Z", f"{tmp_path}/srv:/srv"),
        tmpfs=("/scratch:size=1m",),
    )
    assert done.stdout.splitlines()[:2] == ["hello", "ro"]
    assert all(word in done.stdout for word in ("nosuid", "nodev", "noexec", "size=1024k", "made"))
    assert (tmp_path / "srv/y").exists()


def test_links_in_the_image_lead_nowhere(run: Run, root: Path, tmp_path: Path) -> None:
    """Targets of our mounts that are links stay inside of the root; the host's files are as they were."""
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "file").write_text("untouched")
    (root / "etc/resolv.conf").symlink_to(canary / "file")
    (root / "etc/hosts").symlink_to("../../canary/file")
    (root / "run").symlink_to(canary)
    run("sh", "-c", "echo evil > /etc/hosts; echo evil > /run/file")
    assert (canary / "file").read_text() == "untouched"
    assert os.listdir(canary) == ["file"]


def test_namespaces_of_the_host(run: Run) -> None:
    kinds = ("net", "pid", "ipc", "uts", "cgroup", "mnt")
    script = "; ".join(f"busybox readlink /proc/self/ns/{kind}" for kind in kinds)
    host = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    private = run("sh", "-c", script).stdout.split()
    assert len(private) == len(kinds)
    assert set(private).isdisjoint(host)
    shared = run("sh", "-c", script, network="host", pid="host", ipc="host", uts="host", cgroupns="host").stdout.split()
    assert shared[:5] == host[:5]
    assert shared[5] != host[5]
    joined = run("sh", "-c", script, network="ns:/proc/self/ns/net").stdout.split()
    assert joined[0] == host[0]


def test_ping_needs_no_capability_in_a_network_of_its_own(run: Run) -> None:
    script = ("cat", "/proc/sys/net/ipv4/ping_group_range")
    assert run(*script).stdout.split() == ["0", "0"]
    own = run("cat", "/proc/sys/net/ipv4/ip_forward", sysctls={"net.ipv4.ip_forward": "1"})
    assert own.stdout == "1\n"

"""S1, S2, S8: what a container is given, the flaws of others, and rules about the source."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .world import NAME, Tally, World

TESTS = Path(__file__).parent.parent
MASKED = (
    "/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi "
    "/proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap /sys/firmware /sys/fs/selinux /sys/dev/block"
).split()
READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()
CLOSED = (
    "socket-AF_VSOCK socket-AF_ALG ia32-socketcall-AF_VSOCK ia32-socketcall-AF_ALG ia32-socket-AF_VSOCK "
    "ia32-socket-AF_ALG unshare setns mount keyctl clone-newuser pidfd_getfd open_tree mount_setattr syslog reboot"
).split()
PODMANS = 0x800405FB
REFUSED = {"1", "38"}  # EPERM, ENOSYS


def probe(folder: str) -> str:
    """The probe, built."""
    program = f"{folder}/probe"
    source = TESTS / "engine/spec/probe.c"
    subprocess.run(["gcc", "-static", "-O1", "-o", program, str(source)], check=True)
    return program


def answers(text: str) -> dict[str, str]:
    """What the probe found, by call."""
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


def defaults(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S2: each row of the table in docs/trust.md, in a container without any flag, and in what is executed in it."""
    del sample, seed
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="seabox-probe-") as folder:
        binds = [f"{probe(folder)}:/probe:ro"]
        ctr = world.engine.containers.run("busybox", ["sleep", "1000"], name=NAME, volumes=binds, stop_timeout=0)
        found = answers(ctr.exec_run(["/probe"]).stdout.decode())
        main = world.engine.containers.create("busybox", ["/probe"], volumes=binds)
        with main.start_and_attach() as session:
            first = answers(session.read_all(30).stdout.decode())
        rows = {
            **{f"{name} is closed": {found.get(name), first.get(name)} <= REFUSED for name in CLOSED},
            "capabilities as podman's or fewer": int(first["CapEff"], 16) & ~PODMANS == 0,
            "the same in exec": int(found["CapEff"], 16) & ~PODMANS == 0,
            "nothing inheritable or ambient": int(first["CapInh"], 16) == int(first["CapAmb"], 16) == 0,
            "a filter": first["Seccomp"] == "2",
        }
        for path in MASKED:
            shown = ctr.exec_run(
                ["sh", "-c", f"[ -e {path} ] || exit 0; cat {path} 2>/dev/null; ls -A {path}/ 2>/dev/null"]
            )
            rows[f"{path} is masked"] = not shown.stdout.strip() or shown.stdout.decode().strip() == path
        for path in READ_ONLY:
            shown = ctr.exec_run(["sh", "-c", f"[ -e {path} ] || exit 0; grep ' {path} ' /proc/mounts"])
            rows[f"{path} is read-only"] = not shown.stdout or shown.stdout.split()[3].startswith(b"ro")
        limits = ctr.exec_run(
            ["sh", "-c", "ulimit -c; ulimit -n; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max"]
        )
        core, files, pids = limits.stdout.split()[:3]
        rows |= {"no core": core == b"0", "descriptors are finite": files != b"unlimited", "pids": int(pids) <= 2048}
        spaces = ctr.exec_run(["ls", "-l", "/proc/self/ns"]).stdout.decode()
        for space in ("mnt", "net", "uts", "pid", "ipc"):
            inside = re.search(rf"{space}:\[(\d+)\]", spaces)
            rows[f"a {space} namespace"] = bool(inside) and inside.group(1) not in os.readlink(f"/proc/self/ns/{space}")
        devices = set(ctr.exec_run(["ls", "/dev"]).stdout.decode().split())
        usual = {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
                 "stdout", "tty", "urandom", "zero"}  # fmt: skip
        rows["no other device"] = devices <= usual
        ctr.remove(force=True)
        main.remove()
    tally.kills = len(rows)
    tally.failures += [name for name, holds in rows.items() if not holds]
    yield tally


def _pytest(tally: Tally, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *words], cwd=TESTS.parent,
        capture_output=True, text=True, env=os.environ | {"SEABOX_TRUST": "full"}, check=False,
    )  # fmt: skip
    for number, what in re.findall(
        r"(\d+) (passed|failed|error)", done.stdout.rpartition("\n")[0][-300:] + done.stdout[-300:]
    ):
        if what == "passed":
            tally.kills = int(number)
    tally.failures += [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode and not tally.failures:
        tally.failures.append(done.stdout[-500:] + done.stderr[-500:])


def flaws(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S1: what other engines got wrong, by number."""
    del sample, seed
    tally = Tally()
    _pytest(tally, "tests/trust/test_cves.py", "-k", world.runtime)
    yield tally


def source(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S8: no shell, no extractall, one path API, one place for subprocesses; mypy --strict is `make check`."""
    del world, sample, seed
    tally = Tally()
    _pytest(tally, "tests/arch/test_rooms.py", "tests/arch/test_effects.py", "tests/arch/test_paths.py")
    yield tally

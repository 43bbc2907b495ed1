"""The most used flags of `run`, each alone: what it changes can be seen from inside, or by `inspect`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine
from seabox.config import find_program

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

CGROUP = (
    'if [ -e /sys/fs/cgroup/cgroup.controllers ]; then cat "/sys/fs/cgroup/$1"; else cat "/sys/fs/cgroup/$2"; fi'
)
CAPABILITIES = "grep CapEff /proc/self/status | cut -f2"


def limit(v2: str, v1: str) -> list[str]:
    """A command that shows a limit of its own cgroup, whichever version it is of."""
    return ["sh", "-c", CGROUP, "sh", v2, v1]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


@pytest.mark.parametrize(
    ("flags", "command", "said"),
    [
        (["-t"], shell("test -t 0 && test -t 1 && echo terminal"), "terminal\r"),
        (["-e", "A=b c"], shell("echo $A"), "b c"),
        (["-w", "/var/tmp"], ["pwd"], "/var/tmp"),
        (["-u", "12:34"], shell("echo $(id -u) $(id -g)"), "12 34"),
        (["--tmpfs", "/scratch:size=1m"], shell("grep ' /scratch ' /proc/mounts | grep -o size=.*k"), "size=1024k"),
        (["--entrypoint", "echo"], ["said"], "said"),
        (["--hostname", "boat"], ["hostname"], "boat"),
        (["--read-only"], shell("touch /x 2>/dev/null || echo refused"), "refused"),
        (["--init"], shell("tr '\\0' ' ' < /proc/1/cmdline | grep -c init"), "1"),
        (["--network", "none"], ["ls", "/sys/class/net"], "lo"),
        (["-m", "64m"], limit("memory.max", "memory/memory.limit_in_bytes"), str(64 << 20)),
        (["--pids-limit", "77"], limit("pids.max", "pids/pids.max"), "77"),
        (["--cap-drop", "all"], shell(CAPABILITIES), "0000000000000000"),
        (["--cap-drop", "all", "--cap-add", "chown"], shell(CAPABILITIES), "0000000000000001"),
        (["--security-opt", "no-new-privileges"], shell("grep NoNewPrivs /proc/self/status | cut -f2"), "1"),
        (["--security-opt", "seccomp=unconfined"], shell("grep Seccomp: /proc/self/status | cut -f2"), "0"),
        (["--privileged"], shell("grep Seccomp: /proc/self/status | cut -f2"), "0"),
        (["--ulimit", "nofile=77:88"], shell("echo $(ulimit -Sn) $(ulimit -Hn)"), "77 88"),
        (["--restart", "no"], ["echo", "once"], "once"),
    ],
    ids=lambda value: "_".join(value[:2]) if isinstance(value, list) and value[0].startswith("-") else "",
)
def test_seen_from_inside(cli: CommandLine, flags: list[str], command: list[str], said: str) -> None:
    assert cli.ok("run", "--rm", *flags, "busybox", *command) == said


@pytest.mark.parametrize(
    ("flags", "field", "value"),
    [
        (["--label", "a=b"], '{{index .Config.Labels "a"}}', "b"),
        (["--stop-signal", "USR1"], "{{.Config.StopSignal}}", "10"),
        (["--stop-timeout", "3"], "{{.Config.StopTimeout}}", "3"),
        (["--cpus", "0.5"], "{{.HostConfig.NanoCpus}}", "500000000"),
        (["--restart", "on-failure:3"], "{{.HostConfig.RestartPolicy.Name}}", "on-failure"),
    ],
)
def test_seen_by_inspect(cli: CommandLine, flags: list[str], field: str, value: str) -> None:
    cli.ok("create", "--name", "c", *flags, "busybox", "true")
    assert cli.ok("inspect", "--format", field, "c") == value


def test_half_a_cpu(cli: CommandLine) -> None:
    shown = cli.ok("run", "--rm", "--cpus", "0.5", "busybox", *limit("cpu.max", "cpu/cpu.cfs_quota_us"))
    assert shown.split()[0] == "50000"


def test_stdin(cli: CommandLine) -> None:
    assert cli.ok("run", "--rm", "-i", "busybox", "cat", stdin=b"through\n") == "through"


def test_detached_with_its_files(cli: CommandLine, tmp_path: Path) -> None:
    id_file, pid_file = tmp_path / "id", tmp_path / "pid"
    shown = cli.ok(
        "run", "-d", "--name", "d", "--cidfile", f"{id_file}", "--pidfile", f"{pid_file}", "busybox", "sleep", "1000"
    )
    assert id_file.read_text() == shown
    assert cli.ok("inspect", "--format", "{{.Id}} {{.State.Pid}}", "d") == f"{shown} {pid_file.read_text().strip()}"
    assert cli.ok("rm", "-f", "-t", "0", "d") == "d"


def test_a_bind_read_only_and_not(cli: CommandLine, tmp_path: Path) -> None:
    shared = ("-v", f"{tmp_path}:/shared")
    assert cli.ok("run", "--rm", *shared, "busybox", *shell("echo word > /shared/f; cat /shared/f")) == "word"
    refused = cli("run", "--rm", "-v", f"{tmp_path}:/shared:ro", "busybox", *shell("echo more > /shared/f"))
    assert refused.code == 1
    assert (tmp_path / "f").read_text() == "word\n"


def test_a_directory_as_root(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "tree/bin").mkdir(parents=True)
    shutil.copy(find_program("busybox"), tmp_path / "tree/bin/sh")
    assert cli.ok("run", "--rm", "--rootfs", f"{tmp_path}/tree", "/bin/sh", "-c", "echo here") == "here"


def test_the_name(cli: CommandLine) -> None:
    assert cli.ok("run", "--name", "given", "busybox", "echo", "x") == "x"
    assert cli.ok("ps", "-a", "--format", "{{.Names}}") == "given"

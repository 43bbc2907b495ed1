"""`rename` and `container artifact`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_rename(cli: CommandLine) -> None:
    id = cli.ok("run", "-d", "--network", "none", "--name", "old", "busybox", "sleep", "1000")
    cli.ok("create", "--name", "taken", "busybox")
    assert cli.ok("rename", "old", "new") == ""
    assert cli.ok("ps", "--format", "{{.Names}}") == "new"
    assert cli.ok("inspect", "--format", "{{.Name}} {{.Id}}", "new") == f"new {id}"
    done = cli("rename", "new", "taken")
    assert (done.code, done.err.startswith('Error: the container name "taken" is already in use by ')) == (125, True)
    done = cli("rename", "old", "other")
    assert (done.code, done.err) == (125, 'Error: no container with name or ID "old" found: no such container\n')
    assert cli("rename", "new").code == 125
    renamed = ("--filter", "event=rename", "--filter", f"container={id}")
    assert cli.ok("events", "--stream=false", *renamed, "--format", "{{.Name}}") == "new"
    cli.ok("rm", "-f", "-t", "0", "new")


def test_artifacts(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("create", "--name", "one", "busybox")
    verb = ("container", "artifact")
    assert cli.ok(*verb, "ls", "one") == ""
    data = bytes(range(256))
    (tmp_path / "file").write_bytes(data)
    cli.ok(*verb, "add", "one", "from-file", str(tmp_path / "file"))
    cli.ok(*verb, "add", "one", "from-stdin", stdin=b"typed")
    assert cli.ok(*verb, "ls", "one").split() == ["from-file", "from-stdin"]
    assert cli(*verb, "get", "one", "from-file").raw == data
    cli.ok(*verb, "get", "one", "from-stdin", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"typed"
    assert cli.ok(*verb, "rm", "one", "from-file") == ""
    for words, said in (
        (["get", "one", "from-file"], "no such artifact"),
        (["rm", "one", "from-file"], "no such artifact"),
        (["add", "one", "../x", "/etc/hostname"], "invalid artifact name"),
        (["add", "one", "x", str(tmp_path / "missing")], "no such file or directory"),
        (["eat", "one"], "unknown verb"),
        (["get", "one"], "wrong number of arguments"),
    ):
        done = cli(*verb, *words)
        assert (done.code, done.out, said in done.err, done.err.count("\n")) == (125, "", True, 1), done


def test_update(cli: CommandLine) -> None:
    id = cli.ok("create", "--name", "one", "busybox")
    assert cli.ok("update", "--memory", "64m", "--restart", "on-failure:2", "one") == id
    form = "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}"
    assert cli.ok("inspect", "--format", form, "one") == f"{64 << 20} on-failure 2"
    assert cli.ok("update", "one") == id  # to nothing else
    assert cli.ok("update", "--health-cmd", "true", "--health-interval", "7s", "one") == id
    form = "{{.Config.Healthcheck.Test}} {{.Config.Healthcheck.Interval}}"
    assert cli.ok("inspect", "--format", form, "one") == "[CMD-SHELL true] 7s"  # a time.Duration
    assert cli.ok("update", "--no-healthcheck", "--latest") == id
    assert cli.ok("inspect", "--format", "{{.Config.Healthcheck.Test}}", "one") == "[NONE]"
    for words, said in (
        (["--latest"], "update takes one container name or ID, or --latest"),
        (["--memory", "much"], "--memory"),
        (["--restart", "sometimes"], "sometimes invalid restart policy"),
        (["--colour", "blue"], "unknown flag: --colour"),
    ):
        done = cli("update", *words, "one")
        assert (done.code, done.out, said in done.err) == (125, "", True), done


def test_all_is_what_it_fits(cli: CommandLine) -> None:
    """init and start leave alone what is further on; ps --sync believes the runtime."""
    ids = [cli.ok("create", "--network", "none", "busybox", "sleep", "1000") for _ in range(2)]
    assert cli.ok("init", "--all").splitlines() == ids
    assert cli.ok("init", "--all") == ""
    assert cli.ok("start", "--all", "--filter", f"id={ids[1]}") == ids[1]
    assert cli.ok("ps", "--sync", "--format", "{{.ID}}") == ids[1][:12]
    assert cli.ok("start", "--all") == ids[0]
    assert cli.ok("start", "--all") == ""
    assert cli.ok("events", "--stream=false", "--filter", f"container={ids[1]}", "--format", "{{.Status}}").split() == [
        "create", "init", "start", "sync"
    ]  # fmt: skip

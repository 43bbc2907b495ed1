"""`top`, `stats` and `container prune`."""

from __future__ import annotations

import json
import os
import re

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_top(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--network", "none", "--name", "c", "--user", "12", "busybox", "sh", "-c", "sleep 1000; true")
    cli.ok("exec", "c", "sh", "-c", "until grep -q ^sleep /proc/[0-9]*/cmdline; do :; done 2>/dev/null")
    lines = cli.ok("top", "c").splitlines()
    assert lines[0].split() == "USER PID PPID %CPU ELAPSED TTY TIME COMMAND".split()
    rows = [line.split(maxsplit=7) for line in lines[1:]]
    assert [row[:3] + row[7:] for row in rows] == [
        ["12", "1", "0", "sh -c sleep 1000; true"], [rows[1][0], rows[1][1], "1", "sleep 1000"]
    ]  # fmt: skip
    assert cli.ok("top", "c", "-eo", "pid,comm").splitlines()[1].split() == ["1", "sh"]
    done = cli("top", "c", "--forest")
    assert (done.code, done.err.startswith("Error: unknown ps option --forest")) == (125, True)
    cli.ok("stop", "-t", "0", "c")
    done = cli("top", "c")
    assert (done.code, done.err) == (
        125, "Error: top can only be used on running containers: container state improper\n"
    )  # fmt: skip


def test_top_executes_nothing_of_the_image(cli: CommandLine) -> None:
    script = "printf '#!/bin/sh\\ntouch /executed\\n' > /tmp/ps; chmod +x /tmp/ps; cp /tmp/ps /bin/ps; echo ready"
    cli.ok("run", "-d", "--network", "none", "--name", "c", "busybox", "sh", "-c", f"{script}; exec sleep 1000")
    cli.until_said("c", "ready")
    cli.ok("top", "c")
    cli.ok("top", "c", "aux")
    assert cli("exec", "c", "test", "-e", "/executed").code == 1


def test_stats(cli: CommandLine) -> None:
    id = cli.ok("run", "-d", "--network", "none", "--name", "c", "--memory", "64m", "busybox", "sleep", "1000")
    cli.until_it_runs("c")  # the runtime has threads
    heading, line = cli.ok("stats", "--no-stream").splitlines()
    assert re.split(r"  +", heading) == [
        "ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET IO", "BLOCK IO", "PIDS", "CPU TIME", "AVG CPU %"
    ]  # fmt: skip
    assert line.split()[:2] == [id[:12], "c"]
    assert "/ 67.11MB" in line
    found = json.loads(cli.ok("stats", "--no-stream", "--format", "json", "c"))
    assert (found[0]["id"], found[0]["pids"]) == (id[:12], "1")
    assert cli.ok("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.PIDS}}", "c") == f"{id} 1"
    cli.ok("stop", "-t", "0", "c")
    assert len(cli.ok("stats", "--no-stream").splitlines()) == 1
    assert len(cli.ok("stats", "--no-stream", "--all").splitlines()) == 2
    for words in (["nobody"], ["--all", "c"], ["--interval", "0"]):
        assert cli("stats", "--no-stream", *words).code == 125


def test_prune(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--network", "none", "--name", "running", "busybox", "sleep", "1000")
    old = cli.ok("create", "--label", "keep=no", "busybox")
    kept = cli.ok("create", "--label", "keep=yes", "busybox")
    mounted = cli.ok("create", "--name", "mounted", "busybox")
    cli.ok("mount", "mounted")
    assert cli.ok("container", "prune", "-f", "--filter", "until=1h") == ""
    assert cli.ok("container", "prune", "-f", "--filter", "label=keep=no") == old
    done = cli("container", "prune", stdin=b"n\n")
    assert (done.code, done.out.startswith("WARNING! This will remove all non running containers.")) == (0, True)
    assert cli.ok("container", "prune", "--force") == kept
    assert cli.ok("ps", "-a", "--no-trunc", "--format", "{{.ID}}").split()[1:] == [mounted]
    done = cli("container", "prune", "-f", "--filter", "status=exited")
    assert (done.code, done.err) == (125, "Error: status is an invalid filter\n")


def test_ps_by_network(cli: CommandLine) -> None:
    cli.ok("create", "--name", "alone", "--network", "none", "busybox")
    cli.ok("create", "--name", "joined", "--network", "bridge", "busybox")
    form = "{{range $name, $about := .NetworkSettings.Networks}}{{$name}}{{end}}"
    network = cli.ok("inspect", "--format", form, "joined")
    for name, found in (("none", "alone"), (network, "joined"), ("no-such-network", "")):
        assert cli.ok("ps", "-a", "--filter", f"network={name}", "--format", "{{.Names}}") == found

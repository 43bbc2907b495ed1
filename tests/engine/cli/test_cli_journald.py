"""`logs` of containers whose output goes to the journal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import journal
from engine.cli.command_line import CommandLine, next_line


@pytest.fixture(autouse=True)
def journald(tmp_path: Path) -> Iterator[None]:
    with journal.running(tmp_path):
        yield


def test_logs(cli: CommandLine) -> None:
    ids = [
        cli.ok("run", "-d", "--log-driver", "journald", "--log-opt", "tag=mine", "--name", name, "busybox",
               "sh", "-c", f"echo {name} 1; printf '{name} 2'")
        for name in ("a", "b")
    ]  # fmt: skip
    cli.ok("wait", "a", "b")
    assert cli.ok("logs", "a") == cli.ok("logs", "--follow", "a") == "a 1\na 2"
    assert cli.ok("logs", "--tail", "1", "a") == "a 2"
    assert cli.ok("logs", "--since", "1h", "--until", "1h", "a") == "a 1\na 2"
    assert cli.ok("logs", "--since", "0s", "a") == cli.ok("logs", "--until", "1000", "a") == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ a 1", cli.ok("logs", "-t", "a").split("\n")[0])
    assert cli.ok("logs", "--names", "a").split("\n")[0] == "a a 1"
    assert sorted(cli.ok("logs", "--names", "--tail", "1", "a", "b").split("\n")) == ["a a 2b b 2"]
    followed = cli.ok("logs", "--follow", "a", "b")
    assert f"{ids[0][:12]} a 1\n" in followed
    assert f"{ids[1][:12]} b 1\n" in followed


def test_logs_followed(cli: CommandLine) -> None:
    cli.ok("run", "-dit", "--log-driver", "journald", "--name", "c", "busybox", "sh", "-c", "stty -echo; echo go; cat")
    with cli.start("logs", "-f", "c", stdout=subprocess.PIPE) as follower:
        assert next_line(follower) == b"go\r\n"
        cli.ok("kill", "c")
        assert follower.wait(60) == 0


def test_podmans_refusal(cli: CommandLine) -> None:
    """With events in a file; nothing here depends on them."""
    cli.ok("run", "--log-driver", "journald", "--name", "d", "busybox", "true")
    assert cli.ok("--events-backend", "file", "logs", "d") == ""
    done = cli("--events-backend", "file", "logs", "-f", "d")
    assert (done.code, done.out) == (125, "")
    assert done.err == (
        "Error: using --follow with the journald --log-driver but without the journald --events-backend (file) "
        "is not supported\n"
    )

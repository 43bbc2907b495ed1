"""conmon's command line for exec sessions, and what it says about their end."""

from __future__ import annotations

import os

import pytest

from seabox.oci.conmon_exec import command
from seabox.oci.outcome import Outcome
from seabox.oci.runtime import ExecLaunch


def test_the_smallest_command_line() -> None:
    launch = ExecLaunch(container="abc", session="def", bundle="/run/b", attach=False)
    assert command("/usr/bin/conmon", "/usr/bin/crun", ("--root", "/run/crun"), launch) == [
        "/usr/bin/conmon", "--api-version", "1", "--cid", "abc", "--cuuid", "def",
        "--runtime", "/usr/bin/crun", "--bundle", "/run/b", "--exit-dir", "/run/b", "--full-attach",
        "--container-pidfile", "/run/b/pid", "--conmon-pidfile", "/run/b/conmon.pid",
        "--runtime-arg=--root", "--runtime-arg=/run/crun",
        "--runtime-arg=--log-format=json", "--runtime-arg=--log=/run/b/oci.log",
        "--log-path", "none", "--exec", "--exec-process-spec", "/run/b/process.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["--exec-attach"]),
        ({"stdin": True}, ["--exec-attach", "--stdin"]),
        ({"stdin": True, "tty": True}, ["--exec-attach", "--terminal"]),
        ({"timeout": 7}, ["--timeout", "7", "--exec-attach"]),
        ({"preserve_fds": (8, 9)}, ["--runtime-opt=--preserve-fds=2", "--exec-attach"]),
    ],
)
def test_every_option_has_its_place(options: dict[str, object], words: list[str]) -> None:
    launch = ExecLaunch(container="abc", session="def", bundle="/b", **options)  # type: ignore[arg-type]
    argv = command("conmon", "crun", (), launch)
    assert argv[argv.index("/b/process.json") + 1 :] == words


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [
        (b'{"data": 0}\n', 0, ""),
        (b'{"data": 137}\n', 137, ""),
        (b'{"data": -1, "message": "command timed out"}\n', None, "timeout"),
        (b"", None, "conmon_lost"),
        (b'{"data": 1', None, "conmon_lost"),
    ],
)
def test_the_outcome(said: bytes, code: int | None, reason: str) -> None:
    ours, theirs = os.pipe()
    outcome = Outcome(ours)
    assert not outcome.look()
    for letter in said:
        assert not outcome.known
        os.write(theirs, bytes([letter]))
        outcome.look()
    os.close(theirs)
    assert outcome.look()
    assert (outcome.code, outcome.reason) == (code, reason)
    assert outcome.look()


def test_an_outcome_that_came_with_the_pid() -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    outcome = Outcome(ours, b'{"data": 3}\n')
    assert outcome.look()
    assert outcome.code == 3

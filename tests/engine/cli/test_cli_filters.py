"""`ps --filter`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def trio(machine: CommandLine) -> Iterator[CommandLine]:
    """A command line with three containers."""
    machine.ok("create", "--name", "a1", "-l", "x=1", "busybox", "true")
    assert machine("run", "--name", "a2", "-l", "x=2", "-l", "y", "busybox", "sh", "-c", "exit 4").code == 4
    machine.ok("create", "--name", "b1", "-v", "/tmp:/m", "--network", "host", "busybox", "true")
    yield machine
    machine.ok("rm", "a1", "a2", "b1")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["name=^a"], ["a1", "a2"]),
        (["name=a1", "name=b1"], ["a1", "b1"]),
        (["label=x"], ["a1", "a2"]),
        (["label=x=1"], ["a1"]),
        (["label=x", "label=y"], ["a2"]),
        (["name=^/a1$"], ["a1"]),
        (["label!=x"], ["b1"]),
        (["status=created"], ["a1", "b1"]),
        (["status=exited", "name=a"], ["a2"]),
        (["exited=4"], ["a2"]),
        (["exited=0"], []),
        (["before=a2"], ["a1"]),
        (["since=a1"], ["a2", "b1"]),
        (["ancestor=busybox"], ["a1", "a2", "b1"]),
        (["ancestor=other"], []),
        (["restart-policy=no"], ["a1", "a2", "b1"]),
        (["volume=/m"], ["b1"]),
        (["network=host"], ["b1"]),
        (["until=0s"], ["a1", "a2", "b1"]),
        (["until=1h"], []),
        (["command=exit"], ["a2"]),
    ],
)
def test_filters(trio: CommandLine, filters: list[str], names: list[str]) -> None:
    words = [word for text in filters for word in ("--filter", text)]
    assert trio.ok("ps", "--all", "--format", "{{.Names}}", *words).split() == names

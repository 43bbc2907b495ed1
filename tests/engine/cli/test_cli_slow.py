"""Clients that do not read, are stopped, or are killed: the container goes on, and can always be ended."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import time
from contextlib import suppress

import pytest

import seabox
from engine.cli.command_line import SECONDS, CommandLine
from seabox.kernel import process
from seabox.kernel.procfs import ProcessFacts

MUCH = "dd if=/dev/zero bs=64k count=160 2>/dev/null | tr '\\0' x"  # 10 MiB: more than pipes and sockets hold
ENDLESS = ("sh", "-c", "exec yes 0123456789012345678901234567890123456789012345678901234567890123")


def relays(client: int) -> list[int]:
    """The children of a command that have a session of their own."""
    found = []
    for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))):
        try:
            facts = ProcessFacts(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if facts.parent == client and facts.session == pid:
            found.append(pid)
    return found


def relay_of(client: int) -> int:
    """The one such child of a command, which it may be about to make."""
    deadline = time.monotonic() + SECONDS
    while not (found := relays(client)) and time.monotonic() < deadline:
        select.poll().poll(20)
    (relay,) = found
    return relay


def until(engine: seabox.Engine, name: str, status: str) -> seabox.Container:
    """The container of this name, once there is one in this state."""
    poller = select.poll()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for seen in engine.containers.list():
            if seen.facts.name == name and seen.status == status:
                return engine.containers.get(name)
        poller.poll(20)
    raise AssertionError(f"no container {name} is {status}")


def test_a_stopped_client_stops_nothing(cli: CommandLine) -> None:
    """SIGSTOP: the container runs to its end and is cleaned up; the client, when it goes on, has all of its output."""
    with seabox.Engine(root=cli.root, runroot=cli.runroot) as engine, cli.start(
        "run", "--name", "big", "--log-driver", "none", "-i", "busybox", "sh", "-c", f"read go; {MUCH}; exit 7",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdin is not None
        assert client.stdout is not None
        ctr = until(engine, "big", "running")
        relay = relay_of(client.pid)
        with ctr.batch():
            pass  # the client has let go of what it held to start it
        client.send_signal(signal.SIGSTOP)
        client.stdin.write(b"go\n")
        until(engine, "big", "exited")
        assert ctr.wait() == 7
        assert process.identify(relay) is not None  # it has what was not read
        client.send_signal(signal.SIGCONT)
        got = client.stdout.read()
        assert client.wait(SECONDS) == 7
    assert hashlib.sha256(got).digest() == hashlib.sha256(b"x" * (160 << 16)).digest()


@pytest.mark.parametrize("how", ["stop", "kill", "rm"])
def test_a_pipe_that_nobody_reads(cli: CommandLine, how: str) -> None:
    """The container waits for its reader, but not when it is to end; what he has not read is still his."""
    with seabox.Engine(root=cli.root, runroot=cli.runroot) as engine, cli.start(
        "run", "--name", "loud", "--log-driver", "none", "busybox", *ENDLESS,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdout is not None
        ctr = until(engine, "loud", "running")
        _until_it_has_written(ctr, 64 << 20)  # as much as is kept for a reader
        begun = time.monotonic()
        if how == "stop":
            ctr.stop(timeout=1)
        elif how == "kill":
            ctr.kill()
        else:
            ctr.remove(force=True, timeout=1)
        assert time.monotonic() - begun < 30  # and not until somebody reads
        got = bytearray()
        while data := client.stdout.read(1 << 20):
            got += data
        assert client.wait(SECONDS) == (137 if how != "rm" else client.returncode)
        assert len(got) > 60 << 20
        line = f"{ENDLESS[2].split()[-1]}\n".encode()
        assert bytes(got) == (line * (len(got) // len(line) + 1))[: len(got)]


def _written(ctr: seabox.Container) -> int:
    """How many bytes the container's first process has written."""
    with open(f"/proc/{ctr.snapshot().state.pid}/io") as file:
        return int(file.read().split("wchar:")[1].split()[0])


def _until_it_has_written(ctr: seabox.Container, size: int) -> None:
    """The container's first process has written so many bytes, whatever became of them."""
    deadline = time.monotonic() + SECONDS
    while _written(ctr) < size:
        assert time.monotonic() < deadline
        select.poll().poll(50)


def _connected(pid: int) -> bool:
    """Whether a process has a socket."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed this moment
            if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
                return True
    return False


def test_a_killed_client_leaves_nobody_behind(cli: CommandLine) -> None:
    with seabox.Engine(root=cli.root, runroot=cli.runroot) as engine, cli.start(
        "run", "--name", "goes-on", "busybox", "sleep", "1000", stdout=subprocess.PIPE
    ) as client:
        ctr = until(engine, "goes-on", "running")
        relay = relay_of(client.pid)
        child = process.identify(relay)
        client.kill()
        assert child is None or process.wait_gone(child, SECONDS)
        assert ctr.status == "running"


def test_an_attached_client_that_is_too_slow_is_told(cli: CommandLine) -> None:
    """`attach` does not make a container wait: beyond 64 MiB it ends with the reason."""
    cli.ok("run", "-d", "--name", "loud", "--log-driver", "none", "busybox", *ENDLESS)
    with cli.start("attach", "loud", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        select.select([client.stdout], [], [], SECONDS)
        with seabox.Engine(root=cli.root, runroot=cli.runroot) as engine:
            ctr = engine.containers.get("loud")
            relay = relay_of(client.pid)
            while _connected(relay):
                select.poll().poll(50)  # until it has disconnected itself
            _until_it_has_written(ctr, _written(ctr) + (1 << 20))  # the container goes on
        assert len(client.stdout.read()) > 60 << 20
        assert client.wait(SECONDS) == 125
        assert b"disconnected: more than 64 MiB of output were waiting to be read" in client.stderr.read()

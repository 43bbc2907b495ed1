"""A service manager is told of containers, by us or by the container itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from engine.home import SLEEPER, Home, conmon_of, executed
from seabox.errors import InvalidArgument


@pytest.fixture
def manager(home: Home) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{home.folder}/manager")
        manager.settimeout(60)
        yield manager


def test_ready_when_started(home: Home, manager: socket.socket) -> None:
    with home.engine(notify_socket=manager.getsockname()) as engine:
        ctr = engine.containers.run("busybox", SLEEPER, sdnotify="conmon")
        assert manager.recv(999) == f"MAINPID={conmon_of(ctr).pid}\nREADY=1".encode()


def test_ready_when_the_container_says_so(home: Home, manager: socket.socket) -> None:
    """What arrives at the socket that the container sees is passed on."""
    with home.engine(notify_socket=manager.getsockname()) as engine:
        ctr = engine.containers.run("busybox", SLEEPER, sdnotify="container")
        assert manager.recv(999) == f"MAINPID={conmon_of(ctr).pid}".encode()
        executed(ctr)
        seen = ctr.exec_run(["sh", "-c", "cat /proc/1/environ; ls -d /run/notify/notify.sock"]).stdout
        assert b"NOTIFY_SOCKET=/run/notify/notify.sock\0" in seen
        assert seen.endswith(b"/run/notify/notify.sock\n")
        folder = os.open(f"{home.runroot}/containers/{ctr.id}/notify", os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inside:
                inside.sendto(b"READY=1", f"/proc/self/fd/{folder}/notify.sock")
        finally:
            os.close(folder)
        assert manager.recv(999) == b"READY=1"


def test_nobody_is_told(home: Home, manager: socket.socket) -> None:
    manager.setblocking(False)
    with home.engine(notify_socket=manager.getsockname()) as engine:
        engine.containers.run("busybox", SLEEPER)
        with pytest.raises(BlockingIOError):
            manager.recv(999)
        with pytest.raises(InvalidArgument, match="sdnotify"):
            engine.containers.create("busybox", SLEEPER, sdnotify="sometimes")


def test_a_manager_that_is_gone_is_no_obstacle(home: Home) -> None:
    with home.engine(notify_socket=f"{home.folder}/nobody") as engine:
        assert engine.containers.run("busybox", SLEEPER, sdnotify="conmon").status == "running"

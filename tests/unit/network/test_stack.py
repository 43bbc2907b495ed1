"""The networks of a container where the backend stops half-way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from seabox.errors import Busy
from seabox.model.container import ContainerConfig
from seabox.model.network import Attachment, Connection, Network
from seabox.network.errors import NetworkFailed
from seabox.network.stack import Stack
from seabox.state.networks import MembershipRow


class Fragile:
    """A backend that knows one of the networks only, and stops at the other."""

    def __init__(self) -> None:
        self.gone: list[str] = []

    def tear_down(self, netns: str, document: bytes) -> None:
        for network in json.loads(document)["networks"]:
            if network == "never-made":
                raise NetworkFailed("no such file")
            self.gone.append(network)


def test_a_network_that_was_never_made_does_not_keep_the_others(tmp_path: Path) -> None:
    """netavark goes through them in an order of its own, and left the names of the others with aardvark-dns."""
    backend = Fragile()
    stack = Stack(cast("Any", None), cast("Any", backend), lambda id: str(tmp_path))
    both = {"never-made": {}, "made": {}}
    stack._undo("c" * 64, "/run/netns/x", json.dumps({"networks": both, "network_info": both}).encode())
    assert backend.gone == ["made"]


LAN = Network(id="a" * 64, name="lan", created_at=1)
VICTIM = ContainerConfig(id="c" * 64, name="victim", created_at=1, argv=["sh"])


class Rows:
    """The rows of one container in one network."""

    def __init__(self) -> None:
        self.attached, self.connection = True, None

    def memberships(self, container: str) -> list[MembershipRow]:
        attachment = Attachment(network=LAN.id, name=LAN.name, interface="eth1")
        row = MembershipRow(msgspec.json.encode(LAN), msgspec.json.encode(attachment), self.connection)
        return [row] if self.attached else []

    def lease(self, *_: object) -> list[str]:
        return ["10.89.0.2"]

    def connected(self, container: str, connections: Mapping[str, Any]) -> None:
        self.connection = connections[LAN.id]

    def detach(self, container: str, network: str) -> None:
        self.attached = False


class Stubborn:
    """A backend whose interface stays where the lock is not to be had."""

    def __init__(self) -> None:
        self.interface = False
        self.locked_after: list[bool] = []  # whether the lock is lost after each time of setting up

    @contextmanager
    def setting_up(self, netns: str, document: bytes) -> Iterator[Callable[[], dict[str, Connection]]]:
        if self.interface:
            raise NetworkFailed("interface eth1 already exists")
        self.interface = True
        yield lambda: {LAN.id: Connection(interface="eth1")}
        if self.locked_after:
            raise OSError(24, "Too many open files")

    def tear_down(self, netns: str, document: bytes) -> None:
        if self.locked_after and self.locked_after.pop():
            raise Busy("the lock of networks", "somebody")
        self.interface = False


def _stubborn(tmp_path: Path, locked_after: list[bool]) -> tuple[Stubborn, Rows, Stack]:
    backend, rows = Stubborn(), Rows()
    backend.locked_after = locked_after
    return backend, rows, Stack(cast("Any", rows), cast("Any", backend), lambda id: str(tmp_path))


def test_who_could_not_be_connected_is_not_attached(tmp_path: Path) -> None:
    backend, rows, stack = _stubborn(tmp_path, [False])
    with pytest.raises(OSError, match="Too many"):
        stack.connect(VICTIM, "victim", LAN.id)
    assert (backend.interface, rows.attached) == (False, False)


def test_what_cannot_be_undone_is_begun_with_next_time(tmp_path: Path) -> None:
    """An interface stayed of which nobody knew: no later `connect` went through."""
    backend, rows, stack = _stubborn(tmp_path, [True])
    with pytest.raises(Busy):
        stack.connect(VICTIM, "victim", LAN.id)
    assert (backend.interface, rows.attached, rows.connection) == (True, True, None)
    stack.connect(VICTIM, "victim", LAN.id, again=True)
    assert (backend.interface, rows.attached) == (True, True)
    assert rows.connection is not None

"""Taking down the networks of a container where the backend stops half-way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from seabox.network.errors import NetworkFailed
from seabox.network.stack import Stack


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

"""Engines with real networks, in a network namespace of the tests' own; nothing may be left in it either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import seabox
from engine import hostview
from engine.conftest import _require
from engine.home import Home
from engine.network import lan
from seabox.config import find_program


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Iterator[str]:
    """runc, unless a test asks for another; in the namespace of the tests' own."""
    name: str = getattr(request, "param", "runc")
    _require(name)
    for program in ("netavark", "aardvark-dns", "iptables", "ip"):
        if not find_program(program):
            pytest.skip(f"{program} is not installed")
    try:
        namespace, view = lan.lan(), lan.view(name == "crun")
    except OSError as problem:
        pytest.skip(f"no network or mount namespace may be made here: {problem}")
    with hostview.inside(view), lan.inside(namespace):
        yield name


@pytest.fixture
def engine(home: Home) -> Iterator[seabox.Engine]:
    """An engine with the image; after the test no interface and no rule is left."""
    with home.engine() as engine:
        yield engine
        home.clear()
        assert lan.traces() == []
        assert [engine.networks.leases(network.name) for network in engine.networks.list() if
                engine.networks.leases(network.name)] == []  # fmt: skip

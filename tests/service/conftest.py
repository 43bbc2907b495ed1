"""Services over real engines, as tests/engine has them, under one runtime: what differs is tested there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import seabox
from engine.conftest import _require, engine, home, seed
from engine.home import Home
from service.served import Served

__all__ = ["engine", "home", "runtime", "seed", "served"]


@pytest.fixture
def runtime() -> str:
    """The name of a runtime that works here."""
    _require("runc")
    return "runc"


@pytest.fixture
def served(home: Home, engine: seabox.Engine) -> Iterator[Served]:
    """A service with the image `busybox` and without containers; see tests/engine/conftest.py for what is its end."""
    found = Served(home, engine)
    try:
        yield found
    finally:
        found.close()

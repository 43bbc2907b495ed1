"""Services over engines with real networks, in a network namespace of the tests' own."""

from __future__ import annotations

from engine.network.conftest import engine, runtime

__all__ = ["engine", "runtime"]

"""S1 in full is `make trust`'s; a run of the suite takes a quarter of it, another one each day."""

from __future__ import annotations

import os
import time
import zlib

import pytest

from engine.conftest import engine, home, runtime, seed

__all__ = ["engine", "home", "runtime", "seed"]

PARTS = 4
# of one mind with the workers that inherit it, at midnight too
PART = int(os.environ.setdefault("SEABOX_TRUST_PART", str(int(time.time()) // 86_400 % PARTS)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("SEABOX_TRUST") == "full":
        return
    left_out = [
        item for item in items if "test_cves.py" in item.nodeid and zlib.crc32(item.nodeid.encode()) % PARTS != PART
    ]
    if len(items) > PARTS * 10:  # not where somebody asks for a few
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

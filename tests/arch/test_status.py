"""docs/status.md promises tests by name: they must be there."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
_NAMED = re.compile(r"`([a-z_/]+\.py)::(test_\w+)`")


def test_every_test_that_the_status_names_is_there() -> None:
    named = _NAMED.findall((TOP / "docs/status.md").read_text())
    assert len(named) > 100
    missing = []
    for file, name in named:
        path = TOP / file if file.startswith("tests/") else TOP / "tests/engine" / file
        if not path.exists() or f"def {name}(" not in path.read_text():
            missing.append(f"{file}::{name}")
    assert missing == []

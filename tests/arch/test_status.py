"""docs/status.md and docs/reference.md promise tests by name: they must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
_NAMED = re.compile(r"`([a-z_/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("page", ["status", "reference"])
def test_every_test_that_the_status_names_is_there(page: str) -> None:
    named = _NAMED.findall((TOP / f"docs/{page}.md").read_text())
    assert len(named) > 60
    missing = []
    for file, name in named:
        path = TOP / file if file.startswith("tests/") else TOP / "tests/engine" / file
        if not path.exists() or f"def {name}(" not in path.read_text():
            missing.append(f"{file}::{name}")
    assert missing == []

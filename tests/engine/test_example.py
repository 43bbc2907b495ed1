"""The first thing a reader sees must run as it is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.home import SOURCE, Home

DOCUMENTS = ("README.md", "docs/architecture.md", "docs/library.md")
TOP = Path(__file__).parents[2]


def blocks(document: str) -> list[str]:
    """The Python examples of a document that stand for themselves: those that import seabox."""
    text = (TOP / document).read_text()
    found = [block.partition("```")[0] for block in text.split("```python\n")[1:]]
    return [block for block in found if "import seabox" in block]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_examples_run_as_they_are_printed(home: Home, document: str) -> None:
    if not (TOP / document).exists():
        pytest.skip(f"there is no {document} yet")
    settings = Path(home.folder, "seabox.conf")
    settings.write_text(f'cgroup_parent = "{home.cgroup_parent}"\n')
    env = {
        "PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, "SEABOX_CONF": str(settings), "SEABOX_ROOT": home.root,
        "SEABOX_RUNROOT": home.runroot, "SEABOX_RUNTIME": home.runtime,
    }  # fmt: skip
    for block in blocks(document):
        done = subprocess.run(
            [sys.executable, "-c", block], env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), block
        if "print(session.read_all().stdout)" in block:
            assert "b'hello\\n'" in done.stdout


def test_the_first_example_is_there() -> None:
    assert any("start_and_attach" in block for block in blocks("README.md"))

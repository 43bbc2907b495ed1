"""Start-up time is a promise: the parser and the plain output bring in nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import seabox

HEAVY = (
    "argparse asyncio csv dataclasses datetime inspect json logging msgspec pathlib re shutil subprocess tempfile "
    "textwrap threading typing"
)
PATH = f"import sys; sys.path.insert(0, {str(Path(seabox.__file__).parent.parent)!r})\n"

PLAIN = """
from seabox.cli import flags, help, output, parse
from seabox.model import human
command = flags.Command("ps", (flags.Flag("all", "a", flags.BOOL), flags.Flag("format")), "[options]", "List")
assert parse.parse(command, ["-a"]).on("all")
assert output.report("", [{"ID": "x"}], ["ID"]) and help.command_help(command) and human.duration(1)
"""
TEMPLATE = 'from seabox.cli import output; assert output.render("{{range .}}{{.X}}{{end}}", [{"X": 1}]) == "1\\n"'


@pytest.mark.parametrize("program", [PLAIN, TEMPLATE], ids=["plain", "template"])
def test_nothing_heavy(program: str) -> None:
    check = f"{PATH}{program}\nprint(*(set({HEAVY.split()!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", check], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_templates_are_loaded_only_when_used() -> None:
    check = f"{PATH}{PLAIN}\nprint('seabox.cli.template' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

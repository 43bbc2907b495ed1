"""podman and seabox say and do the same; where they do not, differences.toml says why."""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.scripts import SCRIPTS
from clients.twins import Outcome, Twins, twins

DIFFERENCES = Path(__file__).with_name("differences.toml")
REASON = re.compile(r"(D\d+|podman \d|name|contract|hybrid)\b")
pytestmark = pytest.mark.parity


class Difference:
    """Of one line of one script: which of code, out and err are not the same, and why."""

    def __init__(self, script: str, line: str, what: str, why: str) -> None:
        self.script, self.line, self.what, self.why = script, line, set(what.split()), why


def known() -> list[Difference]:
    return [Difference(**each) for each in tomllib.loads(DIFFERENCES.read_text())["difference"]]


@pytest.fixture(scope="module")
def both() -> Iterator[Twins]:
    if shutil.which("podman") is None or shutil.which("runc") is None:
        pytest.skip("podman and runc are needed: setup/host-packages test")
    # podman takes no runroot of more than 50 characters
    with tempfile.TemporaryDirectory(prefix="parity.", dir="/tmp") as folder, twins(Path(folder)) as found:
        yield found


def differs(theirs: Outcome, ours: Outcome) -> set[str]:
    return {what for what in ("code", "out", "err") if getattr(theirs, what) != getattr(ours, what)}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_same_script(both: Twins, script: str) -> None:
    expected = {each.line: each for each in known() if each.script == script}
    wrong = []
    for line, theirs, ours in both.run(SCRIPTS[script]):
        found, listed = differs(theirs, ours), expected.get(line)
        if found != (listed.what if listed else set()):
            wrong.append(f"{line}\n  differs in {found or 'nothing'}\n  podman: {theirs}\n  seabox: {ours}")
    for name in ("podman", "seabox"):
        both.line(name, "podman rm --all --force --time 0; rm -rf ./*")
    assert not wrong, "\n".join(wrong)


def test_every_difference_has_a_reason_and_a_line() -> None:
    for each in known():
        assert each.line in SCRIPTS[each.script].splitlines(), each.line
        assert REASON.match(each.why), each.why
        assert each.what
        assert each.what <= {"code", "out", "err"}

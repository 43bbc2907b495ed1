"""What README promises: `make run`, twice, and what set-up leaves behind."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
CRIU = "/usr/local/lib/seabox/criu/bin/criu"


def make(target: str) -> tuple[str, float]:
    """What the command prints, and the seconds of CPU it took: others may keep the machine busy."""
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    before = os.times()
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", str(TOP), target], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, used


def _alike(shown: str) -> list[str]:
    """The lines without what differs from one run to the next."""
    for what, word in (
        (r"\b[0-9a-f]{12}\b", "ID"), (r"of a kernel \S+", "of a kernel"),
        (r"(Less than a|About a|\d+) (second|minute)s? ago", "AGO"),
    ):  # fmt: skip
        shown = re.sub(what, word, shown)
    return [" ".join(line.split()) for line in shown.strip().splitlines()]


@pytest.mark.skipif(os.geteuid() != 0, reason="make run needs root")
def test_make_run_shows_a_container_and_the_second_time_at_once() -> None:
    first, _ = make("run")
    assert re.search(r"^hello from [0-9a-f]{12}, process 1 of a kernel \d", first, re.M)
    assert "exit code: 3\n" in first
    assert re.search(r"^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$", first, re.M)
    assert re.search(r"Exited \(7\).* demo$", first, re.M)
    readme = (TOP / "README.md").read_text()
    promised = re.search(r"^ {4}\$ seabox run .*?(?=\n\n)", readme, re.M | re.S)
    assert promised is not None
    assert "    make test\n" in readme
    assert _alike(promised.group()) == _alike(first[first.index("$ seabox run") :])
    again, seconds = make("run")
    assert "exit code: 3\n" in again
    assert seconds < 3


def test_the_package_is_typed_and_free() -> None:
    import seabox

    assert (Path(seabox.__file__).parent / "py.typed").exists()
    assert "Apache License" in (TOP / "LICENSE").read_text()
    assert 'license = "Apache-2.0"' in (TOP / "pyproject.toml").read_text()


def test_no_host_of_a_registry_is_named() -> None:
    """Set-up takes packages from wherever the host takes them."""
    for script in (TOP / "setup").iterdir():
        assert not re.search(r"https?://", script.read_text()), script.name


@pytest.mark.skipif(os.geteuid() != 0, reason="set-up needs root")
def test_a_criu_that_works_is_found_or_said_to_be_missing() -> None:
    """The host's own where it works; else the next release's, in its prefix, found by configuration."""
    done = subprocess.run([TOP / "setup" / "criu-prefix"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    from seabox.config import find_criu

    criu = find_criu()
    works = subprocess.run([criu, "check"], capture_output=True, check=False).returncode == 0
    assert works or len((done.stdout + done.stderr).strip().splitlines()) <= 1
    if os.path.exists(CRIU):
        assert criu == CRIU

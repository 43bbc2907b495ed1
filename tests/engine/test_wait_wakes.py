"""Waiting costs nothing: a wait that nothing happens to does not wake up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, SOURCE, Home

SECONDS = float(os.environ.get("SEABOX_TEST_WAIT", "2"))  # 30 in the issue
WAITS = "poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,nanosleep,clock_nanosleep,flock,pread64"
AT_MOST = 10


@pytest.mark.parametrize("condition", ["exited", "healthy"])
def test_a_wait_makes_at_most_ten_calls(
    engine: seabox.Engine, home: Home, tmp_path: Path, condition: str
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: setup/host-packages test")
    check = {"healthcheck": "true", "health_interval": 0} if condition == "healthy" else {}
    ctr = engine.containers.run("busybox", SLEEPER, **check)  # type: ignore[arg-type]
    program = (
        f"import os, sys; sys.path.insert(0, {SOURCE!r}); import seabox\n"
        f"from seabox.errors import TimedOut\nengine = seabox.Engine(**{home.settings!r})\n"
        f"ctr = engine.containers.get({ctr.id!r}); ctr.snapshot(); os.stat('/begin')\n"
    ).replace("os.stat('/begin')", "os.path.exists('/begin')")
    program += f"try:\n    ctr.wait({condition!r}, timeout={SECONDS})\nexcept TimedOut:\n    sys.exit(7)"
    trace = tmp_path / "trace"
    done = subprocess.run(
        [strace, "-f", "-o", str(trace), "-e", f"trace={WAITS},stat,newfstatat,statx", sys.executable, "-c", program],
        timeout=120 + SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 7
    waited = trace.read_text().partition('"/begin"')[2].splitlines()
    calls = [line for line in waited if line.split(maxsplit=1)[-1].startswith(tuple(WAITS.split(",")[:8]))]
    assert 0 < len(calls) <= AT_MOST, calls

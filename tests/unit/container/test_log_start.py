"""The log before a run: what it held is history, and it is never larger than it may become."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seabox.container.log_start import make_ready

CAP = 400


@pytest.mark.parametrize("before", ["", "older", "the log itself"])
def test_a_log_that_is_half_full_becomes_history(tmp_path: Path, before: str) -> None:
    """Also where it was made history already, by its second name, but not rotated."""
    log, old = tmp_path / "ctr.log", tmp_path / "ctr.log.1"
    log.write_text("x" * (CAP // 2))
    if before == "older":
        old.write_text("older")
    elif before:
        os.link(log, old)
    assert make_ready(str(log), CAP, "") == CAP
    assert not log.exists()
    assert old.read_text() == "x" * (CAP // 2)


def test_a_small_log_goes_on(tmp_path: Path) -> None:
    log, old = tmp_path / "ctr.log", tmp_path / "ctr.log.1"
    log.write_text("x" * 100)
    assert make_ready(str(log), CAP, str(tmp_path)) == CAP - 100
    assert log.samefile(old)
    assert (tmp_path / "log").samefile(log)

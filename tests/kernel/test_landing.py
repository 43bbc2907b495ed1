"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seabox.kernel import landing
from seabox.kernel.landing import Landing


@pytest.mark.parametrize("nameless", [True, False])
def test_it_lands_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool) -> None:
    if not nameless:
        monkeypatch.setattr(landing, "_nameless", lambda folder, mode: -1)
    target = tmp_path / "file"
    target.write_text("what was there, and longer than what comes")
    with Landing(str(target)) as file:
        file.write([b"one ", memoryview(b"two")])
        assert target.read_text().startswith("what was there")
        file.land()
    assert target.read_text() == "one two"
    assert target.stat().st_mode & 0o7777 == 0o600
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("nameless", [True, False])
def test_nothing_is_left_of_one_that_did_not_land(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:
        monkeypatch.setattr(landing, "_nameless", lambda folder, mode: -1)
    with Landing(str(tmp_path / "file")) as file:
        file.write([b"half"])
    assert os.listdir(tmp_path) == []


def test_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Landing(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        Landing(str(tmp_path / "no/such"))

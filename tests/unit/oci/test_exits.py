from __future__ import annotations

from pathlib import Path

import pytest

from seabox.oci.exits import read_exit


@pytest.mark.parametrize(("text", "code"), [("0", 0), ("3", 3), ("137", 137), ("255\n", 255)])
def test_the_code_and_its_time(text: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "id").write_text(text)
    ended = read_exit(str(tmp_path), "id")
    assert ended is not None
    assert (ended.code, ended.oom, ended.timed_out) == (code, False, False)
    assert ended.at == (tmp_path / "id").stat().st_ctime_ns


@pytest.mark.parametrize("text", ["", "x", "-2", "256", "1 2", "9" * 40])
def test_what_makes_no_sense_is_no_exit(text: str, tmp_path: Path) -> None:
    (tmp_path / "id").write_text(text)
    assert read_exit(str(tmp_path), "id") is None


def test_none_yet_and_what_else_is_known(tmp_path: Path) -> None:
    assert read_exit(str(tmp_path), "id") is None
    assert read_exit(f"{tmp_path}/none", "id") is None
    (tmp_path / "id").write_text("-1")
    (tmp_path / "oom").touch()
    ended = read_exit(str(tmp_path), "id")
    assert ended is not None
    assert (ended.code, ended.oom, ended.timed_out) == (255, True, True)

"""Manual pages: one for each command and group, from the tables, readable by man."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from seabox.cli import manual, registry
from seabox.cli.main import main


@pytest.mark.parametrize("path", manual.paths())
def test_a_page_says_all_that_the_table_says(path: str) -> None:
    page = manual.page(path)
    assert page.startswith(f'.TH "{manual.page_name(path).upper()}" "1"')
    for line in page.splitlines():  # no text of ours is taken for a request
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in (".TH", ".SH", ".TP", ".nf", ".fi")
    if path in registry.MODULES:
        for flag in registry.load(path).flags:
            assert (f"\\-\\-{flag.name.replace('-', chr(92) + '-')}\\fR" in page) is not flag.hidden


def test_pages_are_printed_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["man", "container", "rm"]) == 0
    assert 'SEABOX-CONTAINER-RM' in capsys.readouterr().out
    assert main(["man", "--all", str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == len(manual.paths())
    assert (tmp_path / "seabox.1").read_text().startswith(".TH")
    assert main(["man", "nonsense"]) == 125
    assert main(["man", "--all", f"{tmp_path}/no"]) == 125


def test_man_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "seabox-run.1"
    path.write_text(manual.page("run"))
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-Z", str(path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""

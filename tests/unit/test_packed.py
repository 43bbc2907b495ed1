"""The compiled modules in one file: the same modules, unless a source has changed, and never a hindrance."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seabox

LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
from seabox import packed
packed.use()
import seabox.config, seabox.kernel.files
print(packed._pack and packed._pack.used, packed._pack and packed._pack.stale, seabox.config.__file__,
      getattr(seabox.config, "CHANGED", ""), seabox.kernel.__path__, type(seabox.kernel.__spec__.loader).__name__)
packed.renew()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(seabox.__file__).parent, top / "seabox", ignore=shutil.ignore_patterns("__pycache__"))
    return top


def load(top: Path) -> list[str]:
    """What a fresh interpreter says: modules out of the file, out of date, and where they say they are."""
    done = subprocess.run([sys.executable, "-IS", "-c", LOAD, str(top)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def pack_of(top: Path) -> Path:
    return top / "seabox/__pycache__" / f"modules.{sys.implementation.cache_tag}.pack"


def test_the_first_command_writes_it_and_the_next_uses_it(whole: Path) -> None:
    pack_of(whole).unlink(missing_ok=True)
    file, folder = f"{whole}/seabox/config.py", f"['{whole}/seabox/kernel']"
    assert load(whole) == ["None", "None", file, folder, "SourceFileLoader"]
    used, stale, *rest = load(whole)
    assert (int(used) > 2, stale) == (True, "0")
    assert rest == [file, folder, "Pack"]


def test_a_changed_source_counts(whole: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    shutil.copytree(whole, top)
    load(top)
    (config := top / "seabox/config.py").write_text(config.read_text() + "\nCHANGED = 'yes'\n")
    used, stale, _, changed, *_ = load(top)
    assert (int(used) > 2, stale, changed) == (True, "1", "yes")


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 100])
def test_a_damaged_file_is_no_hindrance(whole: Path, data: bytes) -> None:
    load(whole)
    pack_of(whole).write_bytes(data)
    assert load(whole)[0] == "None"
    assert pack_of(whole).stat().st_size > 100_000  # and it is written again


def test_it_is_not_written_where_python_writes_nothing(whole: Path) -> None:
    pack_of(whole).unlink(missing_ok=True)
    subprocess.run([sys.executable, "-ISB", "-c", LOAD, str(whole)], capture_output=True, check=True)
    assert not pack_of(whole).exists()

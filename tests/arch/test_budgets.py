"""What the shortest processes may load: counted, so that no clock is needed to see that one has grown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from arch.source import SRC
from seabox.config import EngineConfig
from seabox.rooms import Rooms

HEAVY = {"argparse", "asyncio", "dataclasses", "inspect", "json", "logging", "pathlib", "re", "shutil", "subprocess",
         "tempfile", "tomllib", "typing", "uuid"}  # fmt: skip
_AFTER = "import os; os.write(9, ' '.join(sys.modules).encode())"


def modules_after(program: str, *arguments: str) -> tuple[set[str], set[str]]:
    """Ours and the others, as a process started like the launcher has them in the end."""
    read, write = os.pipe()
    text = f"import sys; sys.path.append({str(SRC)!r}); {program}; {_AFTER}"

    def hand_over() -> None:
        os.dup2(write, 9)

    with os.fdopen(read, "rb") as told:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", text, *arguments], capture_output=True, text=True, check=False,
            pass_fds=[write, 9], preexec_fn=hand_over,
        )  # fmt: skip
        os.close(write)
        assert done.returncode == 0, done.stderr
        found = set(told.read().decode().split())
    ours = {name for name in found if name.partition(".")[0] == "seabox"}
    return ours, found - ours


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    """The program's flags for a store that is empty."""
    return ["--root", f"{tmp_path}/root", "--runroot", f"{tmp_path}/run"]


CLI = "from seabox.cli.main import main; main(sys.argv[1:])"


def test_version() -> None:
    ours, others = modules_after(CLI, "--version")
    assert ours == {"seabox", "seabox.cli", "seabox.cli.main"}
    assert others & (HEAVY | {"msgspec", "sqlite3", "ctypes"}) == set()


def test_ps(store: list[str]) -> None:
    ours, others = modules_after(CLI, *store, "ps")
    assert others & (HEAVY | {"msgspec"}) == set()
    assert len(ours) <= 62
    assert not {name for name in ours if name.startswith(("seabox.spec", "seabox.images", "seabox.streams"))}


def test_the_exit_command(tmp_path: Path) -> None:
    """Where there is no such container; what it needs to clean one up is among the hot modules."""
    id = "0" * 64
    rooms = Rooms(EngineConfig(root=f"{tmp_path}/root", runroot=f"{tmp_path}/run"))
    os.makedirs(rooms.config.run_dir(id))
    words = rooms.exit_command(id)
    at = next(number for number, word in enumerate(words) if word.endswith("exitcmd.py"))
    ours, others = modules_after("from seabox.attendants.exitcmd import main; main(sys.argv[1:])", *words[at + 1 :])
    assert others & (HEAVY | {"msgspec"}) == set()
    assert len(ours) <= 51
    assert not {name for name in ours if name.startswith(("seabox.cli", "seabox.spec", "seabox.images"))}


def test_exec() -> None:
    """What it loads, short of an engine that runs: nothing of how a container is made."""
    ours, _ = modules_after(
        f"sys.path.append({str(Path(msgspec.__file__).parents[1])!r}); "
        "import seabox.cli.main, seabox.cli.registry, seabox.cli.commands.exec, seabox.cli.foreground, seabox.engine, "
        "seabox.container.exec_session, seabox.container.exec_start, seabox.bundles, seabox.oci.cli"
    )
    assert len(ours) <= 106
    assert not {name for name in ours if name.startswith(("seabox.images", "seabox.network"))}
    assert "seabox.spec.resolve" not in ours
    assert "seabox.spec.mounts" not in ours

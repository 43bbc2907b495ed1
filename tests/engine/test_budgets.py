"""What one container's life may cost, counted in processes, transactions and mounts: no clock is looked at."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

import seabox
from engine.home import SOURCE, Home
from seabox.kernel import effects

FLOOR = Path(__file__).parents[2] / "bench" / "floor.py"


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each effect of this process was asked for inside the block."""
    found: Counter[str] = Counter()
    effects.observe(lambda name, when: found.update([name] if when == "before" else []))
    try:
        yield found
    finally:
        effects.observe(None)


def test_run_and_remove(engine: seabox.Engine) -> None:
    """conmon (which runs `create`), `start`, `delete`; one mount; a transaction per state.

    Without a log: where conmon cannot rotate one, a supervisor is started that does, one for all containers.
    """
    engine.containers.run("busybox", ["true"]).remove(force=True)  # what only the first run of an engine needs
    with counted() as cost:
        ctr = engine.containers.create("busybox", ["true"], auto_remove=True, log_driver="none")
        with ctr.start_and_attach() as session:
            session.read_all()
            assert ctr.wait() == 0
        assert not ctr.exists()
    assert cost["spawn"] == 3
    assert cost["mount"] == 1
    assert cost["commit"] <= 9


def test_steps(engine: seabox.Engine) -> None:
    spent: dict[str, tuple[int, int]] = {}
    engine.containers.run("busybox", ["true"]).remove(force=True)
    ctr = engine.containers.create("busybox", ["sleep", "1000"], log_driver="none")
    for name, step in {
        "start": ctr.start,
        "pause": ctr.pause,
        "unpause": ctr.unpause,
        "kill": lambda: ctr.kill(15),
        "stop": lambda: ctr.stop(0),
        "remove": ctr.remove,
    }.items():
        with counted() as cost:
            step()
        spent[name] = cost["spawn"], cost["commit"]
    most = {"start": (2, 3), "pause": (1, 2), "unpause": (1, 2), "kill": (0, 1), "stop": (1, 4), "remove": (0, 3)}
    over = {name: cost for name, cost in spent.items() if cost[0] > most[name][0] or cost[1] > most[name][1]}
    assert over == {}


def test_reading_writes_nothing(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sleep", "1000"])
    with counted() as cost:
        assert len(engine.containers.list()) == 1
        assert ctr.snapshot().status == "running"
        ctr.inspect()
    assert cost == Counter()


@pytest.fixture
def traced(engine: seabox.Engine, runtime: str, tmp_path: Path) -> str:
    """What `bench/floor.py` did in two runs, by strace."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    (layer,) = engine.images.get("busybox").layers
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-ff", "-qq", "-o", str(trace), "-e", "trace=execve,mount,umount2,fsmount,move_mount",
         sys.executable, str(FLOOR), f"{engine.config.root}/layers/{layer}/diff", "--runs", "2",
         "--runtime", str(shutil.which(runtime)), "--directory", str(tmp_path / "floor")],
        check=True, capture_output=True,
    )  # fmt: skip
    # a file for each process: in one for all, a call in which another comes stands on two lines
    return "".join(each.read_text() for each in sorted(tmp_path.glob("trace.*")))


def test_the_floor_is_bare(traced: str, runtime: str) -> None:
    """conmon and the calls of the runtime, and one mount: an engine is measured against nothing that does more."""
    started = Counter(Path(path).name for path in re.findall(r'execve\("([^"]+)", .* = 0', traced))
    assert started["conmon"] == 2
    assert started[runtime] + started["exe"] >= 6
    assert started.keys() <= {"conmon", runtime, "exe", "true", Path(sys.executable).name}
    overlays = [line for line in traced.splitlines() if '"overlay"' in line and line.rstrip().endswith("= 0")]
    assert len(overlays) == 2


MOST_CALLS = {  # system calls of the command's own process; those of an interpreter that does nothing are 350
    ("--version",): 460,
    ("ps",): 1950,
    ("exec", "ship", "true"): 3600,
    ("run", "--rm", "--network", "none", "busybox", "true"): 4900,
    ("inspect", "ship"): 3000,
}


def test_system_calls_of_a_command(home: Home, engine: seabox.Engine, tmp_path: Path) -> None:
    """No clock is asked, so that a busy machine does not hide that a command does more than it did."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    engine.containers.create("busybox", ["sleep", "1000"], name="ship", log_driver="none").start()
    libraries = Path(msgspec.__file__).parents[1]
    paths = [SOURCE, str(libraries)]
    program = f"import sys; sys.path += {paths!r}; from seabox.cli.main import program; program()"
    flags = ["--root", home.root, "--runroot", home.runroot, "--runtime", home.runtime]
    over = {}
    for words, most in MOST_CALLS.items():
        counts = tmp_path / "counts"
        argv = [sys.executable, "-I", "-S", "-c", program, *flags, *words]
        subprocess.run(argv, check=True, capture_output=True)  # once, so that all is compiled
        subprocess.run(["strace", "-c", "-o", counts, *argv], check=True, capture_output=True)
        calls = int(counts.read_text().splitlines()[-1].split()[3])
        if calls > most:
            over[words[0]] = calls
    assert over == {}

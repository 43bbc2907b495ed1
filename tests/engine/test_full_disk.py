"""The file system of the root is full before the command starts, and a container goes on writing to it."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import seabox
from engine.home import SOURCE, Home
from seabox.kernel import mounts
from seabox.kernel.allocation import free_space
from seabox.state.reserve import SIZE

FILLER = ("sh", "-c", "while :; do cat /dev/zero 2>/dev/null >>/fill; done & echo ready; while :; do sleep 9; done")
OBEDIENT = ("sh", "-c", "trap 'exit 9' TERM; trap 'exit 7' USR1; echo ready; while :; do sleep 1000 & wait $!; done")
PROGRAM = f"import sys; sys.path.insert(0, {SOURCE!r}); from seabox.cli.main import main; sys.exit(main(sys.argv[1:]))"
SECONDS = 120


class Failed(Exception):
    """A command that failed."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"{done.args[-3:]}: {done.returncode}: {done.stderr}")
        self.code, self.err = done.returncode, done.stderr


class Line:
    """The command line on a home whose root is a small tmpfs."""

    def __init__(self, home: Home) -> None:
        folder = Path(home.folder)
        settings = folder / "seabox.conf"
        settings.write_text(f'cgroup_parent = "{home.cgroup_parent}"\nruntime = "{home.runtime}"\nnetwork = "none"\n')
        self._argv = (sys.executable, "-c", PROGRAM, "--root", home.root, "--runroot", home.runroot)
        self._env = {"PATH": os.environ["PATH"], "SEABOX_CONF": str(settings), "LANG": "C.UTF-8"}

    def __call__(self, *words: str) -> str:
        """What the command prints; it must succeed."""
        done = subprocess.run(
            [*self._argv, *words], env=self._env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode:
            raise Failed(done)
        return done.stdout.strip()


@pytest.fixture
def small(home: Home, seed: Path) -> Iterator[Line]:
    """The command line, its root on a tmpfs of 16 MiB."""
    shutil.rmtree(home.root)
    os.mkdir(home.root, 0o711)
    mounts.mount_tmpfs(home.root, 16 << 20)
    try:
        shutil.copytree(seed, home.root, symlinks=True, dirs_exist_ok=True)
        yield Line(home)
        home.clear()
    finally:
        mounts.umount(home.root, detach=True)


@pytest.fixture
def tiny(home: Home, seed: Path) -> Iterator[Line]:
    """As `small`, and the run directory is on that tmpfs too."""
    shutil.rmtree(home.folder)
    os.mkdir(home.folder, 0o711)
    mounts.mount_tmpfs(home.folder, 16 << 20)
    try:
        shutil.copytree(seed, home.root, symlinks=True)
        yield Line(home)
        home.clear()
    finally:
        mounts.umount(home.folder, detach=True)


def _fill(engine: seabox.Engine, root: str) -> None:
    """A container writes to the disk, which is full now, and goes on writing."""
    filler = engine.containers.create("busybox", FILLER, name="filler", stop_timeout=0)
    with filler.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    deadline = time.monotonic() + SECONDS
    while free_space(root) > 0:
        assert time.monotonic() < deadline
        select.poll().poll(10)


def _start_four(engine: seabox.Engine) -> None:
    for name in ("one", "two", "three", "four"):
        with engine.containers.create("busybox", OBEDIENT, name=name).start_and_attach() as session:
            assert next(iter(session)) == (1, b"ready\n")


def test_the_commands_that_free_a_disk_work_on_a_full_one(home: Home, small: Line) -> None:
    with home.engine() as engine:
        _start_four(engine)
        _fill(engine, home.root)
    assert set(small("ps", "--format", "{{.Names}}").split()) == {"filler", "one", "two", "three", "four"}
    assert small("inspect", "--format", "{{.State.Status}}", "one") == "running"
    small("stop", "one")
    assert small("wait", "one") == "9"
    small("kill", "two")
    assert small("wait", "two") == "137"
    small("kill", "--signal", "USR1", "three")  # the exit command deals with it, and nobody attends
    assert small("wait", "three") == "7"
    assert small("ps", "-a", "--filter", "name=three", "--format", "{{.Status}}").startswith("Exited (7)")
    small("rm", "one", "two", "three")
    small("rm", "-f", "four")
    assert small("ps", "--format", "{{.Names}}") == "filler"
    assert free_space(home.root) < 1 << 20
    small("rm", "-f", "filler")
    assert small("ps", "-a", "--quiet") == ""
    assert os.stat(f"{home.root}/seabox.db-reserve").st_blocks * 512 >= SIZE


def test_what_needs_space_is_one_clear_line(home: Home, small: Line) -> None:
    """And nothing is left of it; the reserve lasts for many calls that free something."""
    with home.engine() as engine:
        _fill(engine, home.root)
    for _ in range(5):
        with pytest.raises(Failed) as failed:
            small("run", "busybox", "sh", "-c", "true")
        assert failed.value.code == 125
        assert "space" in failed.value.err or "full" in failed.value.err
        assert failed.value.err.count("\n") == 1
    assert small("ps", "-a", "--format", "{{.Names}}") == "filler"
    small("rm", "-f", "filler")


def test_the_run_directory_may_be_full_as_well(home: Home, tiny: Line) -> None:
    """conmon has no place for an exit code then: it may be unknown, and is never another one."""
    with home.engine() as engine:
        _start_four(engine)
        _fill(engine, home.root)
    assert set(tiny("ps", "--format", "{{.Names}}").split()) == {"filler", "one", "two", "three", "four"}
    tiny("stop", "one")
    assert tiny("wait", "one") in ("9", "-1")
    tiny("kill", "two")
    assert tiny("wait", "two") in ("137", "-1")
    tiny("kill", "--signal", "USR1", "three")
    assert tiny("wait", "three") in ("7", "-1")
    assert tiny("ps", "--format", "{{.Names}}", "--filter", "name=three") == ""
    tiny("rm", "one", "two", "three")
    tiny("rm", "-f", "four")
    tiny("rm", "-f", "filler")
    assert tiny("ps", "-a", "--quiet") == ""
    assert tiny("run", "--rm", "busybox", "echo", "room again") == "room again"

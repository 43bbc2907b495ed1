"""Real engines, each on directories and a cgroup of its own, under both runtimes; nothing may be left of any."""

from __future__ import annotations

import gc
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import seabox
from engine import hostview
from engine.home import Home
from seabox.config import find_program
from seabox.kernel import cgroups
from seabox.testing.census import take


@pytest.fixture(params=["runc", "crun"])
def runtime(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a runtime that works here: in the view of this host that it needs, if that is another."""
    name: str = request.param
    _require(name)
    with hostview.inside(_view() if name == "crun" else -1):
        yield name


def _require(runtime: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    for program in (runtime, "conmon", "busybox"):
        if not os.access(find_program(program, program), os.X_OK):
            pytest.skip(f"{program} is not installed")


def _view() -> int:
    try:
        return hostview.without_unified()
    except OSError as problem:
        pytest.skip(f"crun refuses hybrid cgroups, and mounts may not be changed here: {problem}")


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root directory of an engine that holds the embedded image and nothing else: to be copied."""
    _require("busybox")
    folder = tmp_path_factory.mktemp("seed")
    with seabox.Engine(root=f"{folder}/root", runroot=f"{folder}/run") as engine:
        engine.images.embed("busybox")
    return folder / "root"


@pytest.fixture
def home(runtime: str, seed: Path, tmp_path: Path) -> Iterator[Home]:
    """Directories and a cgroup for engines, with the image; after the test its containers are removed by force.

    Then the census: no mount, cgroup, process, network namespace, runtime record, lock file or descriptor is left.
    """
    home = Home(str(tmp_path), f"/seabox-test-{uuid.uuid4().hex[:8]}", runtime)
    shutil.copytree(seed, home.root, symlinks=True, copy_function=_copy)
    with ExitStack() as undo:
        undo.callback(cgroups.remove, home.cgroup_parent, kill=True)
        census = take(home.root, home.runroot, cgroup_parent=home.cgroup_parent)
        try:
            yield home
        finally:
            home.clear()
            gc.collect()  # descriptors of what only a cycle keeps
        assert census.left_since() == []


def _copy(source: str, target: str) -> None:
    """Layers are never written to; the database is."""
    if os.path.basename(source).startswith("seabox.db"):
        shutil.copy2(source, target)
    else:
        os.link(source, target)


@pytest.fixture
def engine(home: Home) -> Iterator[seabox.Engine]:
    """An engine with the image `busybox` and without containers."""
    with home.engine() as engine:
        yield engine

"""Engines whose containers criu puts to sleep, in a network namespace of the tests' own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import seabox
from engine import hostview
from engine.checkpoint.programs import criu_trouble, crun_with_criu
from engine.checkpoint.sleepers import make_python_image
from engine.conftest import _copy, _require
from engine.home import Home
from engine.network import lan
from seabox.config import find_program
from seabox.kernel import cgroups

CRUN = "crun-with-criu"  # as a parameter of `runtime`
BOTH = pytest.mark.parametrize("runtime", ["runc", CRUN], indirect=True)


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Iterator[str]:
    """runc, unless a test asks for another; in the namespace of the tests' own."""
    name: str = getattr(request, "param", "runc")
    if name == CRUN:
        name = crun_with_criu()
        if not name:
            pytest.skip("no crun that was built with criu can be had here")
    _require(name)
    if trouble := criu_trouble():
        pytest.skip(trouble)
    for program in ("netavark", "iptables", "ip"):
        if not find_program(program):
            pytest.skip(f"{program} is not installed")
    try:
        namespace, view = lan.lan(), lan.view(os.path.basename(name) == "crun")
    except OSError as problem:
        pytest.skip(f"no network or mount namespace may be made here: {problem}")
    with hostview.inside(view), lan.inside(namespace):
        yield name


@pytest.fixture
def elsewhere(home: Home, seed: Path) -> Iterator[seabox.Engine]:
    """An engine over a store that has the image and none of the containers: as good as another machine."""
    other = Home(f"{home.folder}/elsewhere", f"{home.cgroup_parent}/elsewhere", home.runtime)
    os.makedirs(other.folder)
    shutil.copytree(seed, other.root, symlinks=True, copy_function=_copy)
    try:
        with other.engine() as engine:
            yield engine
    finally:
        other.clear()
        cgroups.remove(other.cgroup_parent, kill=True)


@pytest.fixture(scope="session")
def python_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a root file system with the host's python and busybox, and little else."""
    path = tmp_path_factory.mktemp("python") / "python.tar"
    make_python_image(path)
    return path

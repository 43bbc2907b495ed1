"""mount and unmount on real storage; every asker counts, and so does the run of a container."""

from __future__ import annotations

import os

import pytest

import seabox
from engine.home import SLEEPER, Home, kinds, last
from seabox.container.mounts import NotMounted
from seabox.container.remove import StillMounted
from seabox.errors import StateConflict
from seabox.kernel.mounts import is_mounted


def test_mount_shows_the_root(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["touch", "/made-inside"], network="none")
    since = last(engine)
    path = ctr.mount()
    assert os.path.exists(f"{path}/bin/busybox")
    assert ctr.inspect()["GraphDriver"]["Data"]["MergedDir"] == path
    ctr.start()
    assert ctr.wait() == 0
    ctr.wait("exited")
    ctr.cleanup()
    assert os.path.exists(f"{path}/made-inside")
    ctr.unmount()
    assert not is_mounted(path)
    with pytest.raises(NotMounted):
        ctr.unmount()
    assert [kind for kind in kinds(engine, since) if "mount" in kind] == ["mount", "unmount"]


def test_mounts_of_several_processes_are_one_count(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.create("busybox", SLEEPER, network="none")
    for _ in range(2):
        assert home.python("engine.containers[sys.argv[1]].mount()", ctr.id).wait(60) == 0
    path = ctr.snapshot().state.mountpoint
    ctr.unmount()
    assert is_mounted(path)
    with pytest.raises(StillMounted):
        ctr.remove()
    ctr.unmount()
    assert not is_mounted(path)


def test_a_run_keeps_its_root(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    path = ctr.mount()
    ctr.unmount(force=True)
    assert is_mounted(path)
    with pytest.raises(StateConflict):
        ctr.unmount(force=True)
    ctr.stop()
    assert not is_mounted(path)

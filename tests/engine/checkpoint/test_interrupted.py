"""A restore whose caller is killed while criu is at work.

The runtime has the container's root mounted in a directory of its own then, and `delete` would delete what is in it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.sleepers import COUNTER, count, counting, has_gone_on
from engine.home import Home
from seabox.config import find_criu
from seabox.errors import TimedOut
from seabox.kernel import mounts
from seabox.model.record import Status

STUCK = """#!/bin/sh
if [ -e {called} ]; then
    echo >{begun}
    exec sleep 1000
fi
: >{called}
exec {criu} "$@"
"""  # the first call asks for the version


@pytest.fixture
def stuck(tmp_path: Path) -> str:
    """A criu that begins a restore, which can be read from the pipe `begun` beside it, and gets no further."""
    program, begun = tmp_path / "criu", tmp_path / "begun"
    os.mkfifo(begun)
    program.write_text(STUCK.format(called=f"{tmp_path}/called", begun=begun, criu=find_criu()))
    program.chmod(0o755)
    return str(program)


def asleep(engine: seabox.Engine, home: Home) -> tuple[seabox.Container, str]:
    """A container with a checkpoint and a file of its own, and where the runtime mounts its root to restore it."""
    ctr = counting(engine, "sleeper", command=("sh", "-c", f"echo whole >/kept; {COUNTER[2]}"))
    count(ctr)
    ctr.checkpoint()
    return ctr, f"{home.runroot}/{home.runtime}/{ctr.id}/criu-root"


def restoring(home: Home, ctr: seabox.Container, stuck: str) -> int:
    """The pid of a process whose restore has got as far as criu."""
    child = os.fork()
    if child == 0:
        try:
            home.engine(criu=stuck).containers.get(ctr.id).restore()
        finally:
            os._exit(1)
    Path(stuck).with_name("begun").read_text()
    return child


def kill(child: int) -> None:
    """It is gone."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def is_whole(engine: seabox.Engine, ctr: seabox.Container, place: str) -> None:
    """It is asleep as before, with its files, and wakes."""
    assert ctr.status == Status.EXITED
    assert mounts.mounts_under(os.path.dirname(place)) == []
    assert not os.path.exists(os.path.dirname(place))
    root = ctr.mount()
    assert Path(root, "kept").read_text() == "whole\n"
    ctr.unmount()
    before = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, before)
    ctr.remove(force=True, timeout=0)


def test_killed(engine: seabox.Engine, home: Home, stuck: str) -> None:
    ctr, place = asleep(engine, home)
    child = restoring(home, ctr, stuck)
    assert mounts.is_mounted(place)
    kill(child)
    is_whole(engine, engine.containers.get(ctr.id), place)


def test_given_up(engine: seabox.Engine, home: Home, stuck: str) -> None:
    ctr, place = asleep(engine, home)
    os.unlink(Path(stuck).with_name("begun"))
    with home.engine(criu=stuck) as other, pytest.raises(TimedOut):
        other.containers.get(ctr.id).restore(timeout=1)
    is_whole(engine, ctr, place)


def test_killed_while_the_cgroups_were_restored(engine: seabox.Engine, home: Home, stuck: str) -> None:
    """criu mounts all cgroups in a directory beside the bundle then."""
    ctr, place = asleep(engine, home)
    child = restoring(home, ctr, stuck)
    yard = f"{home.runroot}/containers/{ctr.id}/.criu.cgyard.abcdef"
    os.makedirs(f"{yard}/pids")
    mounts.mount_tmpfs(yard, 1 << 20)
    os.mkdir(f"{yard}/pids")
    mounts.mount_tmpfs(f"{yard}/pids", 1 << 20)
    kill(child)
    is_whole(engine, engine.containers.get(ctr.id), place)
    assert mounts.mounts_under(yard) == []


def test_killed_while_the_files_of_a_snapshot_take_their_place(engine: seabox.Engine, home: Home) -> None:
    """The next call has them all where whoever does not mount them looks."""
    ctr = counting(engine, "sleeper", command=("sh", "-c", f"echo whole >/kept; {COUNTER[2]}"))
    count(ctr)
    ctr.snapshots.create("moment")
    upper = engine._rooms.storage.upper_dir(ctr.id)
    script = """
import os, signal
from seabox.storage import directories
remove_tree = directories.remove_tree
def removed(path):
    remove_tree(path)
    if path == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
directories.remove_tree = removed
engine.containers.get(sys.argv[1]).snapshots.restore("moment")
"""
    child = home.python(script, ctr.id, upper)
    assert child.wait() == -signal.SIGKILL
    assert not os.path.exists(upper)
    ctr.stop()
    assert Path(upper, "kept").read_text() == "whole\n"
    ctr.remove()

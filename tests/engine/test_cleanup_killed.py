"""A cleanup whose caller is killed while the runtime deletes: the next run waits until that is over."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, Home
from seabox.config import find_program
from seabox.kernel import process

# The first `delete` tells of its beginning and goes on once somebody writes to the pipe `go`. A shell would have
# another name than a runtime.
HELD = """#!/bin/bash
case " $* " in *" delete "*)
    if mkdir {folder}/first 2>/dev/null; then
        exec -a {name} bash -c 'echo >{folder}/begun; read -r _ <{folder}/go; exec {program} "$@"' {name} "$@"
    fi
esac
exec {program} "$@"
"""


@pytest.fixture
def held(home: Home, tmp_path: Path) -> Path:
    """A runtime of this home's name whose first `delete` waits."""
    folder = tmp_path / "held"
    folder.mkdir()
    for pipe in ("begun", "go"):
        os.mkfifo(folder / pipe)
    path = folder / home.runtime
    path.write_text(HELD.format(folder=folder, name=home.runtime, program=find_program(home.runtime)))
    path.chmod(0o755)
    return path


def ended(engine: seabox.Engine) -> seabox.Container:
    """A container that ran, and is to be cleaned up."""
    ctr = engine.containers.create("busybox", SLEEPER, name="victim", stop_timeout=0)
    ctr.start()
    state = ctr.snapshot().state
    assert state.process is not None
    assert state.conmon is not None
    process.send_signal(state.conmon, signal.SIGKILL)
    process.send_signal(state.process, signal.SIGKILL)
    assert process.wait_gone(state.process, 60)
    return ctr


@pytest.mark.parametrize("runtime", ["runc", "crun"], indirect=True)
def test_a_deletion_that_goes_on_takes_nothing_from_the_next_run(home: Home, held: Path) -> None:
    with home.engine(runtime=str(held)) as engine:
        ctr = ended(engine)
        cleaner = home.python("import sys; engine.containers.get(sys.argv[1]).cleanup()", ctr.id)
        (held.parent / "begun").read_text()
        (deleting,) = process.spawned_for(ctr.id, (home.runtime,))
        cleaner.kill()
        cleaner.wait()
        starting = threading.Thread(target=ctr.start)
        starting.start()
        starting.join(1)  # it is done, or waits
        (held.parent / "go").write_text("\n")
        assert process.wait_gone(deleting, 60)
        starting.join(60)
        assert ctr.status == "running"
        init = ctr.snapshot().state.process
        assert init is not None
        assert process.alive(init)
        assert ctr.exec_run(["true"]).code == 0
        ctr.remove(force=True)

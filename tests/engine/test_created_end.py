"""A container that was created and never started can end too (D42)."""

from __future__ import annotations

import signal

import pytest

import seabox
from engine.home import SLEEPER, gone, init_of
from seabox.errors import StateConflict
from seabox.kernel import process


def test_its_process_is_killed_before_it_was_started(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", SLEEPER)
    ctr.init()
    init = init_of(ctr)
    process.send_signal(init, signal.SIGKILL)
    assert gone(init)
    with pytest.raises(StateConflict) as refused:
        ctr.pause()
    assert refused.value.status != "created"  # the reference says so for ever
    ctr.start()
    assert ctr.status == "running"

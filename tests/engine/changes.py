"""Waiting until a container's state is what a test wants, woken by each of its changes."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.home import Home
from seabox.container.container import Container
from seabox.kernel.watch import Watch
from seabox.model.record import ContainerState


def until(
    ctr: Container, home: Home, what: Callable[[ContainerState], object], seconds: float = 60.0
) -> ContainerState:
    """The container's state once `what(state)` is true. Blocks."""
    deadline = time.monotonic() + seconds
    while True:
        with Watch() as watch:
            watch.add_dir(f"{home.runroot}/containers/{ctr.id}")
            state = ctr.snapshot().state
            if what(state):
                return state
            left = deadline - time.monotonic()
            assert left > 0, state
            watch.wait(left)

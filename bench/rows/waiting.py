"""How soon a waiting caller learns that a container has ended."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from measure import Goal, Row, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

_COMMAND = ("busybox", "sleep", "0.4")


def rows(place: Place) -> list[Row]:
    """The rows of this group."""

    def after_the_exit_file(_: ExitStack) -> Ways:
        def library() -> float:
            ctr = place.engine.containers.create(_COMMAND[0], _COMMAND[1:])
            with ctr.start_and_attach():
                ctr.wait()
                told = time.time_ns()
                ended = ctr.snapshot().state.finished_at
            ctr.remove()
            return (told - ended) / 1e6

        def command() -> float:
            ctr = place.engine.containers.create(_COMMAND[0], _COMMAND[1:])
            with ctr.start_and_attach():
                waiter = subprocess.Popen(place.seabox("wait", ctr.id), stdout=subprocess.PIPE, env=environment())
                assert waiter.stdout is not None
                os.read(waiter.stdout.fileno(), 64)
                told = time.time_ns()
                waiter.communicate()
                ended = ctr.snapshot().state.finished_at
            ctr.remove()
            return (told - ended) / 1e6

        def podman() -> float:
            made = subprocess.run(place.podman_argv("run", "-d", *_COMMAND), check=True, capture_output=True, text=True,
                                  env=environment())  # fmt: skip
            id = made.stdout.strip()
            waiter = subprocess.Popen(place.podman_argv("wait", id), stdout=subprocess.PIPE, env=environment())
            assert waiter.stdout is not None
            os.read(waiter.stdout.fileno(), 64)
            told = time.time()
            waiter.communicate()
            asked = place.podman_argv("inspect", "--format", "{{.State.FinishedAt.UnixNano}}", id)
            ended = int(subprocess.run(asked, check=True, capture_output=True, env=environment()).stdout) / 1e9
            subprocess.run(place.podman_argv("rm", id), check=True, capture_output=True, env=environment())
            return (told - ended) * 1000

        ways: dict[str, Callable[[], float]] = {"library": library, "CLI": command}
        return ways | ({"podman": podman} if place.podman else {})

    return [Row("wait returns after the exit file", after_the_exit_file, "ms", [Goal("library", 15)], 9)]

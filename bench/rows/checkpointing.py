"""How long it takes to put a process with some memory to sleep, and to wake it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from measure import Goal, Row, environment, milliseconds

from seabox.config import find_criu

if TYPE_CHECKING:
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

    from seabox.container.container import Container

_SIZE = 64 << 20
_HOLDER = ("sh", "-c", f'x=$(head -c {_SIZE} /dev/zero | tr "\\0" x); echo ready; while :; do sleep 1000; done')


def holding(place: Place) -> Container:
    """A container whose process has that much memory."""
    ctr = place.engine.containers.create("busybox", _HOLDER)
    with ctr.start_and_attach() as session:
        next(iter(session))
    return ctr


def rows(place: Place) -> list[Row]:
    """The rows of this group: none where the runtime cannot do it."""
    criu = find_criu()
    able = place.runtime == "runc" and criu and not subprocess.run([criu, "check"], capture_output=True).returncode
    if not able:
        return []
    name = f"{_SIZE >> 20} MiB"

    def checkpoint(_: ExitStack) -> Ways:
        def floor() -> float:
            ctr = holding(place)
            where = f"{place.durable}/floor-images"
            os.mkdir(where)
            facts = ctr.snapshot().facts
            argv = [facts.runtime, "--root", place.engine.config.runtime_root(facts.runtime), "checkpoint",
                    "--image-path", where, "--work-path", where, ctr.id]  # fmt: skip
            env = environment() | {"PATH": f"{os.path.dirname(criu)}:{environment()['PATH']}"}
            took = milliseconds(lambda: subprocess.run(argv, check=True, env=env))()
            shutil.rmtree(where)
            ctr.remove(force=True)
            return took

        def library() -> float:
            ctr = holding(place)
            took = milliseconds(ctr.checkpoint)()
            ctr.remove(force=True)
            return took

        return {"floor": floor, "library": library}

    def restore(_: ExitStack) -> Ways:
        def library() -> float:
            ctr = holding(place)
            ctr.checkpoint()
            took = milliseconds(ctr.restore)()
            ctr.remove(force=True, timeout=0)
            return took

        return {"library": library}

    def fork(_: ExitStack) -> Ways:
        def library() -> float:
            ctr = holding(place)
            begin = time.perf_counter()
            made = ctr.fork(4)
            took = (time.perf_counter() - begin) * 1000 / 4
            for each in (ctr, *made):
                each.remove(force=True, timeout=0)
            return took

        return {"library": library}

    return [
        Row(f"checkpoint, {name} (floor: runc checkpoint)", checkpoint, "ms", [Goal("library", 1.3, "floor")], 7),
        Row(f"restore, {name}", restore, "ms", (), 5),
        Row(f"fork of 4, each, {name}", fork, "ms", (), 3),
    ]

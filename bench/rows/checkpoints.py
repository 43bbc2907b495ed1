"""Checkpoint, restore and fork."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from measure import Row, milliseconds, program

from seabox.errors import SeaboxError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

_SLEEPER = ("busybox", "sleep", "100000")


def rows(place: Place) -> list[Row]:
    """The rows of this group: none where criu or the runtime cannot do it."""
    if not _works(place):
        return []

    def asleep(awake: bool, undo: ExitStack) -> Ways:
        ctr = place.engine.containers.create(_SLEEPER[0], _SLEEPER[1:])
        undo.callback(partial(ctr.remove, force=True, timeout=0))
        ctr.start()

        def way() -> float:
            down = milliseconds(ctr.checkpoint)()
            up = milliseconds(ctr.restore)()
            return up if awake else down

        return {"library": way}

    def fork(undo: ExitStack) -> Ways:
        ctr = place.engine.containers.create(_SLEEPER[0], _SLEEPER[1:], name="bench-fork")
        undo.callback(partial(ctr.remove, force=True, timeout=0))
        ctr.start()

        def library() -> float:
            made = []
            took = milliseconds(lambda: made.extend(ctr.fork()))()
            for each in made:
                each.remove(force=True, timeout=0)
            return took

        def command() -> float:
            took = program(place.seabox("container", "fork", "--name", "bench-forked", "bench-fork")).wall
            program(place.seabox("rm", "--force", "--time", "0", "bench-forked"))
            return took

        return {"library": library, "CLI": command}

    return [
        Row("checkpoint of a sleeping process", partial(asleep, False), "ms", times=5),
        Row("restore of it", partial(asleep, True), "ms", times=5),
        Row("fork of it", fork, "ms", times=5),
    ]


def _works(place: Place) -> bool:
    ctr = place.engine.containers.create(_SLEEPER[0], _SLEEPER[1:])
    try:
        ctr.start()
        ctr.checkpoint()
    except SeaboxError:
        return False
    finally:
        ctr.remove(force=True, timeout=0)
    return True

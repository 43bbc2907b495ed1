"""What it costs to start: the command line, the exit command, memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from measure import Goal, Row, most_memory, program

if TYPE_CHECKING:
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

ONCE = True


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    bare = [f"{sys.prefix}/bin/python3", "-I", "-c", "pass"]

    def version(_: ExitStack) -> Ways:
        argv = place.each("--version")
        if place.podman:
            argv["podman"] = [place.podman, "--version"]
        if place.docker:
            argv["docker"] = [place.docker, "--version"]
        argv["floor"] = bare
        return {subject: lambda words=words: program(words).wall for subject, words in argv.items()}

    def memory(_: ExitStack) -> Ways:
        ours = place.settings()
        text = (
            f"import sys; sys.path += {sys.path!r}; import seabox; e = seabox.Engine(**{ours!r}); "
            "c = e.containers.create('busybox', ['true']); c.start(); c.wait(); c.remove()"
        )
        ways = {
            "floor": lambda: most_memory(bare),
            "library": lambda: most_memory([bare[0], "-I", "-c", text]),
            "CLI": lambda: most_memory(place.seabox("run", "--rm", "busybox", "true")),
        }
        if place.podman:
            ways["podman"] = lambda: most_memory(place.podman_argv("run", "--rm", "busybox", "true"))
        return ways

    return [
        Row("--version (floor: python -I -c pass)", version, "ms", [Goal("CLI", 2, "floor")], 31),
        Row("most memory while a container runs", memory, "MB", times=5),
    ]

"""Commands in a container that runs."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from measure import Goal, Row, environment, milliseconds, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

    from seabox.container.container import Container

_SLEEPER = ("busybox", "sleep", "100000")


def _ours(place: Place, undo: ExitStack) -> Container:
    ctr = place.engine.containers.create(_SLEEPER[0], _SLEEPER[1:], name="bench-exec")
    undo.callback(partial(ctr.remove, force=True, timeout=0))
    ctr.start()
    return ctr


def _commands(place: Place, undo: ExitStack, *words: str) -> dict[str, list[str]]:
    """`exec` on every command line there is, each in a container of its own."""
    for who, make in (("podman", place.podman_argv), ("docker", place.docker_argv)):
        if getattr(place, who):
            program(make("run", "-d", "--name", "bench-exec", *_SLEEPER))
            undo.callback(program, make("rm", "--force", "bench-exec"))
    return place.each("exec", "bench-exec", *words)


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    size = place.scale(1 << 30, 64 << 20)
    many = ("head", "-c", str(size), "/dev/zero")

    def bare(ctr: Container, *words: str) -> list[str]:
        runtime = ctr.snapshot().facts.runtime
        return [runtime, "--root", place.engine.config.runtime_root(runtime), "exec", ctr.id, *words]

    def once(undo: ExitStack) -> Ways:
        ctr = _ours(place, undo)
        argvs = {"floor": bare(ctr, "true")} | _commands(place, undo, "true")
        ways: dict[str, Callable[[], float]] = {"library": milliseconds(lambda: ctr.exec_run(["true"]))}
        return ways | {who: lambda argv=argv: program(argv).wall for who, argv in argvs.items()}

    def throughput(undo: ExitStack) -> Ways:
        ctr = _ours(place, undo)

        def library() -> float:
            begin = time.perf_counter()
            with ctr.exec(many) as session:
                assert sum(len(data) for _, data in session) == size
                took = time.perf_counter() - begin
            return size / took / 1e6

        def piped(argv: list[str]) -> float:
            """What the program writes into a pipe, read as fast as can be."""
            read, write = os.pipe()
            begin = time.perf_counter()
            pid = os.posix_spawn(
                argv[0], argv, environment(),
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", 0, 0), (os.POSIX_SPAWN_DUP2, write, 1)],
            )  # fmt: skip
            os.close(write)
            got, buffer = 0, bytearray(1 << 20)
            with os.fdopen(read, "rb", 0) as file:
                while count := file.readinto(buffer):
                    got += count
            took = time.perf_counter() - begin
            assert os.waitpid(pid, 0)[1] == 0
            assert got == size
            return size / took / 1e6

        argvs = {"floor": bare(ctr, *many)} | _commands(place, undo, *many)
        ways: dict[str, Callable[[], float]] = {"library": library}
        return ways | {who: lambda argv=argv: piped(argv) for who, argv in argvs.items()}

    goals = [Goal("library", 1.5, "floor"), Goal("CLI", 0.5, "podman"), Goal("CLI", 1, "docker")]
    return [
        Row("exec true (floor: bare runtime exec)", once, "ms", goals, 21),
        Row(f"exec, {size >> 20} MiB of output", throughput, "MB/s", times=3),
    ]

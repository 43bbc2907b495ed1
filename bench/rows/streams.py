"""Bytes: attached output, logs read and followed."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from measure import Goal, Row, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    size = place.scale(1 << 30, 64 << 20)
    lines = place.scale(200_000, 20_000)
    words = ("head", "-c", str(size), "/dev/zero")

    def attach(_: ExitStack) -> Ways:
        def reader() -> float:
            """The least there is between conmon and a reader."""
            ctr = place.engine.containers.create("busybox", list(words), log_driver="none")
            ctr.init()
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                where = os.open(place.engine.config.run_dir(ctr.id), os.O_PATH | os.O_DIRECTORY)
                client.connect(f"/proc/self/fd/{where}/attach")
                os.close(where)
                begin = time.perf_counter()
                ctr.start()
                buffer, got = bytearray(8193), 0
                while count := client.recv_into(buffer):
                    got += count - 1
                took = time.perf_counter() - begin
            assert got == size
            ctr.wait()
            ctr.remove()
            return size / took / 1e6

        def library() -> float:
            ctr = place.engine.containers.create("busybox", list(words), log_driver="none")
            ctr.init()
            begin = time.perf_counter()
            with ctr.start_and_attach() as session:
                got = sum(len(data) for _, data in session)
                took = time.perf_counter() - begin
            assert got == size
            ctr.remove()
            return size / took / 1e6

        argvs = place.each("run", "--rm", "--log-driver", "none", "busybox", *words)
        ways: dict[str, Callable[[], float]] = {"floor": reader, "library": library}
        return ways | {who: lambda argv=argv: size / program(argv).wall / 1e3 for who, argv in argvs.items()}

    def read_logs(_: ExitStack) -> Ways:
        make = ("--name", "bench-logs", "busybox", "seq", str(lines))
        program(place.seabox("run", *make), stdout=_nowhere())
        ways: dict[str, Callable[[], float]] = {
            "library": lambda: _timed(lambda: sum(1 for _ in place.engine.containers.get("bench-logs").logs()), lines),
            "CLI": lambda: program(place.seabox("logs", "bench-logs")).wall,
        }
        if place.podman:
            program(place.podman_argv("run", *make), stdout=_nowhere())
            ways["podman"] = lambda: program(place.podman_argv("logs", "bench-logs")).wall
        return ways

    def follow_logs(_: ExitStack) -> Ways:
        def library() -> float:
            ctr = place.engine.containers.create("busybox", ["cat"], stdin=True)
            with ctr.start_and_attach() as session:
                followed = ctr.logs(follow=True)
                session.write(b"first\n")
                next(followed)
                begin = time.perf_counter()
                session.write(b"second\n")
                next(followed)
                took = (time.perf_counter() - begin) * 1000
                followed.close()
            ctr.remove(force=True, timeout=0)
            return took

        return {"library": library}

    return [
        Row(f"attach, {size >> 20} MiB (floor: raw reader)", attach, "MB/s", [Goal("library", 0.9, "floor")], 3),
        Row(f"logs, {lines} lines", read_logs, "ms", times=5),
        Row("logs --follow: a line arrives", follow_logs, "ms", times=9),
    ]


def _nowhere() -> int:
    return os.open("/dev/null", os.O_WRONLY)


def _timed(count: Callable[[], int], wanted: int) -> float:
    begin = time.perf_counter()
    assert count() == wanted
    return (time.perf_counter() - begin) * 1000

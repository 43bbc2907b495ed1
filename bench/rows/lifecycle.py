"""A container's life, step by step."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from measure import Goal, Row, milliseconds, program

from seabox.container.attended import attend
from seabox.kernel import process
from seabox.kernel.locks import unlock

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

_EXIT_PROBE = """
import sys
sys.path.append({source!r})
from seabox.attendants.exitcmd import main
code = main(sys.argv[1:])
import os, resource
used = resource.getrusage(resource.RUSAGE_SELF)
os.write(1, str((used.ru_utime + used.ru_stime) * 1000).encode())
sys.exit(code)
"""


def run_in_library(place: Place, network: str = "none") -> None:
    """A container has run, its output was read, its code is known, and it is gone."""
    ctr = place.engine.containers.create("busybox", ["true"], auto_remove=True, network=network)
    with ctr.start_and_attach() as session:
        session.read_all()
        assert ctr.wait() == 0
    assert not ctr.exists()


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    run_argv = ("run", "--rm", "busybox", "true")

    def run(_: ExitStack) -> Ways:
        ways: dict[str, Callable[[], float]] = {
            "floor": milliseconds(place.run_floor),
            "library": milliseconds(lambda: run_in_library(place)),
        }
        return ways | {who: lambda argv=argv: program(argv).wall for who, argv in place.each(*run_argv).items()}

    def bridged(_: ExitStack) -> Ways:
        argvs = place.each("run", "--network", "bridge", "--rm", "busybox", "true")
        ways = {"library": milliseconds(lambda: run_in_library(place, "bridge"))}
        return ways | {who: lambda argv=argv: program(argv).wall for who, argv in argvs.items()}

    def network_cpu(undo: ExitStack) -> Ways:
        ctr = place.engine.containers.create("busybox", ["true"], network="bridge")
        undo.callback(ctr.remove)
        networking = place.engine._rooms.networking
        with ctr.locked() as same:
            config, name = same.config, same.facts.name

        def way() -> float:
            began = time.process_time()  # of this process: what netavark takes is not in it
            with networking.setting_up(config, name) as work:
                work.finish()
            used = time.process_time() - began
            networking.tear_down(ctr.id)
            return used * 1000

        return {"library": way}

    def run_cpu(_: ExitStack) -> Ways:
        return {who: lambda argv=argv: program(argv).cpu for who, argv in place.each(*run_argv).items()}

    def create(_: ExitStack) -> Ways:
        ways: dict[str, Callable[[], float]] = {
            "library": milliseconds(lambda: place.engine.containers.create("busybox", ["true"]))
        }
        argvs = place.each("create", "busybox", "true")
        return ways | {who: lambda argv=argv: program(argv).wall for who, argv in argvs.items()}

    def named(verb: str, *after: str) -> Ways:
        """`start` or `stop` of a fresh container, or `rm` of a stopped one."""
        number = iter(range(sys.maxsize))

        def command(make: Callable[..., list[str]]) -> float:
            name = f"bench-{os.getpid()}-{next(number)}"
            program(make("create" if verb == "start" else "run", *(["-d"] if verb != "start" else []), "--name", name,
                         "busybox", "sleep", "1000"))  # fmt: skip
            if verb == "rm":
                program(make("stop", "-t", "0", name))
            took = program(make(verb, *after, name)).wall
            if verb != "rm":
                program(make("rm", "--force", "--time", "0", name))
            return took

        def in_library() -> float:
            ctr = place.engine.containers.create("busybox", ["sleep", "1000"])
            if verb != "start":
                ctr.start()
            if verb == "rm":
                ctr.stop(0)
            acts = {"start": ctr.start, "stop": lambda: ctr.stop(0), "rm": ctr.remove}
            took = milliseconds(acts[verb])()
            if verb != "rm":
                ctr.remove(force=True, timeout=0)
            return took

        ways: dict[str, Callable[[], float]] = {"library": in_library, "CLI": lambda: command(place.seabox)}
        if place.podman:
            ways["podman"] = lambda: command(place.podman_argv)
        if place.docker:
            ways["docker"] = lambda: command(place.docker_argv)
        return ways

    def exit_command(_: ExitStack) -> Ways:
        def way() -> float:
            ctr = place.engine.containers.create("busybox", ["true"], auto_remove=True)
            ctr.init()
            run_dir = place.engine.config.run_dir(ctr.id)
            promise = attend(run_dir)  # with this conmon's own exit command leaves at once
            ctr.start()
            ctr.wait()
            conmon = ctr.snapshot().state.conmon
            assert conmon is None or process.wait_gone(conmon, 10)
            unlock(promise)
            words = exit_arguments(place, ctr.id)
            read, write = os.pipe()
            program([sys.executable, "-I", "-S", "-c", _EXIT_PROBE.format(source=source()), *words], stdout=write)
            os.close(write)
            with os.fdopen(read) as said:
                used = float(said.read())
            assert not ctr.exists()
            return used

        return {"library": way}

    goals = [Goal("library", 1.5, "floor"), Goal("CLI", 0.5, "podman"), Goal("CLI", 1, "docker")]
    return [
        Row("run --rm, no network", run, "ms", goals, 21),
        Row("run --rm, bridge", bridged, "ms", [Goal("CLI", 0.6, "podman"), Goal("CLI", 1, "docker")]),
        Row("network set-up, CPU beyond netavark's", network_cpu, "CPU ms", [Goal("library", 15)]),
        Row("run --rm, CPU of the command", run_cpu, "CPU ms"),
        Row("create", create),
        Row("start", lambda _: named("start")),
        Row("stop -t 0", lambda _: named("stop", "-t", "0")),
        Row("rm of a stopped one", lambda _: named("rm")),
        Row("exit command, CPU of its own process", exit_command, "CPU ms", [Goal("library", 40)]),
    ]


def exit_arguments(place: Place, id: str) -> list[str]:
    """What the exit command of a container is given."""
    words = place.engine._rooms.exit_command(id)
    at = next(number for number, word in enumerate(words) if word.endswith("exitcmd.py"))
    return list(words[at + 1 :])


def source() -> str:
    """The directory the measured package is imported from."""
    import seabox

    return os.path.dirname(os.path.dirname(os.path.abspath(seabox.__file__)))

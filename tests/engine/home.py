"""Where the engines of one test live, and what its tests ask of them again and again."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import seabox
from seabox.container.container import Container
from seabox.errors import NoSuchContainer
from seabox.kernel import process
from seabox.kernel.procfs import has_executed
from seabox.model.record import ProcessId

SOURCE = str(Path(seabox.__file__).parent.parent)
SLEEPER = ("sleep", "1000")  # as first process of a container it ignores every signal but SIGKILL
READY = "ready\n"
OBEDIENT = ("sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 1000 & wait $!; done")


class Home:
    """The directories, the cgroup and the runtime that the engines of one test share."""

    def __init__(self, folder: str, cgroup_parent: str, runtime: str) -> None:
        self.folder, self.cgroup_parent, self.runtime = folder, cgroup_parent, runtime
        self.root, self.runroot = f"{folder}/root", f"{folder}/run"

    @property
    def settings(self) -> dict[str, Any]:
        """What an engine here is opened with."""
        return {
            "root": self.root, "runroot": self.runroot, "cgroup_parent": self.cgroup_parent, "runtime": self.runtime,
            "supervisor_linger": 0.0,
        }  # fmt: skip

    def engine(self, **settings: Any) -> seabox.Engine:
        """One more engine over the same containers."""
        return seabox.Engine(**(self.settings | settings))

    def clear(self) -> None:
        """No container is there, no pod, no volume and no secret."""
        with self.engine() as engine:
            for pod in engine.pods.list():
                engine.pods.get(pod.facts.id).remove(force=True, timeout=0)
            for seen in reversed(engine.containers.list()):
                with suppress(NoSuchContainer):
                    engine.containers.get(seen.facts.id).remove(force=True, timeout=0)
            for volume in engine.volumes.list():
                engine.volumes.remove(volume.name, force=True)
            engine.secrets.remove_all()

    def python(self, script: str, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
        """A process that runs `script` with `engine` open here and `words` in sys.argv[1:]; the caller ends it."""
        program = (
            f"import sys; sys.path.insert(0, {SOURCE!r}); import seabox; "
            f"engine = seabox.Engine(**{self.settings!r})\n{script}"
        )
        return subprocess.Popen([sys.executable, "-c", program, *words], **streams)


def kinds(engine: seabox.Engine, since: int = 0) -> list[str]:
    """What happened after the event `since`, in order."""
    return [event.kind for event in engine.events(since)]


def last(engine: seabox.Engine) -> int:
    """The sequence number of the newest event."""
    return max((event.seq for event in engine.events()), default=0)


def said(engine: seabox.Engine, script: str, **options: Any) -> str:
    """What a shell says in a container that is removed at its end."""
    ctr = engine.containers.create("busybox", ["sh", "-c", script], auto_remove=True, **options)
    with ctr.start_and_attach() as session:
        done = session.read_all()
    assert done.stderr == b"", done.stderr
    return done.stdout.decode().strip()


def obedient(engine: seabox.Engine, **options: Any) -> Container:
    """A running container that has said it will end with 9 when it is asked to."""
    ctr = engine.containers.create("busybox", OBEDIENT, **options)
    with ctr.start_and_attach(recursive=True) as session:
        assert next(iter(session)) == (1, READY.encode())
    return ctr


def init_of(ctr: Container) -> ProcessId:
    """The container's first process."""
    found = ctr.snapshot().state.process
    assert found is not None
    return found


def conmon_of(ctr: Container) -> ProcessId:
    """The conmon that watches the container."""
    found = ctr.snapshot().state.conmon
    assert found is not None
    return found


def executed(*ctrs: Container) -> None:
    """Each has executed its program: a start returns while its first process is still one of the runtime's."""
    for ctr in ctrs:
        while not has_executed(init_of(ctr).pid):
            os.sched_yield()


def gone(*processes: ProcessId) -> bool:
    """Whether these processes end within a minute. Blocks."""
    return all(process.wait_gone(each, 60) for each in processes)

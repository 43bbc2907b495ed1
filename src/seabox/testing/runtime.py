"""An OCI runtime and a conmon that need no root: a container is a sleeping child process."""

from __future__ import annotations

import os
import subprocess

from ..errors import CommandNotFound, OCIRuntimeFailed
from ..kernel.process import identify
from ..oci.runtime import Launched, RuntimeState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..oci.runtime import Launch


class _Faked:
    __slots__ = ("conmon", "init", "launch", "status")

    def __init__(self, launch: Launch, init: subprocess.Popen[bytes], conmon: subprocess.Popen[bytes]) -> None:
        self.launch, self.init, self.conmon, self.status = launch, init, conmon, "created"


class FakeRuntime:
    """OCIRuntime, for one process. `finish` ends a container as its own process would; `refuse` makes calls fail.

    Every container has two real children (its "init" and its "conmon"), so that pidfds and liveness are the
    kernel's. Signals that end it are noticed by `settle`, which the double's own calls do first.
    """

    def __init__(self, path: str = "/fake/runtime") -> None:
        self.path, self.name, self.root = path, os.path.basename(path), "/fake/root"
        self.calls: list[str] = []
        self.refuse: set[str] = set()
        self._known: dict[str, _Faked] = {}

    def create(self, launch: Launch) -> Launched:
        """See OCIRuntime.create."""
        self._call("create", launch.id)
        if launch.id in self._known:
            raise OCIRuntimeFailed(self.name, f"container {launch.id} already exists")
        made = _Faked(launch, _child(), _child())
        self._known[launch.id] = made
        init, conmon = identify(made.init.pid), identify(made.conmon.pid)
        assert init is not None
        assert conmon is not None
        return Launched(init, conmon)

    def start(self, id: str) -> None:
        """See OCIRuntime.start."""
        self._call("start", id)
        self._get(id).status = "running"

    def kill(self, id: str, signal: int, all: bool = False) -> bool:
        """See OCIRuntime.kill."""
        self._call(f"kill {signal}", id)
        made = self._known.get(id)
        if made is None or made.init.poll() is not None:
            return False
        made.init.send_signal(signal)
        return True

    def pause(self, id: str) -> None:
        """See OCIRuntime.pause."""
        self._call("pause", id)
        self._get(id).status = "paused"

    def resume(self, id: str) -> None:
        """See OCIRuntime.resume."""
        self._call("resume", id)
        self._get(id).status = "running"

    def delete(self, id: str, force: bool = False) -> None:
        """See OCIRuntime.delete."""
        self._call("delete", id)
        made = self._known.pop(id, None)
        if made is not None:
            for child in (made.init, made.conmon):
                child.kill()
                child.wait()

    def state(self, id: str) -> RuntimeState | None:
        """See OCIRuntime.state."""
        made = self._known.get(id)
        if made is None:
            return None
        if made.init.poll() is not None:
            return RuntimeState("stopped", 0, made.launch.bundle)
        return RuntimeState(made.status, made.init.pid, made.launch.bundle)

    def processes(self, id: str) -> list[int]:
        """See OCIRuntime.processes."""
        made = self._known.get(id)
        return [made.init.pid] if made is not None and made.init.poll() is None else []

    # --- what the world does to it -------------------------------------------------------------------------------

    def finish(self, id: str, code: int) -> None:
        """The container's process ends with `code`, conmon writes that down and goes; no exit command is run."""
        made = self._get(id)
        made.init.kill()
        made.init.wait()
        path = f"{made.launch.bundle}/{id}"
        with open(f"{path}.new", "w") as file:
            file.write(str(code))
        os.rename(f"{path}.new", path)
        made.conmon.kill()
        made.conmon.wait()

    def lose_conmon(self, id: str) -> None:
        """conmon is killed from outside: nobody will write down how the container ends."""
        made = self._get(id)
        made.conmon.kill()
        made.conmon.wait()

    def settle(self, id: str) -> None:
        """If the container's process was ended by a signal, its conmon has said so."""
        made = self._get(id)
        code = made.init.wait(timeout=10)
        self.finish(id, 128 - code if code < 0 else code)

    def close(self) -> None:
        """No child is left."""
        for id in list(self._known):
            self.delete(id)

    def _get(self, id: str) -> _Faked:
        if id not in self._known:
            raise OCIRuntimeFailed(self.name, "container does not exist")
        return self._known[id]

    def _call(self, verb: str, id: str) -> None:
        self.calls.append(verb)
        if verb in self.refuse:
            if verb == "create":
                raise CommandNotFound(self.name, "executable file `/nope` not found in $PATH")
            raise OCIRuntimeFailed(self.name, f"{verb} was refused")


def _child() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )



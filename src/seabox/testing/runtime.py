"""An OCI runtime and a conmon that need no root: a container is a sleeping child process."""

from __future__ import annotations

import os
import signal as signals
import socket
from contextlib import contextmanager, suppress
from threading import Thread

from ..errors import CommandNotFound, OCIRuntimeFailed
from ..kernel.files import write_atomic, write_file
from ..kernel.process import alive, arguments, clean_env, identify, reap, send_signal, spawn, wait_gone
from ..oci.attachsock import AttachSocket
from ..oci.outcome import Outcome
from ..oci.runtime import Executed, Launched, RuntimeState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..oci.runtime import Dump, ExecLaunch, Launch

_SLEEP = "/bin/sleep"


class _Faked:
    __slots__ = ("conmon", "init", "launch", "status")

    def __init__(self, launch: Launch) -> None:
        self.launch, self.init, self.conmon, self.status = launch, _Child(), _Child(), "created"


class _Child:
    """A process that sleeps until it is ended."""

    __slots__ = ("code", "process")

    def __init__(self) -> None:
        pid = spawn([_SLEEP, "1000"], env=clean_env())
        process = identify(pid)
        assert process is not None
        while alive(process) and arguments(pid)[:1] != [_SLEEP]:  # it is there an instant before its words are
            os.sched_yield()
        self.process, self.code = process, -1

    def alive(self) -> bool:
        return alive(self.process)

    def end(self, signal: int = signals.SIGKILL) -> None:
        send_signal(self.process, signal)
        self.wait()

    def wait(self) -> int:
        """The exit code as conmon would write it; the child is reaped."""
        if self.code < 0:
            code = reap(self.process.pid, 60)
            assert code is not None
            self.code = max(code, 0)
        return self.code


class _FakedExec:
    """A session: its process, and a thread that does what its conmon would (whose place another child takes)."""

    __slots__ = ("code", "conmon", "launch", "lost", "outcome", "process", "streams", "thread")

    def __init__(self, launch: ExecLaunch, streams: socket.socket, outcome: int) -> None:
        self.launch, self.process, self.conmon = launch, _Child(), _Child()
        self.streams, self.outcome = streams, outcome
        self.code, self.lost = -1, False
        self.thread = Thread(target=self._watch, daemon=True)
        self.thread.start()

    def finish(self, code: int | None) -> None:
        """The process ends with `code`; None: conmon is killed before and says nothing."""
        self.code, self.lost = (-1, True) if code is None else (code, False)
        send_signal(self.process.process, signals.SIGKILL)
        self.thread.join()

    def _watch(self) -> None:
        """The process ends, by `finish` or by a signal; conmon writes down how, tells who listens, and goes."""
        wait_gone(self.process.process, None)
        code = self.process.wait() if self.code < 0 else self.code
        self.process.wait()
        if not self.lost:
            with suppress(FileNotFoundError):  # its directory was removed
                write_atomic(f"{self.launch.bundle}/{self.launch.container}", str(code).encode(), durable=False)
            with suppress(BrokenPipeError):
                os.write(self.outcome, b'{"data": %d}\n' % code)
        self.streams.close()
        os.close(self.outcome)
        self.conmon.end()


class FakeRuntime:
    """OCIRuntime, for one process. `finish` ends a container as its own process would; `refuse` makes calls fail.

    Every container has two real children (its "init" and its "conmon"), so that pidfds and liveness are the
    kernel's. Signals that end it are noticed by `settle`, which the double's own calls do first.
    """

    def __init__(self, path: str = "/fake/runtime") -> None:
        self.path, self.name, self.root = path, os.path.basename(path), "/fake/root"
        self.calls: list[str] = []
        self.refuse: set[str] = set()
        self.limits: dict[str, bytes] = {}  # by container, as last updated
        self.dumps: list[Dump] = []
        self.lacks = ""  # why no container can be checkpointed
        self._known: dict[str, _Faked] = {}
        self._execs: dict[str, _FakedExec] = {}

    def create(self, launch: Launch) -> Launched:
        """See OCIRuntime.create."""
        self._call("create", launch.id)
        if launch.id in self._known:
            raise OCIRuntimeFailed(self.name, f"container {launch.id} already exists")
        made = self._known[launch.id] = _Faked(launch)
        if launch.revival is not None:
            made.status = "running"
        return Launched(made.init.process, made.conmon.process)

    def start(self, id: str) -> None:
        """See OCIRuntime.start."""
        self._call("start", id)
        self._get(id).status = "running"

    def kill(self, id: str, signal: int, all: bool = False) -> bool:
        """See OCIRuntime.kill."""
        self._call(f"kill {signal}", id)
        made = self._known.get(id)
        return made is not None and send_signal(made.init.process, signal)

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
        self._end_execs(id)
        made = self._known.pop(id, None)
        if made is not None:
            made.init.end()
            made.conmon.end()

    @contextmanager
    def deleting(self, id: str, force: bool = False) -> Iterator[None]:
        """See OCIRuntime.deleting."""
        self.delete(id, force)
        yield

    def update(self, id: str, limits: bytes) -> None:
        """See OCIRuntime.update."""
        self._call("update", id)
        self._get(id)
        self.limits[id] = limits

    def checkpoint(self, id: str, dump: Dump) -> None:
        """See OCIRuntime.checkpoint."""
        self._call("checkpoint", id)
        self.dumps.append(dump)
        write_file(f"{dump.images}/inventory.img", b"")
        write_file(f"{dump.work}/dump.log", b"(00.1) Dumping finished successfully\n")
        if not (dump.leave_running or dump.pre_dump):
            self.finish(id, 137)

    def no_checkpoints(self, criu: str, *, pre_dump: bool = False) -> str:
        """See OCIRuntime.no_checkpoints."""
        return self.lacks

    def state(self, id: str) -> RuntimeState | None:
        """See OCIRuntime.state."""
        made = self._known.get(id)
        if made is None:
            return None
        if not made.init.alive():
            return RuntimeState("stopped", 0, made.launch.bundle)
        return RuntimeState(made.status, made.init.process.pid, made.launch.bundle)

    def processes(self, id: str) -> list[int]:
        """See OCIRuntime.processes."""
        made = self._known.get(id)
        return [made.init.process.pid] if made is not None and made.init.alive() else []

    def execute(self, launch: ExecLaunch) -> Executed:
        """See OCIRuntime.execute."""
        self._call("execute", launch.container)
        self._get(launch.container)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        outcome, outcome_end = os.pipe()
        made = self._execs[launch.session] = _FakedExec(launch, theirs, outcome_end)
        done = Executed(made.process.process.pid, made.process.process, made.conmon.process)
        if launch.attach:
            done.connection, done.outcome = AttachSocket(ours.detach()), Outcome(outcome)
        else:
            ours.close()
            os.close(outcome)
        return done

    # --- what the world does to it -------------------------------------------------------------------------------

    def finish(self, id: str, code: int) -> None:
        """The container's process ends with `code`, conmon writes that down and goes; no exit command is run."""
        made = self._get(id)
        made.init.end()
        self._end_execs(id)
        write_atomic(f"{made.launch.bundle}/{id}", str(code).encode(), durable=False)
        made.conmon.end()

    def say(self, session: str, data: bytes, stream: int = 1) -> None:
        """The session's process writes `data`."""
        self._execs[session].streams.send(bytes([stream + 1]) + data)

    def hear(self, session: str) -> bytes:
        """What the session's process reads next; b"" at the end of its input. Blocks."""
        return self._execs[session].streams.recv(1 << 16)

    def finish_exec(self, session: str, code: int | None) -> None:
        """The session's process ends with `code`; None: its conmon is killed first, and nobody writes that down."""
        self._execs.pop(session).finish(code)

    def lose(self, id: str, *, init: bool = False) -> None:
        """conmon (or, with `init`, the container's process after it) is killed: nobody writes down how it ended."""
        made = self._get(id)
        (made.init if init else made.conmon).end()

    def settle(self, id: str) -> None:
        """The container's process is about to be ended by a signal; once it is, its conmon says so and goes."""
        self.finish(id, self._get(id).init.wait())

    def close(self) -> None:
        """No child is left."""
        for id in list(self._known):
            self.delete(id)

    def _end_execs(self, id: str) -> None:
        """As the kernel does with all that is in the pid namespace of a process that ended."""
        for session, made in list(self._execs.items()):
            if made.launch.container == id:
                self.finish_exec(session, 137)

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

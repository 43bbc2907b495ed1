"""Exec sessions as their users see them: one that is attached, one known by its id, and all of a container."""

from __future__ import annotations

import json
import signal as signals
from contextlib import suppress

from ..errors import Cancelled, Conflict, ExitCodeUnknown, InvalidArgument, StateConflict, TimedOut
from ..kernel import process
from ..kernel.watch import Watch
from ..model.exec import ExecStatus
from ..oci.outcome import LOST, TIMEOUT
from ..state.execs import NoSuchExec
from ..streams.session import Output, Session
from ..streams.spool import LIMIT
from . import exec_reap
from .attach import write_size
from .relief import patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from ..kernel.watch import Cancel
    from ..model.exec import ExecRecord
    from ..oci.runtime import Executed
    from .http_wire import Wire
    from .services import Services


class ExecTimedOut(TimedOut):
    """The session's process was killed because its time was up; what it had written is in stdout and stderr."""

    def __init__(self, session: str, output: Output | None = None) -> None:
        super().__init__(f"exec session {session} was killed because its time was up")
        self.session = session
        self.stdout = output.stdout if output else b""
        self.stderr = output.stderr if output else b""


class Finished:
    """How a command ended, and all that it wrote."""

    __slots__ = ("code", "stderr", "stdout")

    def __init__(self, code: int, output: Output) -> None:
        self.code, self.stdout, self.stderr = code, output.stdout, output.stderr

    def __repr__(self) -> str:
        return f"Finished({self.code}, stdout={self.stdout!r}, stderr={self.stderr!r})"


class Exec:
    """A handle on one exec session: an id and no state, so it is never stale. Its exit code is kept for 5 minutes."""

    __slots__ = ("_on", "_runtime", "container_id", "id")

    def __init__(self, on: Services, container_id: str, runtime: str, id: str) -> None:
        self._on, self._runtime = on, runtime
        self.container_id, self.id = container_id, id

    def __repr__(self) -> str:
        return f"<Exec {self.id[:12]}>"

    def record(self) -> ExecRecord:
        """What is true of the session now. Raises: NoSuchExec."""
        record = self._on.store.execs.get(self.container_id, self.id)
        if record.active:
            exec_reap.settle(self._on, record, self._runtime)
            record = self._on.store.execs.get(self.container_id, self.id)
        return record

    @property
    def running(self) -> bool:
        """Whether its process runs. Raises: NoSuchExec."""
        return self.record().status is ExecStatus.RUNNING

    def poll(self) -> int | None:
        """The exit code, None while the session runs. Raises: NoSuchExec, ExitCodeUnknown, ExecTimedOut."""
        record = self.record()
        return None if record.active else code_of(record.id, record.exit_code, record.exit_reason)

    def wait(self, timeout: float | None = None, cancel: Cancel | None = None) -> int:
        """The exit code, once the session has ended. Blocks up to `timeout` seconds (None = for ever).

        Raises: NoSuchExec, TimedOut, Cancelled, ExitCodeUnknown, ExecTimedOut.
        """
        clock = self._on.clock
        deadline = None if timeout is None else clock.monotonic() + timeout
        while True:
            with Watch(cancel) as watch:
                with suppress(FileNotFoundError):
                    watch.add_dir(exec_reap.folder_of(self._on, self.container_id, self.id))
                record = self.record()
                if not record.active:
                    return code_of(record.id, record.exit_code, record.exit_reason)
                watched = [watch.add_process(each) for each in (record.process, record.conmon) if each is not None]
                if record.status is ExecStatus.RUNNING and not any(watched):
                    continue  # both went this moment
                left = None if deadline is None else deadline - clock.monotonic()
                if (left is not None and left <= 0) or not watch.wait(left):
                    raise TimedOut(f"exec session {self.id} did not end within {timeout:g} seconds")

    def kill(self, signal: int = signals.SIGKILL) -> bool:
        """`signal` was sent to the session's process; False if that has ended. Raises: NoSuchExec."""
        if not 1 <= signal <= 64:
            raise InvalidArgument("valid signals are 1 through 64")
        target = self._on.store.execs.get(self.container_id, self.id).process
        return target is not None and process.send_signal(target, signal)

    def resize(self, height: int, width: int) -> None:
        """The session's terminal has this many rows and columns; no effect if it has ended."""
        write_size(exec_reap.folder_of(self._on, self.container_id, self.id), height, width)

    def remove(self, *, force: bool = False, timeout: float | None = 10.0, cancel: Cancel | None = None) -> None:
        """There is no such session; `force` kills its process first and waits up to `timeout` seconds for its end.

        Raises: NoSuchExec, StateConflict, TimedOut, Cancelled.
        """
        record = self.record()
        if record.active:
            if not force:
                raise StateConflict(
                    self.container_id, record.status, ("stopped",), f"exec session {self.id} has not ended"
                )
            self.kill()
            with suppress(ExitCodeUnknown, ExecTimedOut):
                self.wait(timeout, cancel)
        self._on.store.execs.remove(self.id)

    def inspect(self) -> dict[str, Any]:
        """Everything about the session, under podman's field names. Raises: NoSuchExec."""
        record = self.record()
        running = record.status is ExecStatus.RUNNING
        command = json.loads(record.command)
        code = record.exit_code if record.exit_code is not None else (-1 if record.exit_reason else 0)
        return {
            "CanRemove": not record.active,
            "ContainerID": record.container,
            "DetachKeys": "",
            "ExitCode": code,
            "ID": record.id,
            "OpenStderr": True,
            "OpenStdin": True,
            "OpenStdout": True,
            "Running": running,
            "Pid": record.pid if running else 0,
            "ProcessConfig": {
                "arguments": command[1:],
                "entrypoint": command[0],
                "privileged": False,
                "tty": record.tty,
                "user": record.user,
            },
        }


def code_of(session: str, code: int | None, reason: str) -> int:
    """The exit code. Raises: ExecTimedOut, ExitCodeUnknown."""
    if code is not None:
        return code
    if reason == TIMEOUT:
        raise ExecTimedOut(session)
    raise ExitCodeUnknown(session, reason)


class ExecSession(Session):
    """A process in a container, its standard streams, and how it ends; much as subprocess.Popen.

    Streams as in Session. Leaving the `with` block, or dying, disconnects: the process goes on, as one whose terminal
    was closed. `handle` is what is left to deal with then.
    """

    __slots__ = ("_on", "_outcome", "_recorded", "handle", "pid")

    def __init__(
        self, on: Services, handle: Exec, made: Executed, slow_reader: str = "backpressure", *, begin: bool = True
    ) -> None:
        assert made.connection is not None
        assert made.outcome is not None
        self.handle, self.pid = handle, made.pid
        self._on, self._outcome, self._recorded = on, made.outcome, False
        run_dir = on.config.run_dir(handle.container_id)
        how = patience(slow_reader, LIMIT, on.config.root, run_dir, made.process)
        super().__init__(made.connection, patience=how, resize=handle.resize, begin=begin)

    def __enter__(self) -> ExecSession:
        return self

    def http_attach(
        self, conn: Wire | Callable[[], Wire], *, framed: bool, streams: Collection[str] | None = None,
        detach_keys: str = "", typed: bytes = b"", timeout: float | None = None, cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        """The client at the other end of `conn` was connected to the process until one of them left. Blocks.

        As Container.http_attach; `framed`: the outputs come as frames, else the first as it is and no second. How the
        process ended is known when the client sees the end. To be made with `begin=False`; good for `close` after it.
        Raises: InvalidArgument, Disconnected, Cancelled, TimedOut (after `timeout` seconds); the process goes on.
        """
        from .http_exec import http_attach

        http_attach(
            self, conn, framed=framed, streams=streams, detach_keys=detach_keys, typed=typed, timeout=timeout,
            cancel=cancel,
        )  # fmt: skip

    def close(self) -> None:
        """Disconnected; the process goes on. Its end, if that has come, is recorded. Idempotent."""
        super().close()
        self._look()

    @property
    def id(self) -> str:
        """The session's id."""
        return self.handle.id

    @property
    def exit_code(self) -> int | None:
        """The exit code, None while there is none (or if nobody knows it: `wait` says why). Never blocks."""
        self._look()
        return self._outcome.code

    def poll(self) -> int | None:
        """The exit code, None while the process runs. Raises: ExitCodeUnknown, ExecTimedOut."""
        if not self._look():
            return None
        if self._outcome.reason == LOST:
            return self.handle.poll()
        return code_of(self.id, self._outcome.code, self._outcome.reason)

    def wait(self, timeout: float | None = None, cancel: Cancel | None = None) -> int:
        """The exit code, once the process has ended. Blocks up to `timeout` seconds (None = for ever).

        Output that nobody reads is kept up to the session's limit; beyond, it depends on `slow_reader` whether the
        process can end at all: read it first, or in another thread.

        Raises: TimedOut (the process goes on), Cancelled, ExitCodeUnknown, ExecTimedOut (it was killed).
        """
        clock = self._on.clock
        deadline = None if timeout is None else clock.monotonic() + timeout
        with Watch(cancel) as watch:
            watch.add_fd(self._outcome.fileno())
            while not self._look():
                left = None if deadline is None else deadline - clock.monotonic()
                if (left is not None and left <= 0) or not watch.wait(left):
                    raise TimedOut(f"exec session {self.id} did not end within {timeout:g} seconds")
        if self._outcome.reason == LOST:  # conmon was killed: the process may run on, and the record knows more
            return self.handle.wait(None if deadline is None else max(0.0, deadline - clock.monotonic()), cancel)
        return code_of(self.id, self._outcome.code, self._outcome.reason)

    def kill(self, signal: int = signals.SIGKILL) -> bool:
        """`signal` was sent to the process; False if it has ended."""
        try:
            return self.handle.kill(signal)
        except NoSuchExec:
            return False

    def communicate(
        self, input: bytes = b"", timeout: float | None = None, cancel: Cancel | None = None
    ) -> Finished:
        """`input` was written and closed, all output read, and the process has ended. Blocks.

        Raises: ExecTimedOut and Cancelled (it is killed then), ExitCodeUnknown.
        """
        from threading import Thread

        deadline = None if timeout is None else self._on.clock.monotonic() + timeout
        writer = Thread(target=self._feed, args=(input,), daemon=True)
        writer.start()
        try:
            output = self.read_all(timeout, cancel)
            left = None if deadline is None else max(0.0, deadline - self._on.clock.monotonic())
            return Finished(self.wait(left, cancel), output)
        except ExecTimedOut as problem:
            raise ExecTimedOut(self.id, output) from problem
        except TimedOut:
            self.kill()
            raise ExecTimedOut(self.id, self.read_all(10.0)) from None
        except Cancelled:
            self.kill()
            raise
        finally:
            self.close()
            writer.join()

    def _feed(self, data: bytes) -> None:
        """The writing thread of `communicate`: ends when the process takes no more, or at `close`."""
        with suppress(Conflict, Cancelled):
            self.write(data)
            self.close_stdin()

    def _look(self) -> bool:
        """Whether conmon has said how the process ended; if so, that is recorded."""
        if not self._outcome.look():
            return False
        if not self._recorded and self._outcome.reason != LOST:
            exec_reap.record_end(
                self._on, self.handle.container_id, self.id,
                self._on.clock.now(), self._outcome.code, self._outcome.reason,
            )  # fmt: skip
            self._recorded = True
        return True


class Execs:
    """The exec sessions of one container."""

    __slots__ = ("_container_id", "_on")

    def __init__(self, on: Services, container_id: str) -> None:
        self._on, self._container_id = on, container_id

    def list(self, *, all: bool = False) -> list[Exec]:
        """The sessions that run, oldest first; with `all` also those that ended in the last minutes."""
        runtime = self._runtime()
        for record in self._on.store.execs.of(self._container_id, active=True):
            exec_reap.settle(self._on, record, runtime)
        found = self._on.store.execs.of(self._container_id, active=not all)
        return [Exec(self._on, self._container_id, runtime, record.id) for record in found]

    def __iter__(self) -> Iterator[Exec]:
        return iter(self.list())

    def get(self, name: str) -> Exec:
        """The session with this id or unique prefix. Raises: NoSuchExec, AmbiguousName, NoSuchContainer."""
        runtime = self._runtime()
        return Exec(self._on, self._container_id, runtime, self._on.store.execs.get(self._container_id, name).id)

    def __getitem__(self, name: str) -> Exec:
        """See `get`."""
        return self.get(name)

    def remove(
        self, name: str, *, force: bool = False, timeout: float | None = 10.0, cancel: Cancel | None = None
    ) -> None:
        """There is no such session any more. Raises: as `get` and Exec.remove."""
        self.get(name).remove(force=force, timeout=timeout, cancel=cancel)

    def _runtime(self) -> str:
        return self._on.store.load(self._container_id).facts.runtime

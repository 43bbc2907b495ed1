"""Commands that are run in containers: what both APIs have in common."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress

import msgspec

from ..container.exec_start import NotRunning, request_of
from ..container.http_wire import hang_up
from ..errors import Conflict, InvalidArgument, NoSuchContainer, OCIRuntimeFailed, SeaboxError
from ..kernel.sockets import send_now
from ..model.exec import ExecStatus
from ..state.execs import NoSuchExec
from ..streams import mux
from .framing import hijacked_type
from .routing import number
from .sessions import CREATED, FAILED, SESSIONS, STARTED, STARTING, Prepared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..container.container import Container
    from ..container.exec_session import Exec
    from ..engine import Engine
    from ..model.options import ExecOptions
    from .request import Request

SIZE = (number("h", about="Rows"), number("w", about="Columns"))
_FAILED = 126  # a shell's code for a command that was found and could not be started
_STARTING = 10.0  # s that who wants to change the size of a terminal waits for its session's start


class ExecBody(msgspec.Struct, rename="pascal"):
    """What is to be run, and how."""

    cmd: list[str] | None = None
    user: str | None = None
    privileged: bool = False
    tty: bool = False
    console_size: list[int] | None = None
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    detach_keys: str | None = None
    also_detach_keys: str | None = msgspec.field(default=None, name="detachKeys")  # docker-py's spelling
    env: list[str] | None = None
    working_dir: str | None = None


class StartBody(msgspec.Struct, rename="pascal"):
    """How a session is started."""

    detach: bool = False
    tty: bool | None = None
    console_size: list[int] | None = None
    rows: int | None = msgspec.field(default=None, name="h")
    columns: int | None = msgspec.field(default=None, name="w")

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns of the client's terminal, None if it does not say."""
        return size_of(self.console_size) or size_of([self.rows or 0, self.columns or 0])


class RemoveBody(msgspec.Struct, rename="pascal"):
    """How a session is removed."""

    force: bool = False


def create(ctr: Container, body: ExecBody, env: dict[str, str]) -> str:
    """The id of a session that can be started. Raises: InvalidArgument, NotRunning."""
    if not body.cmd:
        raise InvalidArgument("No exec command specified")
    require_running(ctr)
    options: ExecOptions = {
        "env": env, "tty": body.tty, "stdin": body.attach_stdin, "privileged": body.privileged,
    }  # fmt: skip
    if body.user:
        options["user"] = body.user
    if body.working_dir:
        options["workdir"] = body.working_dir
    size = size_of(body.console_size) if body.tty else None
    request_of(body.cmd, 0, {**options, "size": size})
    wanted = {"stdin": body.attach_stdin, "stdout": body.attach_stdout, "stderr": body.attach_stderr}
    session = Prepared(
        ctr.id, body.cmd, options, streams=[name for name, asked in wanted.items() if asked],
        detach_keys=body.detach_keys or body.also_detach_keys or "", size=size,
    )  # fmt: skip
    SESSIONS.add(session)
    return session.id


def size_of(said: list[int] | None) -> tuple[int, int] | None:
    """Rows and columns; None if there is nothing to know. Raises: InvalidArgument."""
    if said is None or not all(said):
        return None
    if len(said) != 2:
        raise InvalidArgument("ConsoleSize must be rows and columns")
    return said[0], said[1]


def require_running(ctr: Container) -> None:
    """Nothing, if a command can be run in the container. Raises: NotRunning."""
    status = ctr.status
    if status == "running":
        return
    if status == "paused":
        why = f"Container {ctr.id} is paused, unpause the container before exec: container state improper"
    else:
        why = f"container {ctr.id} is not running: container state improper"
    raise NotRunning(ctr.id, status, ("running",), why)


def to_be_started(on: Engine, id: str) -> tuple[Prepared, Container]:
    """The session and its container. Raises: NoSuchExec, Conflict (it was started before), NotRunning."""
    session = SESSIONS.find(id)
    if session is None:
        on.containers.exec_session(id)  # else there is none
        raise Conflict(f"Error: Exec command {id} has already run")
    ctr = container_of(on, session)
    require_running(ctr)
    return session, ctr


def container_of(on: Engine, session: Prepared) -> Container:
    """The session's container. Raises: NoSuchExec: it is gone, and the session with it."""
    try:
        return on.containers.get(session.container)
    except NoSuchContainer:
        SESSIONS.remove(session.id)
        raise NoSuchExec(session.id) from None


def start_detached(ctr: Container, session: Prepared) -> None:
    """The command runs, its output thrown away. Raises: as Container.exec; Conflict."""
    session.begin()
    with _noting_failure(session):
        ctr.exec_detached(session.command, id=session.id, **_options(session))
    session.become(STARTED)


def start_attached(
    on: Engine, ctr: Container, session: Prepared, ask: Request, *, framed: bool, complaints: int
) -> None:
    """The client was connected to the command until one of them left.

    It is answered before the start, as docker-py and podman lose what comes together with the answer. Why the command
    could not be started is what it gets in place of output, on the stream `complaints`. Raises: Conflict.
    """
    session.begin()
    cancel, typed = ask.cancel, ask.typed
    with ExitStack() as undo:
        with _noting_failure(session):
            taken = ask.take_over(hijacked_type(ask, framed=framed))
        undo.callback(taken.close)
        try:
            with _noting_failure(session):
                running = ctr.exec(session.command, id=session.id, begin=False, **_options(session))
        except (SeaboxError, OSError) as problem:
            text = f"{problem}\r\n".encode()
            with suppress(OSError):
                send_now(taken.fileno(), mux.encode(complaints, text) if framed else text)
            hang_up(taken.fileno())
            return
        session.become(STARTED)
        undo.enter_context(running)
        running.http_attach(
            taken, framed=framed, streams=session.streams, typed=typed, cancel=cancel,
            detach_keys=(session.detach_keys or on.config.detach_keys) if session.options["tty"] else "",
        )  # fmt: skip


def _options(session: Prepared) -> ExecOptions:
    found = session.options.copy()
    found["size"] = session.size
    return found


@contextmanager
def _noting_failure(session: Prepared) -> Iterator[None]:
    """A start that fails inside the block is known as that."""
    try:
        yield
    except BaseException as problem:
        session.become(FAILED, problem.exit_code if isinstance(problem, OCIRuntimeFailed) else _FAILED)
        raise


def resize(on: Engine, ask: Request) -> None:
    """The session's terminal has this size, now or once it is started. Raises: NoSuchExec, InvalidArgument."""
    height, width = ask.number("h"), ask.number("w")
    if height is None or width is None:
        raise InvalidArgument("h and w must be given: rows and columns of the terminal")
    if not (0 <= height < 1 << 16 and 0 <= width < 1 << 16):
        raise InvalidArgument(f"a terminal of {height} rows and {width} columns cannot be")
    id = ask.place("id")
    session = SESSIONS.find(id)
    if session is not None:
        ctr = container_of(on, session)
        if session.await_start(_STARTING) in (CREATED, STARTING):
            require_running(ctr)
            session.size = size_of([height, width])
            return
        if session.state == FAILED:
            return
    found = on.containers.exec_session(id)
    if height and width:
        found.resize(height, width)


class Known:
    """What is known of one session, wherever that is. `handle` is None before it was started."""

    __slots__ = ("asked", "handle")

    def __init__(self, on: Engine, id: str) -> None:
        """Raises: NoSuchExec."""
        self.asked = SESSIONS.find(id)
        self.handle: Exec | None = None
        if self.asked is not None:
            container_of(on, self.asked)
        if self.asked is None or self.asked.state == STARTED:
            self.handle = on.containers.exec_session(id)

    def inspect(self) -> dict[str, Any]:
        """Under podman's field names; None as exit code while there is none. Raises: NoSuchExec."""
        asked = self.asked
        if self.handle is not None:
            found = self.handle.inspect()
            ended = self.handle.record().status is ExecStatus.STOPPED
            found["ExitCode"] = found["ExitCode"] if ended else None
        else:
            assert asked is not None
            found = {
                "CanRemove": asked.state != STARTING, "ContainerID": asked.container, "DetachKeys": "",
                "ExitCode": asked.code if asked.state == FAILED else None, "ID": asked.id,
                "OpenStderr": True, "OpenStdin": True, "OpenStdout": True, "Running": asked.state == STARTING, "Pid": 0,
                "ProcessConfig": {
                    "arguments": asked.command[1:], "entrypoint": asked.command[0], "privileged": False,
                    "tty": asked.options["tty"], "user": asked.options.get("user") or "",
                },
            }  # fmt: skip
        if asked is not None:
            found["DetachKeys"] = asked.detach_keys
            found["ProcessConfig"]["privileged"] = asked.options["privileged"]
            for name in ("stdin", "stdout", "stderr"):
                found[f"Open{name.capitalize()}"] = name in asked.streams
        return found


def remove(on: Engine, id: str, *, force: bool, ask: Request) -> None:
    """There is no such session. Raises: NoSuchExec, StateConflict, TimedOut."""
    known = Known(on, id)
    if known.handle is not None:
        known.handle.remove(force=force, cancel=ask.cancel)
    SESSIONS.remove(id)

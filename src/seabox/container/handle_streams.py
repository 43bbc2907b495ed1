"""The operations of a container's handle that are about its standard streams, and those of further commands in it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Unpack

    from ..kernel.watch import Cancel
    from ..logs.k8s_file import LogLine
    from ..model.options import AttachOptions, ExecOptions, HTTPAttachOptions
    from ..streams.session import Session
    from .container import Container
    from .exec_session import Exec, Execs, ExecSession, Finished
    from .http_wire import Wire


def start_and_attach(
    handle: Container, *, recursive: bool = False, preserve_fds: Sequence[int] = (), timeout: float | None = None,
    cancel: Cancel | None = None, **how: Unpack[AttachOptions],
) -> Session:  # fmt: skip
    """The container runs; the session was connected before it did, so no byte of its output is lost.

    See `attach`; a slow reader makes the container wait unless told otherwise. Raises: as `start`.
    """
    from . import attach

    how.setdefault("slow_reader", "backpressure")
    joining = attach.Joining(**how)
    if recursive:
        handle.start_dependencies(timeout=timeout, cancel=cancel)
    with handle.locked(cancel=cancel) as ctr:
        ctr.preserve_fds = tuple(preserve_fds)
        return attach.start_and_attach(ctr, joining)


def attach(handle: Container, **how: Unpack[AttachOptions]) -> Session:
    """A session on the standard streams of a created or running container, from now on.

    streams: which of "stdin", "stdout", "stderr"; all if it is not given. detach_keys: what ends the session when
    it is written ("ctrl-p,ctrl-q"; None = as configured); nothing does if it is not given. When `spool_limit`
    bytes (64 MiB) wait to be read, slow_reader decides: "disconnect" ends the session with the reason,
    "backpressure" makes the container wait. `begin=False`: the session does not read until it is pumped.

    Raises: StateConflict, InvalidArgument, Unsupported.
    """
    from . import attach

    joining = attach.Joining(**how)
    with handle.locked() as ctr:
        return attach.attach(ctr, joining)


def http_attach(handle: Container, conn: Wire | Callable[[], Wire], **options: Unpack[HTTPAttachOptions]) -> None:
    """The client at the other end of `conn` was connected to the container until one of them left. Blocks.

    conn      a stream socket, or a function that gives one: called when all that can fail has worked, so that
              errors come before an answer to the client. Always closed.
    streams   which of "stdin", "stdout", "stderr"; None = all
    detach_keys  what ends the session when the client sends it; None = as configured, "" = nothing
    stream, logs  whether the live streams are joined, and what is in the log goes first, without a gap or a byte
              twice; a container that does not run is created in the runtime to be joined
    typed     what the client has sent already; slow_reader, spool_limit as for `attach`
    early     it is attached to in order to be started: what it requires is started now; if it cannot be made ready,
              whoever starts it is told, and this client sees the end at once

    With a terminal the bytes go as they are; without one each output is a frame (streams/mux.py). The end of the
    client's input is that of the container's. Returns when the container ends, the client detaches or leaves.

    Raises: InvalidArgument, StateConflict, Unsupported (a log that cannot be read), Disconnected, Cancelled,
    TimedOut (after `timeout` seconds).
    """
    from .container import Container
    from .http_attach import http_attach as attach_client

    attach_client(handle._on, Container(handle._on, handle.id), conn, options)


def logs(
    handle: Container, *, follow: bool = False, tail: int | None = None, since: int | None = None,
    until: int | None = None, timeout: float | None = None, cancel: Cancel | None = None,
) -> Iterator[LogLine]:  # fmt: skip
    """The lines the container wrote, oldest first; times in ns. `follow` goes on until it ends.

    That takes up to `timeout` seconds (None = for ever). Raises: NoSuchContainer, Unsupported (a log driver that
    cannot be read), TimedOut, Cancelled.
    """
    from .logs import read

    return read(
        handle._on, handle.id, follow=follow, tail=tail, since=since, until=until, timeout=timeout, cancel=cancel
    )  # fmt: skip


def exec_attached(
    handle: Container, command: Sequence[str], *, timeout: float = 0, slow_reader: str = "backpressure",
    begin: bool = True, id: str | None = None, **options: Unpack[ExecOptions],
) -> ExecSession:  # fmt: skip
    """`command` runs in the container, beside its first process, and the session is connected to its streams.

    Options are the fields of ExecRequest; without `stdin=True` its input is empty; after `timeout` seconds (0 =
    never) it is killed. The container's lock is not held meanwhile. `begin`: as of `attach`; `id`: the session's
    (model.ids.new_id), where it was promised before.

    Raises: NotRunning, InvalidArgument, CommandNotFound, CommandNotExecutable, Refused.
    """
    from .exec_session import ExecSession
    from .exec_start import request_of, start
    from .relief import check_policy

    check_policy(slow_reader)
    session, made = start(handle._on, handle, request_of(command, timeout, options), attach=True, id=id)
    return ExecSession(handle._on, known_exec(handle, session), made, slow_reader, begin=begin)


def exec_run(
    handle: Container, command: Sequence[str], *, input: bytes | None = None, timeout: float | None = None,
    cancel: Cancel | None = None, **options: Unpack[ExecOptions],
) -> Finished:  # fmt: skip
    """`command` ran in the container to its end: its code, stdout and stderr. Blocks; see `exec`.

    Raises: as `exec`; ExecTimedOut, with what was written by then: it was killed after `timeout` seconds;
    Cancelled: it was killed.
    """
    if input is not None:
        options["stdin"] = True
    beyond = 0 if timeout is None else timeout + 1  # should we be killed ourselves
    with exec_attached(handle, command, timeout=beyond, **options) as session:
        return session.communicate(input or b"", timeout, cancel)


def exec_detached(
    handle: Container, command: Sequence[str], *, timeout: float = 0, id: str | None = None,
    **options: Unpack[ExecOptions],
) -> Exec:  # fmt: skip
    """`command` runs in the container, its output thrown away; its exit code can be had for 5 minutes after.

    Raises: as `exec`.
    """
    from .exec_start import request_of, start

    return known_exec(handle, start(handle._on, handle, request_of(command, timeout, options), attach=False, id=id)[0])


def execs(handle: Container) -> Execs:
    """The container's exec sessions."""
    from .exec_session import Execs

    return Execs(handle._on, handle.id)


def known_exec(handle: Container, session: str) -> Exec:
    """The session with this id, which is there."""
    from .exec_session import Exec

    return Exec(handle._on, handle.id, handle._on.store.load(handle.id).facts.runtime, session)

"""The operations of a container's handle that are about its standard streams."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Unpack

    from ..kernel.watch import Cancel
    from ..logs.k8s_file import LogLine
    from ..model.options import AttachOptions, HTTPAttachOptions
    from ..streams.session import Session
    from .container import Container
    from .http_attach import Wire


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

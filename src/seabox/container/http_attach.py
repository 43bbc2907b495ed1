"""Attaching a client at the other end of a connection, by docker's rules of the wire."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from ..diagnostics import debug
from ..errors import Cancelled, Conflict, InvalidArgument, NoSuchContainer, SeaboxError
from ..kernel.watch import Watch
from ..logs import journald
from ..logs.replay import Log
from ..model.record import STARTABLE, EventKind, Status
from ..streams.session import check_streams
from ..streams.spool import DISCONNECT, LIMIT
from . import http_wire, lifecycle
from . import joined_journal as journal
from .attach import connect_to, keep_promise, keys_of
from .attended import attend
from .bounds import Bounds
from .joined import Joined, join
from .logs import require_readable
from .relief import check_policy, patience
from .snapshot import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ..kernel.watch import Cancel
    from ..model.container import LogConfig
    from ..model.options import HTTPAttachOptions
    from ..oci.attachsock import AttachSocket
    from .container import Container
    from .guard import Locked
    from .http_wire import Wire
    from .services import Services


class Nothing:
    """The live stream of a container that is not attached to: at its end."""

    def fileno(self) -> int:
        """No descriptor."""
        return -1

    def receive(self, into: memoryview) -> tuple[int, int] | None:
        """The end."""
        return None

    def send(self, data: bytes) -> int:
        """Taken by nobody."""
        return len(data)

    def shutdown(self) -> None:
        """Nothing happens."""

    def close(self) -> None:
        """Nothing happens."""


class Request:
    """What a client asks for; see Container.http_attach."""

    __slots__ = (
        "bounds", "cancel", "detach_keys", "early", "limit", "logs", "slow_reader", "stream", "typed", "wanted",
    )  # fmt: skip

    def __init__(
        self, *, streams: Collection[str] | None = None, detach_keys: str | None = None, cancel: Cancel | None = None,
        stream: bool = True, logs: bool = False, slow_reader: str = DISCONNECT, spool_limit: int = LIMIT,
        typed: bytes = b"", timeout: float | None = None, early: bool = False,
    ) -> None:  # fmt: skip
        """Raises: InvalidArgument."""
        self.bounds = Bounds(timeout, cancel)
        if not (stream or logs):
            raise InvalidArgument("at least one of stream and logs must be set: invalid argument")
        if spool_limit < 1:
            raise InvalidArgument(f"spool_limit must be a number of bytes, not {spool_limit}")
        check_policy(slow_reader)
        self.wanted = check_streams(streams)
        self.detach_keys, self.cancel, self.stream, self.logs = detach_keys, cancel, stream, logs
        self.slow_reader, self.limit, self.typed, self.early = slow_reader, spool_limit, typed, early


def http_attach(
    on: Services, handle: Container, conn: Wire | Callable[[], Wire], options: HTTPAttachOptions
) -> None:  # fmt: skip
    """See Container.http_attach."""
    with ExitStack() as undo:
        if not callable(conn):
            undo.callback(conn.close)
        attached = _Attached(on, handle, Request(**options), undo)
        wire = conn() if callable(conn) else conn  # nothing was said to the client before all this had worked
        if callable(conn):
            undo.callback(wire.close)
        attached.serve(wire.fileno())


class _Attached:
    """Everything that can fail has worked: what remains is to pass bytes on."""

    __slots__ = ("_ahead", "_connection", "_ended", "_framed", "_keys", "_on", "_patience", "_request")

    def __init__(self, on: Services, handle: Container, request: Request, undo: ExitStack) -> None:
        self._on, self._request = on, request
        self._ahead: Iterator[tuple[int, bytes]] = iter(())
        self._connection: AttachSocket | Nothing = Nothing()
        self._ended = not request.stream
        if request.early and request.stream:
            _start_required(on, handle, request.cancel)
        with handle.locked(cancel=request.cancel) as ctr:
            self._keys = keys_of(ctr, request.detach_keys)
            self._framed = not ctr.config.tty
            log = _readable_log(ctr) if request.logs else ctr.config.log
            if request.stream:
                self._ended = not self._make_ready(ctr, undo)
            conmon, writer = ctr.state.conmon, ctr.state.process
            self._patience = patience(request.slow_reader, request.limit, on.config.root, ctr.run_dir, writer)
        if not self._ended and request.logs:
            assert conmon is not None, "a container that is alive has a conmon"

            def connect() -> AttachSocket:
                with handle.locked() as again:
                    return connect_to(again)

            joined: Joined | journal.Joined
            if log.driver == "journald":
                joined = journal.join(connect, handle.id, conmon.pid, request.cancel)
            else:
                joined = join(connect, log.path, conmon.pid, on.config.root, request.cancel)
            undo.callback(joined.close)
            self._connection, self._ended, self._ahead = joined.connection, joined.ended, joined.ahead()
            with suppress(SeaboxError), handle.locked() as ctr:  # it may have ended, and gone, by now
                ctr.become(ctr.state, EventKind.ATTACH)
        elif request.logs and log.driver == "journald":
            with Watch(request.cancel) as watch:
                journald.synchronize(watch)
                place = journald.newest(handle.id, watch)
            self._ahead = journal.pieces(handle.id, place, request.cancel)
        elif request.logs:
            file = Log(log.path)
            undo.callback(file.close)
            mark = file.mark()
            self._ahead = ((group.stream, group.payload) for group in file.groups((0, 0), mark))

    def _make_ready(self, ctr: Locked, undo: ExitStack) -> bool:
        """Whether the container can be attached to: one that does not run is created in the runtime, to be started."""
        if ctr.state.status in STARTABLE and ctr.state.status is not Status.CREATED:
            try:
                lifecycle.init(ctr)
            except (SeaboxError, OSError) as problem:
                if not self._request.early or isinstance(problem, (Cancelled, NoSuchContainer)):
                    raise
                debug("the client of container %s is not told, but whoever starts it: %s", ctr.id, problem)
                return False
        ctr.require(Status.CREATED, Status.RUNNING, text="you can only attach to running containers")
        on, id = ctr.on, ctr.id
        promise = attend(ctr.run_dir)
        undo.callback(lambda: keep_promise(on, id, promise))
        if not self._request.logs:
            self._connection = connect_to(ctr)
            undo.callback(self._connection.close)
            ctr.become(ctr.state, EventKind.ATTACH)
        return True

    def serve(self, fd: int) -> None:
        """The client has got everything, or is gone. Raises: Disconnected, Cancelled, TimedOut, OSError."""
        request = self._request
        client = http_wire.ends(fd, request.wanted, self._keys, framed=self._framed, live=request.stream)
        http_wire.serve(
            fd, self._connection, client, self._patience, cancel=request.cancel, typed=request.typed,
            ahead=self._ahead, ended=self._ended, timeout=request.bounds.left,
        )  # fmt: skip


def _start_required(on: Services, handle: Container, cancel: Cancel | None) -> None:
    """What the container requires is the case, as far as that can be: it is about to be started, and created before."""
    if not on.store.requirements(handle.id) or take(on, handle.id).state.status not in STARTABLE:
        return
    try:
        handle.start_dependencies(cancel=cancel)
    except (SeaboxError, OSError) as problem:
        if isinstance(problem, (Cancelled, NoSuchContainer)):
            raise
        debug("the client of container %s is not told, but whoever starts it: %s", handle.id, problem)


def _readable_log(ctr: Locked) -> LogConfig:
    require_readable(ctr.config.log)
    if ctr.state.status is Status.REMOVING:
        raise Conflict(f"container {ctr.id} is being removed")
    return ctr.config.log

"""Attaching to a container's standard streams: connected under the lock, used without it."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import InvalidArgument, SeaboxError, StateConflict, Unsupported
from ..kernel.locks import unlock
from ..model.record import EventKind, Status, running
from ..oci import conmon
from . import prepare
from .lifecycle import ready
from .relief import check_policy, patience
from .snapshot import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..oci.attachsock import AttachSocket
    from ..streams.session import Session
    from .container import Container
    from .guard import Locked
    from .services import Services


class Joining:
    """How a container's streams are joined.

    slow_reader, spool_limit  what is done about a reader who is too slow, and after how many bytes
    streams                   "stdin", "stdout", "stderr": which of them; None = all
    detach_keys               what ends the session when it is written to stdin; None = as configured, "" = nothing
    begin                     whether the session reads at once; not so for one that is to be pumped
    joined                    called with the session when it is connected, before the container is started
    """

    __slots__ = ("begin", "detach_keys", "joined", "slow_reader", "spool_limit", "streams")

    def __init__(
        self, *, slow_reader: str = "disconnect", spool_limit: int | None = None,
        streams: Collection[str] | None = None, detach_keys: str | None = "", begin: bool = True,
        joined: Callable[[Session], object] | None = None,
    ) -> None:  # fmt: skip
        self.slow_reader, self.streams, self.detach_keys = slow_reader, streams, detach_keys
        self.spool_limit, self.begin, self.joined = spool_limit, begin, joined


def start_and_attach(ctr: Locked, how: Joining) -> Session:
    """The container runs and the returned session has been connected since before it did: no byte is lost.

    Raises: as `start`; InvalidArgument.
    """
    checked = _check(ctr, how)
    prepare.require_dependencies(ctr)
    with ready(ctr):
        session = _connect(ctr, how, *checked)
        try:
            if how.joined is not None:
                how.joined(session)
            ctr.runtime.start(ctr.id)
            ctr.become(running(ctr.state, at=ctr.on.clock.now()), EventKind.START, EventKind.ATTACH, last=True)
            prepare.tell_started(ctr)
        except BaseException:
            session.close()
            raise
    return session


def attach(ctr: Locked, how: Joining) -> Session:
    """A session on a created or running container: it sees what is written from now on.

    Raises: StateConflict, InvalidArgument, Unsupported (a log driver without attach).
    """
    checked = _check(ctr, how)
    ctr.require(Status.CREATED, Status.RUNNING, text="you can only attach to running containers")
    session = _connect(ctr, how, *checked)
    try:
        if how.joined is not None:
            how.joined(session)
        ctr.become(ctr.state, EventKind.ATTACH)
    except BaseException:
        session.close()
        raise
    return session


def _check(ctr: Locked, how: Joining) -> tuple[int, frozenset[str], bytes]:
    """What may be wrong with the request is found before anything is done. Raises: InvalidArgument."""
    from ..streams.session import check_streams
    from ..streams.spool import LIMIT

    limit = LIMIT if how.spool_limit is None else how.spool_limit
    if limit < 1:
        raise InvalidArgument(f"spool_limit must be a number of bytes, not {limit}")
    check_policy(how.slow_reader)
    return limit, check_streams(how.streams), keys_of(ctr, how.detach_keys)


def keys_of(ctr: Locked, detach_keys: str | None) -> bytes:
    """The bytes that end a session. Raises: InvalidArgument."""
    from ..streams.keys import parse_detach_keys

    return parse_detach_keys(ctr.on.config.detach_keys if detach_keys is None else detach_keys)


def connect_to(ctr: Locked) -> AttachSocket:
    """Connected to the container's conmon. Raises: Unsupported (its log driver leaves no streams to join)."""
    from ..oci.attachsock import AttachSocket

    try:
        return AttachSocket.connect(ctr.run_dir)
    except FileNotFoundError:
        if ctr.config.log.driver == "passthrough":
            raise Unsupported("this container is using the 'passthrough' log driver, cannot attach") from None
        raise StateConflict(
            ctr.id, ctr.state.status, ("running",), f"container {ctr.id} has ended, or its conmon is gone"
        ) from None
    except ConnectionRefusedError:
        raise StateConflict(
            ctr.id, ctr.state.status, ("running",), f"the conmon of container {ctr.id} is gone"
        ) from None


def _connect(ctr: Locked, how: Joining, limit: int, streams: frozenset[str], keys: bytes) -> Session:
    from ..streams.session import Session
    from .attended import attend

    on, id, run_dir = ctr.on, ctr.id, ctr.run_dir
    connection = connect_to(ctr)
    promise = attend(run_dir)
    return Session(
        connection,
        patience=patience(how.slow_reader, limit, on.config.root, run_dir, ctr.state.process),
        streams=streams,
        keys=keys,
        resize=lambda height, width: write_size(run_dir, height, width),
        on_close=lambda: keep_promise(on, id, promise),
        begin=how.begin,
    )


def keep_promise(on: Services, id: str, promise: int) -> None:
    """If the container ended while the session lasted, that is dealt with: its exit command has relied on it."""
    if promise < 0:
        return
    unlock(promise)
    try:
        if take(on, id).state.status is not Status.STOPPED:
            return  # it goes on, and its exit command will act; or somebody has done it all
        from .container import Container
        from .ended import deal_with_end

        deal_with_end(Container(on, id))
    except (SeaboxError, OSError) as problem:  # the next operation will do it
        debug("the end of container %s: %s", id, problem)


def resize(handle: Container, height: int, width: int) -> None:
    """The container's terminal has this many rows and columns. Raises: StateConflict, InvalidArgument.

    The lock is free while conmon is told.
    """
    with handle.locked() as ctr:
        ctr.require(Status.CREATED, Status.RUNNING)
        run_dir = ctr.run_dir
    write_size(run_dir, height, width)


def write_size(run_dir: str, height: int, width: int) -> None:
    """conmon is told the terminal's size; no effect if conmon is gone."""
    if not (0 < height < 1 << 16 and 0 < width < 1 << 16):
        raise InvalidArgument(f"a terminal of {height} rows and {width} columns cannot be")
    conmon.resize(run_dir, height, width)

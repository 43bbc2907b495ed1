"""Attaching to a container's standard streams: connected under the lock, used without it."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import InvalidArgument, SeaboxError
from ..kernel.locks import unlock
from ..model.record import EventKind, Status, running
from ..oci import conmon
from . import prepare
from .lifecycle import ready
from .snapshot import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..streams.session import Session
    from .guard import Locked
    from .services import Services


def start_and_attach(ctr: Locked, *, slow_reader: str = "backpressure") -> Session:
    """The container runs and the returned session has been connected since before it did: no byte is lost.

    Raises: as `start`.
    """
    prepare.require_dependencies(ctr)
    with ready(ctr):
        session = _connect(ctr, slow_reader)
        try:
            ctr.runtime.start(ctr.id)
            ctr.become(running(ctr.state, at=ctr.on.clock.now()), EventKind.START, EventKind.ATTACH, last=True)
            prepare.tell_started(ctr)
        except BaseException:
            session.close()
            raise
    return session


def attach(ctr: Locked, *, slow_reader: str = "drop") -> Session:
    """A session on a created or running container: it sees what is written from now on.

    Raises: StateConflict, Unsupported (a log driver without attach).
    """
    ctr.require(Status.CREATED, Status.RUNNING, text="you can only attach to running containers")
    session = _connect(ctr, slow_reader)
    ctr.become(ctr.state, EventKind.ATTACH)
    return session


def _connect(ctr: Locked, slow_reader: str) -> Session:
    from ..oci.attachsock import AttachSocket
    from ..streams.session import Session
    from .attended import attend

    on, id, run_dir = ctr.on, ctr.id, ctr.run_dir
    connection = AttachSocket.connect(run_dir)
    promise = attend(run_dir)
    return Session(
        connection,
        slow_reader=slow_reader,
        resize=lambda height, width: write_size(run_dir, height, width),
        on_close=lambda: _keep_promise(on, id, promise),
    )


def _keep_promise(on: Services, id: str, promise: int) -> None:
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


def resize(ctr: Locked, height: int, width: int) -> None:
    """The container's terminal has this many rows and columns. Raises: StateConflict, InvalidArgument."""
    ctr.require(Status.CREATED, Status.RUNNING)
    write_size(ctr.run_dir, height, width)


def write_size(run_dir: str, height: int, width: int) -> None:
    """conmon is told the terminal's size; no effect if conmon is gone."""
    if height <= 0 or width <= 0:
        raise InvalidArgument(f"a terminal of {height} rows and {width} columns cannot be")
    conmon.resize(run_dir, height, width)

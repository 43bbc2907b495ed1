"""Taking a container's lock: the only code that does it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from ..diagnostics import debug
from ..errors import Busy, NoSuchContainer, SeaboxError, TimedOut
from ..kernel.watch import Watch
from ..model.record import ALIVE
from ..state.locks import Rank, describe
from .guard import Locked
from .policy import needs_lookout, needs_supervisor
from .sync import sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from ..model.record import Intent
    from .services import Services


_LOOK_AGAIN = 0.02  # s


@contextmanager
def locked(
    on: Services, id: str, *through: Intent, cancel: Cancel | None = None, timeout: float | None = None
) -> Iterator[Locked]:
    """The container, locked and true; whatever it needs while nobody works on it is seen to afterwards.

    Waits while somebody else works on it under a claim whose intent is not one of `through`, up to the lock timeout,
    or up to `timeout` seconds if that is less.

    Raises: NoSuchContainer, Busy, TimedOut, Cancelled.
    """
    ctr = None
    try:
        with _hold(on, id, through, cancel, timeout) as ctr:
            yield ctr
    finally:
        if ctr is not None:
            _see_to(ctr)


@contextmanager
def _hold(
    on: Services, id: str, through: tuple[Intent, ...], cancel: Cancel | None, timeout: float | None
) -> Iterator[Locked]:
    clock, limit = on.clock, on.config.lock_timeout
    short = timeout is not None and timeout < limit
    deadline = clock.monotonic() + (timeout if timeout is not None and short else limit)
    while True:
        with ExitStack() as undo:
            try:
                left = max(0.0, deadline - clock.monotonic()) if short else None
                (held,) = undo.enter_context(on.locks.hold(Rank.CONTAINER, id, timeout=left))
            except Busy as problem:
                raise TimedOut(str(problem)) if short else problem from None
            try:
                ctr = Locked(on, held, on.store.load(id))
            except NoSuchContainer:
                held.discard()
                raise
            try:
                sync(ctr)
                claim = ctr.record.claim
                if claim is None or claim.intent in through or not ctr.claim_is_live:
                    yield ctr
                    return
            finally:
                ctr.close()
        left = deadline - clock.monotonic()
        if left <= 0:
            busy = Busy(f"container {id} ({claim.intent})", describe(claim.holder.pid))
            raise TimedOut(str(busy)) if short else busy
        with Watch(cancel) as watch:
            try:
                watch.add_dir(on.config.run_dir(id))
            except FileNotFoundError:  # whoever has claimed it has removed it by now, or is about to
                watch.wait(min(left, _LOOK_AGAIN))
                continue
            if watch.add_process(claim.holder) and on.store.load(id).claim == claim:
                watch.wait(left)


def mend(on: Services, id: str) -> None:
    """What a killed operation left of the container is put right, unless its lock is held this moment.

    For readers, which take no lock and must not wait. Raises: NoSuchContainer if nothing was worth keeping.
    """
    held = on.locks.try_hold(Rank.CONTAINER, id)
    if held is None:
        return
    ctr = None
    try:
        ctr = Locked(on, held, on.store.load(id))
        try:
            sync(ctr)
        finally:
            ctr.close()
    except NoSuchContainer:
        held.discard()
        raise
    finally:
        held.release()
    _see_to(ctr)


def _see_to(ctr: Locked) -> None:
    """The supervisor runs if the container needs it, and knows that something may have changed. Never fails."""
    last = ctr.last
    if ctr.pod and (last is None or last.state.status not in ALIVE):
        ctr.on.settle_pod(ctr.pod)
    if last is None:
        return
    needed = needs_supervisor(last.facts, last.state, ctr.on.clock.now())
    if needed or last.facts.supervised:
        try:
            ctr.on.supervise(needed)
            if not needed and needs_lookout(last.facts, last.state):
                ctr.on.look_out()
        except (SeaboxError, OSError) as problem:  # the next operation tries again
            debug("the supervisor: %s", problem)

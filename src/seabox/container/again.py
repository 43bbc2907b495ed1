"""Starting a container because its restart policy says so."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import NoSuchContainer, SeaboxError
from ..kernel.watch import Watch
from ..model.record import STARTABLE
from . import lifecycle
from .policy import TINY, postponed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .services import Services


def start_due(on: Services, handle: Container) -> None:
    """The container runs again, if its restart policy wants that by now; else nothing is changed.

    A start that fails is put off. Raises: NoSuchContainer, Busy.
    """
    with handle.locked() as ctr:
        if not 0 < ctr.state.next_start_at <= on.clock.now() or ctr.state.status not in STARTABLE:
            return
        if ctr.facts.restart_policy == "no":  # it was changed in the pause
            ctr.become(ctr.state.replace(next_start_at=0))
            return
        try:
            lifecycle.start_again(ctr)
        except NoSuchContainer:
            raise
        except (SeaboxError, OSError) as problem:
            debug("restart policy of container %s: %s", ctr.id, problem)
            ctr.become(postponed(ctr.facts, ctr.state, on.clock.now(), str(problem)))


def start_soon(on: Services, handle: Container, at: int) -> None:
    """A start due within a moment has been made; the supervisor sees to any other. Blocks for that moment."""
    left = at - on.clock.now()
    if left > TINY:
        on.supervise(True)
        return
    try:
        with Watch() as watch:
            watch.wait(max(0, left) / 1e9)
        start_due(on, handle)
    except NoSuchContainer:
        return

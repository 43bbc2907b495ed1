"""Whoever works on a container sees to it that somebody looks after it when nobody works on it any more."""

from __future__ import annotations

from ..diagnostics import debug
from ..errors import SeaboxError
from .policy import needs_supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked


def see_to(ctr: Locked) -> None:
    """The supervisor runs if the container needs it, and knows that something may have changed. Never fails."""
    last = ctr.last
    if last is None:
        return
    needed = needs_supervisor(last.facts, last.state, ctr.on.clock.now())
    if needed or last.facts.supervised:
        try:
            ctr.on.supervise(needed)
        except (SeaboxError, OSError) as problem:  # the next operation tries again
            debug("the supervisor: %s", problem)

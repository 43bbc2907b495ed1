"""Dealing with a container's end: recorded, cleaned up, and removed if it was to be."""

from __future__ import annotations

from ..model.record import Intent, Status
from . import lifecycle
from .remove import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .guard import Locked

_THROUGH = (Intent.STOP, Intent.RESTART, Intent.REMOVE)


def deal_with_end(handle: Container) -> None:
    """If the container has ended, it is exited or gone. No effect while it runs.

    Called by whoever notices the end: the exit command, or an engine that attended it. Raises: NoSuchContainer.
    """
    with handle.locked(*_THROUGH) as ctr:  # locking it has recorded the death
        finish(ctr)


def finish(ctr: Locked) -> None:
    """If the container has ended, it is exited or gone, unless its end is but a part of what somebody does to it."""
    claim = ctr.record.claim
    if ctr.state.status not in (Status.STOPPED, Status.EXITED) or ctr.state.exit_reason == "pending":
        return
    if claim is not None and claim.intent in (Intent.RESTART, Intent.REMOVE):
        return  # its holder, which is alive, does the rest
    if ctr.state.status is Status.STOPPED:
        lifecycle.give_back(ctr)
    if ctr.facts.auto_remove and ctr.state.ever_started:
        remove(ctr)

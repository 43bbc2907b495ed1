"""Dealing with a container's end: recorded, cleaned up, and removed if it was to be."""

from __future__ import annotations

from ..model.record import Intent, Status
from . import lifecycle, teardown
from .policy import FIRST_PAUSE
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
    with handle.locked(*_THROUGH) as ctr:  # locking it has recorded the death, and what its restart policy wants
        finish(ctr)
    if (last := ctr.last) is not None and last.state.next_start_at:
        from .again import start_soon

        start_soon(ctr.on, handle, last.state.next_start_at)


def finish(ctr: Locked) -> None:
    """If the container has ended, it is exited or gone, unless its end is but a part of what somebody does to it."""
    claim = ctr.record.claim
    if ctr.state.status not in (Status.STOPPED, Status.EXITED) or ctr.state.exit_reason == "pending":
        return
    if claim is not None and claim.intent in (Intent.RESTART, Intent.REMOVE):
        return  # its holder, which is alive, does the rest
    if ctr.state.next_start_at:
        if ctr.state.status is Status.STOPPED and ctr.state.backoff > FIRST_PAUSE:
            with ctr.claimed(Intent.CLEANUP):
                teardown.clean(ctr, last=True)  # for the length of the pause; to its user it is no end
        return
    goes = ctr.facts.auto_remove and ctr.state.ever_started
    stays = not goes or ctr.state.mount_count or ctr.on.store.dependants(ctr.id)  # or may have to
    if ctr.state.status is Status.STOPPED and stays:
        lifecycle.give_back(ctr)
    if goes:
        image = _image_to_remove(ctr)
        remove(ctr)  # which gives back too
        if image:
            ctr.on.remove_image(image)


def _image_to_remove(ctr: Locked) -> str:
    """The image that is to go with the container, "" if none is."""
    try:
        with open(f"{ctr.on.config.static_dir(ctr.id)}/remove-image", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""

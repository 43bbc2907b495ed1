"""Telling the service manager that started us about a container, by the sd_notify protocol."""

from __future__ import annotations

from ..diagnostics import debug
from ..kernel.sockets import send_datagram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked


def tell_started(ctr: Locked) -> None:
    """The manager knows the container's conmon as the main process and, in the mode "conmon", that all is ready.

    Nothing, if no manager wants to be told, or the container was created to ignore it. Never fails.
    """
    manager = ctr.on.config.notify_socket
    if not manager or ctr.config.sdnotify == "ignore":
        return
    words = f"MAINPID={ctr.state.conmon_pid}"
    if ctr.config.sdnotify == "conmon":
        words += "\nREADY=1"
    try:
        send_datagram(manager, words.encode())
    except OSError as problem:
        debug("telling %s that container %s runs: %s", manager, ctr.id, problem)

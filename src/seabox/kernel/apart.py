"""A child that goes on when what its parent runs in is stopped: of a session of its own."""

from __future__ import annotations

import os
import signal as signals
from contextlib import suppress

from .effects import effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection


@effect("fork")
def fork_apart(main: Callable[[], object], *, keep: Collection[int]) -> int:
    """A child in a session of its own runs `main` and ends; the caller must `reap` the pid that is returned.

    It has our descriptors 0, 1, 2 and `keep`, and acts on signals as any program does. What we have open of a database
    it must not touch.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        signals.set_wakeup_fd(-1)
        for number in signals.valid_signals() - {signals.SIGPIPE, signals.SIGKILL, signals.SIGSTOP}:
            with suppress(OSError, ValueError):
                signals.signal(number, signals.SIG_DFL)
        signals.pthread_sigmask(signals.SIG_SETMASK, ())
        os.setsid()
        first = 3
        for fd in [*sorted(fd for fd in keep if fd >= first), 1 << 20]:
            os.closerange(first, fd)
            first = fd + 1
        main()
    finally:
        os._exit(0)

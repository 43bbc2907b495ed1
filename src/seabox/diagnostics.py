"""Messages for whoever debugs: the standard `logging`, paid for only by processes that use it.

Importing logging costs 10 ms, so a process that never configured it gets no debug lines and keeps the 10 ms;
warnings go to stderr in one line as the command line prints them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

first_use: Callable[[], None] | None = None  # called once, before the first warning: a program's say in its looks


def debug(message: str, *args: object) -> None:
    """`message % args` is in the "seabox" logger at DEBUG if this process uses logging at all."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("seabox").debug(message, *args, stacklevel=2)


def notice(message: str, *args: object) -> None:
    """As `warning`, of something that the caller asked for and does not get: the command line shows it bare."""
    warning(message, *args, bare=True)


def warning(message: str, *args: object, bare: bool = False) -> None:
    """`message % args` is in the "seabox" logger at WARNING, importing logging if need be."""
    global first_use
    if first_use is not None:
        prepare, first_use = first_use, None
        prepare()
    import logging

    logging.getLogger("seabox").warning(message, *args, stacklevel=2, extra={"bare": bare})

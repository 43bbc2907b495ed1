"""Messages for whoever debugs: the standard `logging`, paid for only by processes that use it.

Importing logging costs 10 ms, so a process that never configured it gets no debug lines and keeps the 10 ms;
warnings go to stderr in one line as the command line prints them.
"""

from __future__ import annotations

import sys


def debug(message: str, *args: object) -> None:
    """`message % args` is in the "seabox" logger at DEBUG if this process uses logging at all."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("seabox").debug(message, *args, stacklevel=2)


def warning(message: str, *args: object) -> None:
    """`message % args` is in the "seabox" logger at WARNING, importing logging if need be."""
    import logging

    logging.getLogger("seabox").warning(message, *args, stacklevel=2)

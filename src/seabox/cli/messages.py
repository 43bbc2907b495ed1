"""How log messages look on stderr: one line each, in the form podman's users know."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")

_NUMBERS = {"trace": 10, "debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "fatal": 50, "panic": 50}
_WORDS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}


def configure(level: str = "warning") -> None:
    """The "seabox" logger writes to stderr what is at least of this level, and nothing is logged twice."""
    import logging

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                sys.stderr.write(line(record))
                sys.stderr.flush()
            except OSError:
                return  # nobody reads our stderr any more; the command itself goes on

    log = logging.getLogger("seabox")
    log.setLevel(_NUMBERS[level])
    log.propagate = False
    log.handlers[:] = [Lines()]
    log.info("seabox filtering at log level %s", level)


def line(record: logging.LogRecord) -> str:
    """One record as one line."""
    if getattr(record, "bare", False):
        from seabox.cli.output import CONTROLS

        return f"{record.getMessage().translate(CONTROLS)}\n"
    from seabox.model.quoting import quote

    local = time.localtime(record.created)
    zone = time.strftime("%z", local)
    when = time.strftime("%Y-%m-%dT%H:%M:%S", local) + ("Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}")
    word = _WORDS.get(record.levelno, "info")
    return f'time="{when}" level={word} msg={quote(record.getMessage())}\n'

"""What went wrong, as one line on stderr and an exit code."""

from __future__ import annotations

import sys

from seabox.errors import SeaboxError

ENGINE_FAILED = 125


def complain(problem: Exception) -> int:
    """The problem is on stderr (and where it arose, if debug messages are on); the exit code it means."""
    from seabox.cli.output import CONTROLS

    text = str(problem)
    if isinstance(problem, SeaboxError):
        if problem.exit_code == 0:
            return 0  # detached: no failure
    elif isinstance(problem, OSError):
        text = system_error(problem)
    else:
        text = f"internal error (--log-level=debug tells where): {type(problem).__name__}: {text}"
    hint = getattr(problem, "hint", "")
    sys.stderr.write(f"Error: {text.translate(CONTROLS)}\n" + (f"{hint.translate(CONTROLS)}\n" if hint else ""))
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("seabox").debug("%s", _trace(problem), stacklevel=2)
    return problem.exit_code if isinstance(problem, SeaboxError) else ENGINE_FAILED


def system_error(problem: OSError) -> str:
    """An error of the operating system, worded as Go would: `open /x: no such file or directory`."""
    why = (problem.strerror or str(problem) or type(problem).__name__).lower()
    return f"{problem.filename}: {why}" if isinstance(problem.filename, str) else why


def _trace(problem: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(problem))

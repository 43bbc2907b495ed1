"""What a runtime said, made fit to be shown and turned into the error that it means."""

from __future__ import annotations

from ..errors import CommandNotExecutable, CommandNotFound, OCIRuntimeFailed

_LONGEST = 4096


def plain(text: str) -> str:
    """`text` in one line without control characters, and of bounded length."""
    line = " ".join(text.split())
    return "".join(letter for letter in line if letter.isprintable())[:_LONGEST]


def last_error(log: bytes) -> str:
    """The message of the last error in a runtime's log of JSON lines; "" if there is none.

    Where the last line is not JSON, it is the message.
    """
    lines = [line for line in log.splitlines() if line.strip()]
    if not lines:
        return ""
    import json

    for line in reversed(lines):
        text = line.decode(errors="replace")
        try:
            entry = json.loads(text, strict=False)
            if entry["level"] in ("error", "fatal"):
                return plain(str(entry["msg"]))
        except (ValueError, TypeError, KeyError):
            return plain(text)
    return ""


def refusal(runtime: str, said: str) -> OCIRuntimeFailed:
    """The error that fits what the runtime said: the command's fault (127, 126), or anything else."""
    lower = said.lower()
    if "exec:" in lower or "executable" in lower or "exec /" in lower:
        if any(words in lower for words in ("permission", "not permitted", "is a directory", "not executable")):
            return CommandNotExecutable(runtime, said)
        if "not found" in lower or "no such file or directory" in lower:
            return CommandNotFound(runtime, said)
    return OCIRuntimeFailed(runtime, said or "failed without a word")

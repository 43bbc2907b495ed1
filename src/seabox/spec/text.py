"""What text may contain before it reaches a file, a kernel interface or a terminal."""

from __future__ import annotations

import unicodedata

from ..errors import InvalidArgument


def plain(what: str, text: str) -> str:
    """`text`, if it is one line of real characters: no control characters, no bytes that were not UTF-8.

    Raises: InvalidArgument naming `what`.
    """
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise InvalidArgument(f"{what} {text!a} contains a control character or is not UTF-8")
    return text


def content(what: str, text: str) -> str:
    """`text`, if a process can be given it: any characters but NUL, any lines.

    Raises: InvalidArgument naming `what`.
    """
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise InvalidArgument(f"{what} contains a NUL or is not UTF-8")
    return text


def absolute(what: str, path: str) -> str:
    """`path` without doubled slashes, "." and "..", if it is an absolute path in plain text.

    Raises: InvalidArgument naming `what`.
    """
    if not plain(what, path).startswith("/"):
        raise InvalidArgument(f"{what} {path!r} must be an absolute path")
    return normal(path)


def normal(path: str) -> str:
    """The absolute `path` without doubled slashes, "." and "..", as text."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def within(path: str, folder: str) -> bool:
    """Whether the normal `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def whole_number(what: str, text: str, low: int, high: int) -> int:
    """`text` as a number from `low` to `high`, written in ASCII digits.

    Raises: InvalidArgument naming `what`.
    """
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) < 20 and low <= int(text) <= high:
        return int(text)
    raise InvalidArgument(f"{what} {text!a} is not a number from {low} to {high}")

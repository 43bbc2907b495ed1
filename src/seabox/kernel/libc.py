"""The one handle on the C library, and the one kind of error its calls raise."""

from __future__ import annotations

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def failure(code: int, call: str, *paths: str) -> OSError:
    """The OSError subclass that belongs to `code`; it tells which call failed and on which one or two paths."""
    message = f"{call}: {os.strerror(code)}"
    if len(paths) > 1:
        return OSError(code, message, paths[0], None, paths[1])
    return OSError(code, message, *paths)


def check(result: int, call: str, *paths: str) -> int:
    """`result` itself, unless it is -1.

    Raises: OSError with the errno the last libc call of this thread left behind.
    """
    if result == -1:
        raise failure(ctypes.get_errno(), call, *paths)
    return result

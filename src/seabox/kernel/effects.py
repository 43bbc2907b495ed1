"""Every function that changes the world outside this process bears `@effect`: one hook for crash and error tests.

In production the hook is None and costs one comparison. A test installs an observer that is called before and
after each effect with its name; it may count, kill the process (`kill -9` between two effects) or raise OSError
in place of the call (a full disk).
"""

from __future__ import annotations

from functools import wraps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
    Observer = Callable[[str, str], None]

observer: Observer | None = None


def observe(watcher: Observer | None) -> None:
    """`watcher(name, "before" | "after")` is called around each effect of this process from now on (None: nobody)."""
    global observer
    observer = watcher


def effect(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as an effect called `name` (the kernel's word for it: "mount", "rename", "spawn")."""

    def mark(call: Callable[P, R]) -> Callable[P, R]:
        @wraps(call)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            if observer is None:
                return call(*args, **kwargs)
            observer(name, "before")
            result = call(*args, **kwargs)
            observer(name, "after")
            return result

        return marked

    return mark

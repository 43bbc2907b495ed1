"""The lock of a store: shared by all who add to it, held alone by whoever clears away."""

from __future__ import annotations

from contextlib import contextmanager

from ..errors import Busy
from ..kernel.locks import holder_of, lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def shared(path: str, what: str, clear: Callable[[], object], timeout: float) -> Iterator[None]:
    """Inside the block the lock `path` of `what` is shared; `clear` was called before if nobody else had it.

    Blocks up to `timeout` seconds. Raises: Busy, what `clear` raises.
    """
    alone = lock_file(path, timeout=0)
    if alone is not None:
        try:
            clear()
        finally:
            unlock(alone)
    lock = lock_file(path, timeout=timeout, shared=True)
    if lock is None:
        raise Busy(what, f"process {holder_of(path)}")
    try:
        yield
    finally:
        unlock(lock)

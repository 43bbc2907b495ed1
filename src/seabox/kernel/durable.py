"""A new file that survives a power cut, for whoever knows by other means whether it is complete."""

from __future__ import annotations

import os

from .effects import effect
from .files import sync_dir, write_all


@effect("write")
def write_durable(path: str, data: bytes, mode: int = 0o600) -> None:
    """The new file `path` holds `data`, and both survive a power cut. What is killed meanwhile leaves a part of it.

    Raises: FileExistsError, OSError.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_dir(os.path.dirname(path))

"""How much room a container's files take."""

from __future__ import annotations

import os
import stat
from functools import cache

from .stored import decode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .services import Services


class Sizes:
    """Bytes of files: `written` by the container, and `root`, with its image."""

    __slots__ = ("root", "written")

    def __init__(self, written: int, root: int) -> None:
        self.written, self.root = written, root


def sizes(on: Services, id: str) -> Sizes:
    """Counted now, without a lock; volumes do not count. Blocks as long as that takes. Raises: NoSuchContainer."""
    config = decode_config(on.store.config(id))
    if config.rootfs:
        return Sizes(0, _bytes_in(config.rootfs))
    own = _bytes_in(on.storage.upper_dir(id))
    image = sum(_layer(on.layer_dir(layer)) for layer in config.layers)
    if on.storage.name == "vfs":  # a whole copy
        return Sizes(max(own - image, 0), own or image)
    return Sizes(own, own + image)


def _bytes_in(folder: str) -> int:
    """Bytes of the regular files below a directory, each counted once; 0 if it is not there."""
    total, seen = 0, set()
    todo = [folder]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(found.st_mode):
                todo.append(entry.path)
            elif stat.S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) not in seen:
                total += found.st_size
                if found.st_nlink > 1:
                    seen.add((found.st_dev, found.st_ino))
    return total


@cache
def _layer(folder: str) -> int:
    return _bytes_in(folder)  # a layer never changes

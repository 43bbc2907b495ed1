"""The files of the image store: raw blobs by digest, and layers unpacked once.

    <root>/blobs/sha256/<digest>        configurations and layer archives, exactly as their digest says
    <root>/layers/<chain id>/diff       an unpacked layer in overlay form
    <root>/layers/.new.<random>/diff    one that is being unpacked
    <root>/layers/.lock                 held by whoever adds or removes

What is there under its final name is complete and on the disk. Which of it belongs to an image is the index's
knowledge: files come before the index row, and go after it.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager

from ..errors import Busy
from ..kernel.files import (
    make_dir,
    make_dirs,
    remove_file,
    remove_tree,
    rename,
    sync_dir,
    sync_file_system,
    write_atomic,
)
from ..kernel.locks import holder_of, lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK_TIMEOUT = 30.0  # s


class Files:
    """The files below one root."""

    def __init__(self, root: str) -> None:
        self._blobs = f"{root}/blobs/sha256"
        self._layers = f"{root}/layers"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else adds or removes inside the block; what a killed process left half-made is gone.

        Raises: Busy after 30 s.
        """
        for path in (self._blobs, self._layers):
            make_dirs(path)
        path = f"{self._layers}/.lock"
        lock = lock_file(path, timeout=_LOCK_TIMEOUT)
        if lock is None:
            raise Busy("the image store", f"process {holder_of(path)}")
        try:
            for name in os.listdir(self._layers):
                if name.startswith(".new."):
                    remove_tree(f"{self._layers}/{name}")
            yield
        finally:
            unlock(lock)

    def layer_dir(self, chain_id: str) -> str:
        """Where the layer lies, or would lie, unpacked."""
        return f"{self._layers}/{chain_id}/diff"

    def has_layer(self, chain_id: str) -> bool:
        """Whether the layer is there, complete."""
        return os.path.isdir(self.layer_dir(chain_id))

    @contextmanager
    def new_layer(self, chain_id: str) -> Iterator[str]:
        """An empty directory to unpack a layer into; when the block ends well it is the layer, else it is gone.

        Inside `changing`, and only if `has_layer` says no.
        """
        unfinished = f"{self._layers}/.new.{os.urandom(6).hex()}"
        try:
            make_dir(unfinished)
            make_dir(f"{unfinished}/diff", 0o755)
            yield f"{unfinished}/diff"
            sync_file_system(unfinished)
            rename(unfinished, f"{self._layers}/{chain_id}")
        except BaseException:
            remove_tree(unfinished)
            raise
        sync_dir(self._layers)

    def keep_layers(self, chain_ids: set[str]) -> None:
        """No layers but these are there. Inside `changing`."""
        for name in os.listdir(self._layers):
            if name not in chain_ids and not name.startswith("."):
                unwanted = f"{self._layers}/.new.{os.urandom(6).hex()}"
                rename(f"{self._layers}/{name}", unwanted)
                remove_tree(unwanted)

    def blob(self, digest: str) -> str:
        """The path of the blob with this sha256."""
        return f"{self._blobs}/{digest}"

    def write_blob(self, data: bytes) -> str:
        """`data` is stored; its sha256. Inside `changing`."""
        digest = hashlib.sha256(data).hexdigest()
        if not os.path.exists(self.blob(digest)):
            write_atomic(self.blob(digest), data)
        return digest

    def keep_blobs(self, digests: set[str]) -> None:
        """No blobs but these are there. Inside `changing`."""
        for name in os.listdir(self._blobs):
            if name not in digests:
                remove_file(f"{self._blobs}/{name}")

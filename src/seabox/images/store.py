"""The files of the image store: raw blobs by digest, and layers unpacked once.

    <root>/blobs/sha256/<digest>        configurations, manifests and layer archives, exactly as their digest says
    <root>/layers/<chain id>/diff       an unpacked layer in overlay form
    <root>/layers/<chain id>/made       its size in bytes, and the boot in which it was unpacked
    <root>/layers/.new.<random>         what somebody is working on
    <root>/layers/.lock                 shared by all who add, held alone by whoever collects what nothing needs

What is there under its final name is complete. Whether it is on the disk as well is only certain once the index knows
of it: a layer that it does not know counts if it was unpacked since the machine booted. Which files belong to an
image is the index's knowledge: they come before the index row, and go after it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..errors import Damaged
from ..kernel.entries import Description, new_file
from ..kernel.files import (
    make_dir,
    make_dirs,
    remove_file,
    remove_tree,
    rename,
    sync_file_system,
    write_atomic,
    write_file,
)
from ..kernel.locks import lock_file, unlock
from ..kernel.process import boot_id
from ..model.digests import sha256_of
from .pieces import Hashed, from_fd, plain
from .sharing import shared
from .unpack import unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LOCK_TIMEOUT = 30.0  # s


class Files:
    """The files below one root."""

    def __init__(self, root: str) -> None:
        self.blobs = f"{root}/blobs"
        self._blobs = f"{root}/blobs/sha256"
        self._layers = f"{root}/layers"

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Nothing is collected inside the block, so what is added there stays. Many may add at once.

        Whoever is the first finds nothing that a killed process left half-made.

        Raises: Busy after 30 s.
        """
        for path in (self._blobs, self._layers):
            make_dirs(path)
        with shared(f"{self._layers}/.lock", "the image store", self._clear, _LOCK_TIMEOUT):
            yield

    def collect(self, wanted: Callable[[], tuple[set[str], set[str]]]) -> bool:
        """Nothing is left that nobody needs; False, and nothing done, while anybody adds.

        `wanted` gives the chain ids and the blobs to keep; it is asked once nobody can add any more.
        """
        if not os.path.isdir(self._layers):
            return True
        lock = lock_file(f"{self._layers}/.lock", timeout=0)
        if lock is None:
            return False
        try:
            self._keep(*wanted())
        finally:
            unlock(lock)
        return True

    def _clear(self) -> None:
        """No work of dead processes, nor locks that nobody waits for. While nobody adds."""
        for name in os.listdir(self._layers):
            if name.startswith(".") and name != ".lock":
                remove_tree(f"{self._layers}/{name}")

    def _keep(self, chain_ids: set[str], blobs: set[str]) -> None:
        self._clear()
        for name in os.listdir(self._layers):
            if name not in chain_ids and name != ".lock":
                unwanted = self._unfinished()
                rename(f"{self._layers}/{name}", unwanted)
                remove_tree(unwanted)
        for name in os.listdir(self._blobs):
            if name not in blobs:
                remove_tree(f"{self._blobs}/{name}")

    def _unfinished(self) -> str:
        return f"{self._layers}/.new.{os.urandom(6).hex()}"

    @contextmanager
    def workspace(self) -> Iterator[str]:
        """An empty directory on the store's file system; gone after the block. Inside `adding`."""
        path = self._unfinished()
        try:
            make_dir(path)
            yield path
        finally:
            remove_tree(path)

    # --- layers --------------------------------------------------------------------------------------------------

    def layer_dir(self, chain_id: str) -> str:
        """Where the layer lies, or would lie, unpacked."""
        return f"{self._layers}/{chain_id}/diff"

    def add_layer(self, chain_id: str, diff_id: str, digest: str, below: Sequence[str]) -> int:
        """The blob `digest` is unpacked as the layer `chain_id`; the bytes of its files. Blocks.

        `below`: chain ids of the layers under it, the top one first. Whoever comes second waits and finds it done.
        Inside `adding`, and not for a layer that the index knows.

        Raises: Damaged (it is not what its digests say, or no archive), OSError.
        """
        with self.turn(chain_id):
            size = self._made(chain_id)
            return size if size is not None else self._unpack(chain_id, diff_id, digest, below)

    def _made(self, chain_id: str) -> int | None:
        """The size of a layer that is there, whole; what an earlier boot left unknown to the index is gone."""
        try:
            with open(f"{self._layers}/{chain_id}/made") as file:
                size, _, boot = file.read().partition(" ")
        except FileNotFoundError:
            return None
        if boot == boot_id():
            return int(size)
        remove_tree(f"{self._layers}/{chain_id}")
        return None

    def _unpack(self, chain_id: str, diff_id: str, digest: str, below: Sequence[str]) -> int:
        unfinished = self._unfinished()
        try:
            make_dir(unfinished)
            make_dir(f"{unfinished}/diff", 0o755)
            try:
                fd = os.open(self.blob(digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                raise Damaged(f"the layer sha256:{digest} is missing") from None
            try:
                size = _checked(fd, f"{unfinished}/diff", digest, diff_id, [self.layer_dir(each) for each in below])
            finally:
                os.close(fd)
            write_file(f"{unfinished}/made", f"{size} {boot_id()}".encode())
            rename(unfinished, f"{self._layers}/{chain_id}")
        except BaseException as problem:
            remove_tree(unfinished)
            if isinstance(problem, Damaged):
                self._drop_if_wrong(digest)
            raise
        return size

    def _drop_if_wrong(self, digest: str) -> None:
        """A file that is not what its name says is gone, so that the next transfer brings the right one."""
        try:
            fd = os.open(self.blob(digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            found = Hashed(from_fd(fd))
            for _ in found:
                pass
        finally:
            os.close(fd)
        if found.digest != digest:
            remove_file(self.blob(digest))

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Whoever does the same (`key`) at the same time waits until the block has ended. Inside `adding`."""
        path = f"{self._layers}/.{sha256_of(key.encode())}.lock"
        lock = lock_file(path, timeout=None)
        assert lock is not None
        try:
            try:
                yield
            finally:
                remove_file(path)
        finally:
            unlock(lock)

    # --- blobs ---------------------------------------------------------------------------------------------------

    def blob(self, digest: str) -> str:
        """The path of the blob with this sha256."""
        return f"{self._blobs}/{digest}"

    def has_blob(self, digest: str) -> bool:
        """Whether there is a file that should be this blob."""
        return os.path.isfile(self.blob(digest))

    def read_blob(self, digest: str, limit: int = 8 << 20) -> bytes:
        """The content of a small blob. Raises: Damaged: it is missing, too large, or not what its digest says."""
        try:
            with open(self.blob(digest), "rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            raise Damaged(f"the blob sha256:{digest} is missing") from None
        if len(data) > limit or sha256_of(data) != digest:
            raise Damaged(f"the blob sha256:{digest} is not what its digest says")
        return data

    def write_blob(self, data: bytes) -> str:
        """`data` is stored; its sha256. Inside `adding`."""
        digest = sha256_of(data)
        if not os.path.exists(self.blob(digest)):
            write_atomic(self.blob(digest), data, durable=False)
        return digest

    def copy_blob(self, pieces: Iterable[bytes], digest: str = "") -> tuple[str, int]:
        """What `pieces` come to is stored; its sha256 and size. Inside `adding`.

        Raises: Damaged if that is not `digest`, where one is given; nothing is stored then.
        """
        hashed = Hashed(pieces)
        temporary = os.path.basename(self._unfinished())
        folder = os.open(self._layers, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            new_file(folder, temporary, hashed, Description(0o600, None, None, None, {}))
            if digest and hashed.digest != digest:
                raise Damaged(f"a blob has the digest sha256:{hashed.digest}, not sha256:{digest}")
            rename(f"{self._layers}/{temporary}", self.blob(hashed.digest))
        except BaseException:
            remove_file(f"{self._layers}/{temporary}")
            raise
        finally:
            os.close(folder)
        return hashed.digest, hashed.size

    def sync(self) -> None:
        """All that was added survives a power cut. May take long."""
        sync_file_system(self._layers)


def _checked(fd: int, directory: str, digest: str, diff_id: str, below: Sequence[str]) -> int:
    """Unpack the archive `fd`, hashing it packed and unpacked as it passes."""
    with plain(fd) as (pieces, raw):
        content = Hashed(pieces)
        size = unpack(content, directory, packed=os.fstat(fd).st_size, below=below)
    if content.digest != diff_id:
        raise Damaged(f"the layer sha256:{digest} has the diff id sha256:{content.digest}, not sha256:{diff_id}")
    if raw is None:
        raw = Hashed(from_fd(fd)) if digest != content.digest else content
    for _ in raw:  # to its end
        pass
    if raw.digest != digest:
        raise Damaged(f"the layer sha256:{digest} is not what its digest says")
    return size

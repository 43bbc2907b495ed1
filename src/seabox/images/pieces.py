"""Bytes on their way: read, decompressed and hashed in pieces, so that nothing has to fit into memory."""

from __future__ import annotations

import os
import zlib
from contextlib import ExitStack, contextmanager

from ..errors import Damaged, Unsupported
from ..kernel.process import clean_env, kill_group, reap, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PIECE = 1 << 18  # bytes: stays in the processor's cache on its way
_LEVEL = 6  # of gzip
_ZSTD = ("/usr/bin/zstd", "/usr/local/bin/zstd", "/bin/zstd")
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))


class Hashed:
    """An iterator that passes pieces on and knows how many bytes and what sha256 they came to."""

    __slots__ = ("_hash", "_pieces", "size")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        import hashlib

        self._pieces = iter(pieces)
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._hash.update(piece)
        self.size += len(piece)
        return piece

    @property
    def digest(self) -> str:
        """sha256 of what has passed, in hex."""
        return self._hash.hexdigest()


def from_fd(fd: int, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
    """The bytes of a regular file from `offset` on; the fd's own position does not count."""
    end = os.fstat(fd).st_size if size is None else offset + size
    while offset < end:
        piece = os.pread(fd, min(PIECE, end - offset), offset)
        if not piece:
            raise Damaged("unexpected end of file")
        offset += len(piece)
        yield piece


def compression(start: bytes) -> str:
    """How a file that begins so is compressed: "gzip", "zstd", "bzip2", "xz" or ""."""
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "")


@contextmanager
def plain(fd: int) -> Iterator[tuple[Iterator[bytes], Hashed | None]]:
    """The uncompressed content of the file `fd` in pieces, and the hash of the file itself as it is read.

    That is None where a helper program reads the file, or where it is not compressed. Reading them raises Damaged.

    Raises: Unsupported for zstd without a program that can do it.
    """
    kind = compression(os.pread(fd, 6, 0))
    raw = Hashed(from_fd(fd))
    if kind == "":
        yield from_fd(fd), None
    elif kind == "gzip":
        yield _gunzip(raw), raw
    elif kind == "bzip2":
        import bz2

        yield _decompressed(raw, bz2.BZ2Decompressor, "bzip2"), raw
    elif kind == "xz":
        import lzma

        yield _decompressed(raw, lambda: lzma.LZMADecompressor(memlimit=256 << 20), "xz"), raw
    else:
        with _unzstd(fd) as pieces:
            yield pieces, None


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Without a time in the header: the same content has the same digest."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    for piece in pieces:
        if out := stream.compress(piece):
            yield out
    yield stream.flush()


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(31)
    begun = False
    try:
        for piece in pieces:
            while piece or not stream.eof:
                if stream.eof:
                    if not piece.strip(b"\0"):
                        break  # padding
                    stream = zlib.decompressobj(31)
                begun = True
                out = stream.decompress(piece, PIECE)
                if out:
                    yield out
                piece = stream.unused_data if stream.eof else stream.unconsumed_tail
                if not piece and len(out) < PIECE:
                    break
    except zlib.error as problem:
        raise Damaged(f"gzip: {problem}") from None
    if not stream.eof or not begun:
        raise Damaged("gzip: unexpected end of file")


def _decompressed(pieces: Iterable[bytes], start: object, word: str) -> Iterator[bytes]:
    import lzma

    stream = start()  # type: ignore[operator]
    try:
        for piece in pieces:
            while piece or not stream.needs_input:
                if stream.eof:
                    piece = stream.unused_data or piece
                    if not piece.strip(b"\0"):
                        break
                    stream = start()  # type: ignore[operator]
                out = stream.decompress(piece, PIECE)
                if out:
                    yield out
                piece = b""
                if stream.eof:
                    if not stream.unused_data:
                        break
                    piece = stream.unused_data
                elif stream.needs_input:
                    break
    except (OSError, lzma.LZMAError) as problem:
        raise Damaged(f"{word}: {problem}") from None
    except EOFError:
        raise Damaged(f"{word}: data after the end") from None
    if not stream.eof:
        raise Damaged(f"{word}: unexpected end of file")


def zstd() -> str:
    """The program zstd, "" if there is none."""
    return next((path for path in _ZSTD if os.access(path, os.X_OK)), "")


@contextmanager
def _unzstd(fd: int) -> Iterator[Iterator[bytes]]:
    program = zstd()
    if not program:
        raise Unsupported("this is compressed with zstd: install the package zstd")
    running: list[int] = []
    with ExitStack() as undo:
        source = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)  # the child moves its own position
        undo.callback(os.close, source)
        ours, theirs = os.pipe()
        undo.callback(os.close, ours)
        try:
            argv = [program, "-dcq", "-M512MB"]
            running.append(spawn(argv, env=clean_env(), stdin=source, stdout=theirs, new_group=True))
        finally:
            os.close(theirs)
        try:
            yield _from_program(ours, running)
        finally:
            for pid in running:
                kill_group(pid)


def _from_program(fd: int, running: list[int]) -> Iterator[bytes]:
    while piece := os.read(fd, PIECE):
        yield piece
    if reap(running.pop()):
        raise Damaged("zstd: the data is damaged or ends too early")

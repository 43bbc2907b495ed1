"""A build's context out of a request's body. It is a stranger's: nothing in it may reach beyond its directory."""

from __future__ import annotations

import errno
import os
from itertools import chain

from ..container.extract import Destination, extract, uncompressed
from ..errors import InvalidArgument
from ..images.arrival import fetched
from ..images.pieces import compression
from ..kernel import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = 512  # bytes of an archive that say that it is one
_LARGEST = 8 << 20  # bytes of a file that is read
_NAMES = ("Dockerfile", "Containerfile")


class Context:
    """The directory `path`, and nothing beyond it, whatever links it holds."""

    def __init__(self, path: str) -> None:
        self.path = path

    def unpack(self, pieces: Iterable[bytes]) -> None:
        """What the archive holds is there; it may be compressed. Everything is root's. Blocks.

        Raises: BadArchive (it holds devices, or names or links that lead out...), OSError.
        """
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            extract(
                uncompressed(iter(pieces)), Destination(fd, confined=True), owner=(0, 0), overwrite=True, strict=True
            )  # fmt: skip
        finally:
            os.close(fd)

    def fetch(self, address: str) -> bytes | None:
        """As `unpack`, of an archive at an address; if what is there is none, it is returned. Raises: as that."""
        rest = fetched(address)
        start = b""
        for piece in rest:
            start += piece
            if len(start) >= _HEADER:
                break
        whole = chain((start,), rest)
        if compression(start) or start[257:262] == b"ustar":
            self.unpack(whole)
            return None
        text = b""
        for piece in whole:
            text += piece
            if len(text) > _LARGEST:
                raise InvalidArgument(f"what is at {address} is neither an archive nor a Containerfile")
        return text

    def containerfile(self, name: str) -> tuple[str, bytes]:
        """The Containerfile with this name ("" = one of the usual), and its text. Raises: InvalidArgument."""
        for each in (name,) if name else _NAMES:
            if (text := self.read(each)) is not None:
                return each, text
        raise InvalidArgument(f"Cannot locate specified Dockerfile: {name or _NAMES[0]}")

    def ignored(self, containerfile: str) -> bytes:
        """What says which files are left out, b"" if nothing does. Blanks around a pattern are none of it."""
        for name in (f"{containerfile}.containerignore", f"{containerfile}.dockerignore", ".containerignore",
                     ".dockerignore"):  # fmt: skip
            if (text := self.read(name)) is not None:
                return b"".join(_pattern(line.strip()) + b"\n" for line in text.splitlines())
        return b""

    def read(self, name: str) -> bytes | None:
        """What the file holds; None if there is none in the context. Raises: InvalidArgument (too large)."""
        try:
            return files.read_in_root(self.path, name, _LARGEST)
        except OSError as problem:
            if problem.errno == errno.EFBIG:
                raise InvalidArgument(f"{name} has more than {_LARGEST} bytes") from None
            return None


def _pattern(line: bytes) -> bytes:
    return b"!" + line[1:].strip() if line.startswith(b"!") else line

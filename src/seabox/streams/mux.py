"""Docker's framing of two streams in one: stream, three zeros, big-endian length (8 bytes), then the payload."""

from __future__ import annotations

from ..errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN, STDOUT, STDERR = 0, 1, 2
HEADER = 8


def header(stream: int, length: int) -> bytes:
    """What goes before a payload of `length` bytes (under 4 GiB)."""
    return bytes((stream, 0, 0, 0)) + length.to_bytes(4, "big")


def encode(stream: int, payload: bytes) -> bytes:
    """One frame."""
    return header(stream, len(payload)) + payload


class Decoder:
    """Takes frames apart, however they are cut into pieces."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(stream, payload) for each frame that is complete now; empty payloads too.

        Raises: InvalidArgument (this is no framed stream).
        """
        self._held += data
        while len(self._held) >= HEADER:
            if self._held[0] > 3 or any(self._held[1:4]):
                raise InvalidArgument(f"not a multiplexed stream: a frame begins with {bytes(self._held[:HEADER])!r}")
            end = HEADER + int.from_bytes(self._held[4:HEADER], "big")
            if len(self._held) < end:
                return
            frame = self._held[0], bytes(self._held[HEADER:end])
            del self._held[:end]
            yield frame

    @property
    def incomplete(self) -> bool:
        """Whether the data so far ends inside a frame."""
        return bool(self._held)

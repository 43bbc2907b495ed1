"""Detach keys: the sequence of keys that ends an attached session and leaves the container running."""

from __future__ import annotations

from ..errors import InvalidArgument

_CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_"  # in the order of the codes 0 to 31


def parse_detach_keys(text: str) -> bytes:
    """The bytes a terminal sends for `text`: "a" or "ctrl-a" forms joined by commas; b"" (never detach) for "".

    Raises: InvalidArgument.
    """
    keys = bytearray()
    for word in text.split(",") if text else ():
        name = word.lower().removeprefix("ctrl-")
        if len(word) == 1 and word.isascii():
            keys.append(ord(word))
        elif len(word) == 6 and len(name) == 1 and name in _CONTROL:
            keys.append(_CONTROL.index(name))
        else:
            raise InvalidArgument(
                f"invalid detach keys {text!r}: {word!r} is neither an ASCII character nor ctrl- with one of a-z@[\\]^_"
            )
    return bytes(keys)


class DetachMatcher:
    """Finds the detach keys in what the user types, however it is cut into pieces."""

    __slots__ = ("_held", "_keys")

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = b""  # a beginning of the keys, not forwarded yet

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """(what is to be forwarded, whether the keys are complete). What follows the keys is dropped."""
        if not self._keys:
            return data, False
        data = self._held + data
        before, found, _ = data.partition(self._keys)
        if found:
            self._held = b""
            return before, True
        keep = min(len(self._keys) - 1, len(data))
        while keep and not self._keys.startswith(data[-keep:]):
            keep -= 1
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep], False

    def flush(self) -> bytes:
        """What was held back, when no more will be typed."""
        held, self._held = self._held, b""
        return held

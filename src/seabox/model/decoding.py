"""From bytes and plain values to our types, in any number of threads.

What msgspec knows of a type it finds out at the first use, and shows to other threads half-made: two first uses at once
can crash the process. Here the first use of each type is under a lock; a test keeps others from calling msgspec.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

import msgspec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_decoders: dict[object, msgspec.json.Decoder[Any]] = {}
_building = allocate_lock()
os.register_at_fork(before=_building.acquire, after_in_parent=_building.release, after_in_child=_building.release)


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    known = _decoders.get(kind)
    if known is None:
        with _building:
            known = _decoders[kind] = msgspec.json.Decoder(kind)
    return known


def decode(data: bytes, kind: type[T]) -> T:
    """The JSON text as a value of this type. Raises: msgspec.DecodeError, UnicodeDecodeError."""
    return _decoder(kind).decode(data)


def convert(value: object, kind: type[T]) -> T:
    """The plain value as one of this type. Raises: msgspec.ValidationError."""
    _decoder(kind)
    return msgspec.convert(value, kind)

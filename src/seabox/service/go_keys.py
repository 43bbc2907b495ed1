"""JSON objects as Go reads them: their keys fit a field whatever their case, and clients count on it."""

from __future__ import annotations

import typing
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar

import msgspec

from ..errors import InvalidArgument
from ..model.decoding import convert

T = TypeVar("T")


def read(value: dict[str, Any], kind: type[T]) -> T:
    """The decoded object as a value of this Struct. Raises: InvalidArgument."""
    try:
        return convert(_folded(value, kind), kind)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise InvalidArgument(f"the body is not what this request takes: {problem}") from None


def _folded(value: Any, kind: Any) -> Any:
    """The value with the keys of the Structs within written as these write them."""
    if isinstance(value, dict):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            known = _fields(kind)
            found: dict[str, Any] = {}
            for key, each in value.items():
                name, inner = known.get(key.lower(), (key, None))
                if name == key or name not in value:  # the exact one counts
                    found[name] = _folded(each, inner)
            return found
        return {key: _folded(each, _inner(kind)) for key, each in value.items()}
    if isinstance(value, list):
        return [_folded(each, _inner(kind)) for each in value]
    return value


@lru_cache(maxsize=100)
def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """The name as written, and the type without None, by the name in lower case."""
    hints = typing.get_type_hints(kind)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return {written.lower(): (written, _given(hints[name])) for name, written in names}


def _given(hint: Any) -> Any:
    """A type without None."""
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [each for each in typing.get_args(hint) if each is not type(None)]
        return kinds[0] if kinds else None
    return hint


def _inner(kind: Any) -> Any:
    """The type of what is in a list or is a value of a dict."""
    inside = typing.get_args(kind)
    return _given(inside[-1]) if inside else None

"""Bodies whose keys may be in small or large letters: Go reads them all, and some clients rely on that."""

from __future__ import annotations

import msgspec

from ..errors import InvalidArgument
from ..model.decoding import convert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from .request import Request

    T = TypeVar("T", bound=msgspec.Struct)


def folded(ask: Request, kind: type[T]) -> T:
    """The body as a Struct of this type, whatever the case of its keys. Raises: as Request.json."""
    names = {field.encode_name.lower(): field.encode_name for field in msgspec.structs.fields(kind)}
    named: dict[str, object] = {}
    for key, value in ask.json(dict[str, object]).items():
        name = names.get(key.lower(), key)
        if key == name or name not in named:
            named[name] = value
    try:
        return convert(named, kind)
    except msgspec.ValidationError as problem:
        raise InvalidArgument(f"the body is not what this request takes: {problem}") from None

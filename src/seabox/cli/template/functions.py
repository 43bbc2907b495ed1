"""The functions a template may call: Go's predefined ones and those podman adds.

`FUNCTIONS` maps a name to a function of the list of its arguments, and to their types: one letter each, s for a
string, i for an integer, l for a list, * for anything, and a final + when the last type may repeat or be absent.
A function says what is wrong with a ValueError.
"""

from __future__ import annotations

from seabox.cli import golang

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Absent:
    """What a key that a map does not have evaluates to; `{{.}}` prints it as `<no value>`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "<no value>"


ABSENT = Absent()


def truth(value: object) -> bool:
    """Go's truth: not false, zero, nil or empty."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, list, tuple, dict, Absent)):
        return bool(value)
    return True


def absent_item(mapping: dict[object, object]) -> object:
    """The zero value of the map's element type, as far as the other elements tell; an empty map counts as labels."""
    for item in mapping.values():
        for kind, zero in ((bool, False), (int, 0), (str, ""), (float, 0.0)):
            if isinstance(item, kind):
                return zero
        return [] if isinstance(item, (list, tuple)) else None
    return ""


def index(args: list[Any]) -> object:
    item = args[0]
    for key in args[1:]:
        if isinstance(item, dict):
            item = item[key] if isinstance(key, (str, int)) and key in item else absent_item(item)
        elif item is None and isinstance(key, str):
            item = ""  # labels that were never set: to Go an empty map
        elif item is None:
            raise ValueError("index of untyped nil")
        elif isinstance(item, (list, tuple, str, bytes)):
            position = _position(key)
            if not 0 <= position < len(item):
                raise ValueError(f"index out of range: {position}")
            item = item.encode(errors="surrogateescape")[position] if isinstance(item, str) else item[position]
        else:
            raise ValueError(f"can't index item of type {golang.type_name(item)}")
    return item


def cut(args: list[Any]) -> object:
    """`slice x 1 2` is x[1:2]."""
    item, bounds = args[0], [_position(bound) for bound in args[1:]]
    if not isinstance(item, (str, bytes, list, tuple)):
        raise ValueError(f"can't slice item of type {golang.type_name(item)}")
    if len(bounds) > (2 if isinstance(item, str) else 3):
        raise ValueError("cannot 3-index slice a string" if isinstance(item, str) else "too many slice indexes")
    for bound in bounds:
        if not 0 <= bound <= len(item):
            raise ValueError(f"index out of range: {bound}")
    low, high = [*bounds, 0][0], [*bounds[:2], len(item), len(item)][1]
    if low > high:
        raise ValueError(f"invalid slice index: {low} > {high}")
    return item[low:high]


def _position(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"cannot index slice/array with type {golang.type_name(value)}")
    return value


def length(args: list[Any]) -> int:
    if args[0] is None:
        return 0  # an unset list or map: plain data does not tell it from other nils
    if isinstance(args[0], str):
        return len(args[0].encode(errors="surrogateescape"))
    if not isinstance(args[0], (bytes, list, tuple, dict)):
        raise ValueError(f"len of type {golang.type_name(args[0])}")
    return len(args[0])


def _basic(value: object) -> str:
    if value is None or isinstance(value, Absent):
        return "nil"
    name = golang.type_name(value)
    if name not in ("bool", "int", "float64", "string"):
        raise ValueError("invalid type for comparison")
    return name


def equal(args: list[Any]) -> bool:
    """Whether the first argument is any of the others."""
    first = _basic(args[0])
    if len(args) < 2:
        raise ValueError("missing argument for comparison")
    for other in args[1:]:
        kind = _basic(other)
        if kind == first and (kind == "nil" or other == args[0]):
            return True
        if kind != first and "nil" not in (kind, first):
            raise ValueError("incompatible types for comparison")
    return False


def less(args: list[Any]) -> bool:
    kind = _basic(args[0])
    if _basic(args[1]) != kind:
        raise ValueError("incompatible types for comparison")
    if kind in ("bool", "nil"):
        raise ValueError("invalid type for comparison")
    return bool(args[0] < args[1])


def title(args: list[Any]) -> str:
    """The first letter of every word as a capital, the others as they are."""
    text = args[0]
    return "".join(
        char.upper() if i == 0 or not (text[i - 1].isalnum() or text[i - 1] in "_'") else char
        for i, char in enumerate(text)
    )


def pad(args: list[Any]) -> str:
    text, before, after = args
    return " " * min(before, 4096) + text + " " * min(after, 4096) if text else ""


def split(args: list[Any]) -> list[str]:
    return args[0].split(args[1]) if args[1] else list(args[0])


def join(args: list[Any]) -> str:
    return str(args[1].join(map(golang.text, args[0] or ())))


FUNCTIONS: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "and": (lambda args: args[-1], "**+"),  # the evaluator stops at the first argument that decides
    "or": (lambda args: args[-1], "**+"),
    "not": (lambda args: not truth(args[0]), "*"),
    "eq": (equal, "**+"),
    "ne": (lambda args: not equal(args), "**"),
    "lt": (less, "**"),
    "le": (lambda args: less(args) or equal(args), "**"),
    "gt": (lambda args: not (less(args) or equal(args)), "**"),
    "ge": (lambda args: not less(args), "**"),
    "index": (index, "**+"),
    "slice": (cut, "**+"),
    "len": (length, "*"),
    "print": (golang.sprint, "*+"),
    "println": (lambda args: " ".join(map(golang.text, args)) + "\n", "*+"),
    "printf": (lambda args: golang.sprintf(args[0], args[1:]), "s*+"),
    "json": (lambda args: golang.json_text(args[0]), "*"),
    "join": (join, "ls"),
    "lower": (lambda args: args[0].lower(), "s"),
    "upper": (lambda args: args[0].upper(), "s"),
    "title": (title, "s"),
    "split": (split, "ss"),
    "pad": (pad, "sii"),
    "truncate": (lambda args: args[0][: max(args[1], 0)], "si"),
}

TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "s": (str, "string"),
    "i": (int, "int"),
    "l": ((list, tuple), "[]string"),
}


def check(name: str, args: list[Any]) -> None:
    """The arguments fit the function.

    Raises:
        ValueError: with Go's words.
    """
    types = FUNCTIONS[name][1]
    repeats = types.endswith("+")
    types = types.rstrip("+")
    least = len(types) - repeats
    if len(args) < least or (len(args) > len(types) and not repeats):
        want = f"at least {least}" if repeats else str(least)
        raise ValueError(f"wrong number of args for {name}: want {want} got {len(args)}")
    for letter, arg in zip(types, args, strict=False):
        if letter == "*" or (letter == "l" and arg is None):
            continue
        kind, wanted = TYPES[letter]
        if not isinstance(arg, kind) or (letter == "i" and isinstance(arg, bool)):
            raise ValueError(f"wrong type for value; expected {wanted}; got {golang.type_name(arg)}")

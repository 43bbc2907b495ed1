"""Values written as Go's fmt and encoding/json write them: templates and error texts are compared with podman's.

The values are plain Python data: None is nil, a dict is a map, a list or tuple is a slice, bytes is []byte.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def text(value: object) -> str:
    """`%v`: strings bare, maps as `map[a:b c:d]` with sorted keys, structs as `{b d}`, slices as `[a b]`, None as
    `<nil>`.
    """
    if value is None:
        return "<nil>"
    if isinstance(value, str):
        return str.__str__(value)  # an enum member by its value, not by its name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if isinstance(value, Duration) else int.__repr__(value)
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, dict):
        if is_struct(value):
            return "{" + " ".join(text(member(value, key)) for key in value) + "}"
        return "map[" + " ".join(f"{text(key)}:{text(item)}" for key, item in by_key(value)) + "]"
    if isinstance(value, (list, tuple, bytes)):
        return "[" + " ".join(map(text, value)) + "]"
    return str(value)


class Map(dict[object, object]):
    """A dict that stands for a Go map, whatever its keys look like."""


class NilMap(Map):
    """A Go map that was never made: empty wherever one looks at it, but null in JSON."""


class Duration(int):
    """A number of nanoseconds that stands for a time.Duration: 1m30s."""

    def __str__(self) -> str:
        from seabox.container.top import duration

        return duration(self)


_TIMES = frozenset(("Interval", "StartPeriod", "Timeout"))  # of health checks

# Fields of structs that are maps, with keys that others choose.
_MAPS = frozenset((
    "Annotations", "CgroupConf", "Data", "DriverOpts", "Labels", "Networks", "Options", "PortBindings", "Ports",
    "Sysctls", "Tmpfs", "Volumes",
))  # fmt: skip


def member(struct: Mapping[Any, object], key: object) -> object:
    """The value of the key, one that is a map being known as such."""
    value = struct[key]
    if value is None and (key in _MAPS or key == "Config"):  # what is called so is a struct elsewhere, but never nil
        return NilMap()
    if type(value) is dict and key in _MAPS:
        return Map(value)
    if type(value) is int and key in _TIMES and "StartPeriod" in struct:
        return Duration(value)
    return value


def by_key(mapping: Mapping[object, object]) -> list[tuple[object, object]]:
    """The items in the order of their keys, as Go walks a map when it prints or ranges over it."""
    return sorted(mapping.items(), key=lambda item: (type(item[0]).__name__, item[0]))


def is_struct(mapping: Mapping[object, object]) -> bool:
    """Whether a dict stands for a Go struct rather than for a map: all its keys look like exported fields.

    Plain data does not say which it was, and it matters: an unknown field of a struct is an error, an absent key
    of a map (labels, networks, options) is not.
    """
    if isinstance(mapping, Map):
        return False
    return bool(mapping) and all(isinstance(key, str) and key[:1].isupper() for key in mapping)


def type_name(value: object) -> str:
    """`%T` as well as plain data can tell it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, dict):
        return "map[string]interface {}"
    for kind, name in (
        (type(None), "<nil>"),
        (str, "string"),
        (int, "int"),
        (float, "float64"),
        (bytes, "[]uint8"),
        ((list, tuple), "[]interface {}"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _shortest(value: float) -> str:
    """`%g` with as few digits as identify the value: 0.5, 100000, then 1e+06."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    sign, rest = ("-", repr(value)[1:]) if repr(value).startswith("-") else ("", repr(value))
    mantissa, _, power = rest.partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if not -4 < point <= 6:
        tail = "." + digits[1:] if digits[1:] else ""
        return f"{sign}{digits[0]}{tail}e{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    digits = digits.ljust(point, "0")
    return sign + digits[:point] + ("." + digits[point:] if digits[point:] else "")


def json_text(value: object, indent: int | None = None) -> str:
    """JSON as Go's encoder writes it without HTML escapes: no spaces unless indented, the keys of maps sorted."""
    import json

    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(_jsonable(value), indent=indent, separators=separators, ensure_ascii=False)


def _jsonable(value: object) -> object:
    if isinstance(value, NilMap):
        return None
    if isinstance(value, dict):
        if is_struct(value):
            return {text(key): _jsonable(member(value, key)) for key in value}
        return {text(key): _jsonable(item) for key, item in by_key(value)}
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return text(value)


def sprint(values: Sequence[object]) -> str:
    """fmt.Sprint: a space only between two neighbours that are both no strings."""
    out = ""
    for position, value in enumerate(values):
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            out += " "
        out += text(value)
    return out


def sprintf(pattern: str, values: Sequence[object]) -> str:
    """fmt.Sprintf, with Go's own marks for a verb that does not fit: `%!d(string=x)`, `%!s(MISSING)`."""
    out = []
    at = used = 0
    while True:
        percent = pattern.find("%", at)
        if percent < 0:
            out.append(pattern[at:])
            break
        out.append(pattern[at:percent])
        at = percent + 1
        end = at
        while pattern[end : end + 1] and pattern[end] in "+-# 0":
            end += 1
        flags, at = pattern[at:end], end
        width, at, used = _measure(pattern, at, values, used)
        precision = None
        if pattern[at : at + 1] == ".":
            precision, at, used = _measure(pattern, at + 1, values, used)
            precision = precision or 0
        verb = pattern[at : at + 1]
        at += 1
        if not verb:
            out.append("%!(NOVERB)")
            break
        if verb == "%":
            out.append("%")
        elif used >= len(values):
            out.append(f"%!{verb}(MISSING)")
        else:
            out.append(_verb(verb, values[used], flags, width, precision))
            used += 1
    if used < len(values):
        out.append("%!(EXTRA " + ", ".join(_typed(value) for value in values[used:]) + ")")
    return "".join(out)


def _measure(pattern: str, at: int, values: Sequence[object], used: int) -> tuple[int | None, int, int]:
    """A width or precision at this place, digits or `*`: its value, the place after it, the values used."""
    if pattern[at : at + 1] == "*":
        value = values[used] if used < len(values) else None
        return (min(value, 1_000_000) if isinstance(value, int) else None), at + 1, used + 1
    end = at
    while pattern[end : end + 1] and pattern[end] in "0123456789":
        end += 1
    return (min(int(pattern[at:end][:9]), 1_000_000) if end > at else None), end, used


def _typed(value: object) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={text(value)}"


def _verb(verb: str, value: object, flags: str, width: int | None, precision: int | None) -> str:
    if verb not in "vT" and isinstance(value, (list, tuple, dict)):

        def each(item: object) -> str:
            return _verb(verb, item, flags, width, precision)

        if isinstance(value, dict):
            if is_struct(value):
                return "{" + " ".join(each(member(value, key)) for key in value) + "}"
            return "map[" + " ".join(f"{each(key)}:{each(item)}" for key, item in by_key(value)) + "]"
        return "[" + " ".join(map(each, value)) + "]"
    shown = _bare_verb(verb, value, flags, precision)
    if shown is None:
        shown = f"%!{verb}({_typed(value)})"
    if width is None or len(shown) >= abs(width):
        return shown
    if "-" in flags or width < 0:
        return shown.ljust(abs(width))
    if "0" in flags and isinstance(value, (int, float)) and not isinstance(value, bool):
        return shown.zfill(width)
    return shown.rjust(width)


def _bare_verb(verb: str, value: object, flags: str, precision: int | None) -> str | None:
    """The value by this verb without padding, None if the verb does not fit it."""
    from seabox.model.quoting import quote

    plus = "+" if "+" in flags else " " if " " in flags else ""
    if verb == "T":
        return type_name(value)
    if verb == "v" and "#" in flags and isinstance(value, str):
        return quote(value)
    if verb == "v" and (not isinstance(value, float) or precision is None):
        return text(value)[:precision] if isinstance(value, str) else text(value)
    if isinstance(value, bool):
        return text(value) if verb == "t" else None
    if isinstance(value, int):
        if verb in "dboxX":
            number = f"{value:{plus}{'#' * ('#' in flags)}{verb}}"
            return number if precision is None else number.zfill(precision + (number[0] in "+- "))
        known = 0 <= value < 0x110000
        if verb == "c":
            return chr(value) if known else "\ufffd"
        if verb == "q":
            return quote(chr(value) if known else "\ufffd", "'")
        return f"U+{value:04X}" if verb == "U" else None
    if isinstance(value, float):
        if verb in "gGv" and precision is None:
            return plus * (value >= 0) + _shortest(value)
        if verb in "eEfFgGv":
            return f"{value:{plus}.{6 if precision is None else min(precision, 1000)}{verb.replace('v', 'g')}}"
        return None
    if isinstance(value, bytes):
        if verb in "xX":
            return value.hex() if verb == "x" else value.hex().upper()
        value = value.decode(errors="surrogateescape") if verb in "sq" else value
    elif value is not None and not isinstance(value, str):
        value = str(value)  # an object of ours: Go would call its String method
    if not isinstance(value, str):
        return None
    if verb == "s":
        return text(value)[:precision]
    if verb == "q":
        return f"`{text(value)}`" if "#" in flags and "`" not in value else quote(text(value)[:precision])
    if verb in "xX":
        raw = value.encode(errors="surrogateescape").hex()
        return raw if verb == "x" else raw.upper()
    return None

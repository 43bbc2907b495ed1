"""Values read from the texts of flags and filters: the grammar and the error words are Go's, as podman has them.

Each reader raises ValueError with one line that says what is wrong; whoever knows what the text was for puts that in
front of it.
"""

from __future__ import annotations


def read_bool(text: str) -> bool:
    """Go's strconv.ParseBool."""
    if text in ("true", "t", "T", "TRUE", "True", "1"):
        return True
    if text in ("false", "f", "F", "FALSE", "False", "0"):
        return False
    raise _malformed("ParseBool", text)


def read_int(text: str) -> int:
    """Go's strconv.ParseInt with base 0: 10, -1, 0x1f, 0o17, 017, 0b11, 1_000; 64 bits."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    return _integer("ParseInt", text, sign, -(1 << 63), 1 << 63)


def read_uint(text: str) -> int:
    """As read_int, without a sign."""
    return _integer("ParseUint", text, "", 0, 1 << 64)


def _integer(function: str, text: str, sign: str, low: int, limit: int) -> int:
    digits = text.removeprefix(sign)
    if not digits[:1].isdigit() or not digits.isascii() or digits != digits.strip() or len(digits) > 80:
        raise _malformed(function, text)
    octal = digits[0] == "0" and digits[1:2].isdigit()
    try:
        number = int(sign + digits, 8 if octal else 0)
    except ValueError:
        raise _malformed(function, text) from None
    if not low <= number < limit:
        raise _malformed(function, text, "value out of range")
    return number


def read_float(text: str) -> float:
    """Go's strconv.ParseFloat, decimal notation."""
    try:
        if not text.isascii() or "_" in text or text != text.strip():
            raise ValueError(text)
        return float(text)
    except ValueError:
        raise _malformed("ParseFloat", text) from None


def read_csv(text: str) -> list[str]:
    """One line of comma-separated values; double quotes protect a comma."""
    if '"' not in text:
        return text.split(",") if text else []
    import csv

    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration) as error:
        raise ValueError(f"parse error on line 1: {error}") from None


def read_pair(text: str) -> list[tuple[str, str | None]]:
    """`key=value` or `key` alone, whose value is then None (what it means is the command's affair)."""
    key, equals, value = text.partition("=")
    if not key:
        raise ValueError(f"{text} has no key: want key=value")
    return [(key, value if equals else None)]


def read_size(text: str) -> int:
    """Bytes from a number with an optional binary unit: 1024, 64m, 64MiB, 1.5g; never negative."""
    cut = max((text.rfind(char) for char in "0123456789. "), default=-1) + 1
    number, unit = text[:cut], text[cut:].lower()
    if number.endswith(" "):
        number = number[:-1]
    if not number or number.strip("0123456789.") or number.count(".") > 1 or number == "." or len(number) > 30:
        raise ValueError(f"invalid size: '{text}'")
    power = "bkmgtp".find(unit[:1])
    if power < 0 or unit[1:] not in (("",) if power == 0 else ("", "b", "ib")):
        raise ValueError(f"invalid suffix: '{unit}'")
    return int(float(number) * 1024**power) if "." in number else int(number) * 1024**power


DURATION_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5 micro sign
    "μs": 1_000,  # U+03BC Greek mu: Go takes both
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def read_duration(text: str) -> int:
    """Nanoseconds from Go's notation: 300ms, 1h30m, -1.5s, 0."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total = 0
    broken = ValueError(f'time: invalid duration "{text}"')
    if not rest or len(rest) > 200:
        raise broken
    while rest:
        size = next((i for i, char in enumerate(rest) if char not in "0123456789."), len(rest))
        whole, _, part = rest[:size].partition(".")
        if not whole + part or "." in part:
            raise broken
        rest = rest[size:]
        size = next((i for i, char in enumerate(rest) if char in "0123456789."), len(rest))
        unit, rest = rest[:size], rest[size:]
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in DURATION_UNITS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += int(whole + part or "0") * DURATION_UNITS[unit] // 10 ** len(part)
    if total >= 1 << 63:
        raise broken
    return -total if text[0] == "-" else total


def _malformed(function: str, text: str, why: str = "invalid syntax") -> ValueError:
    from .quoting import quote

    return ValueError(f"strconv.{function}: parsing {quote(text)}: {why}")

"""Times as people and log files write them, to and from ns since the epoch. No `datetime`: that import costs more.

Used for `logs` and `events` alike.
"""

from __future__ import annotations

import time
from functools import lru_cache

from ..errors import InvalidArgument

SECOND = 1_000_000_000  # ns

_UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FAR = 1 << 62  # ns; nothing before the epoch or after 2116 is a time of ours


def format_time(at: int) -> str:
    """`at` as podman prints it: local time, nine digits, "Z" or the offset."""
    seconds, fraction = divmod(at, SECOND)
    local = time.localtime(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{fraction:09d}{format_offset(local.tm_gmtoff)}"


def format_offset(seconds: int) -> str:
    """An offset from UTC as "Z" or "+05:30"."""
    if not seconds:
        return "Z"
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def parse_when(text: str, *, now: int, until: bool = False) -> int:
    """The moment that --since (or, with `until`, --until) means by `text`, as podman reads it.

    A date or time by RFC 3339 or the beginning of one (local without an offset), seconds since the epoch with or
    without a fraction, or a duration ("1h30m"): that long before `now` for --since, after it for --until.

    Raises: InvalidArgument.
    """
    for found in (_unix(text), _calendar(text)):
        if found is not None:
            return found
    length = parse_duration(text)
    return now + length if until else now - length


def parse_duration(text: str) -> int:
    """Nanoseconds of "10s", "1h30m", "-1.5h" or "0".

    Raises: InvalidArgument.
    """
    rest = text[1:] if text[:1] in ("-", "+") else text
    total = 0
    if rest != "0":
        if not rest:
            raise _bad(text)
        while rest:
            number = _leading(rest, "0123456789.")
            unit = _leading(rest[len(number) :], "nuµμmsh")
            rest = rest[len(number) + len(unit) :]
            whole, dot, fraction = number.partition(".")
            if unit not in _UNITS or not (whole or fraction) or "." in fraction or len(number) > 30:
                raise _bad(text)
            total += int(whole or "0") * _UNITS[unit]
            if dot and fraction:
                total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    if total > _FAR:
        raise _bad(text)
    return -total if text.startswith("-") else total


def _bad(text: str) -> InvalidArgument:
    return InvalidArgument(f"{text!a} is neither a time nor a duration")


def _leading(text: str, letters: str) -> str:
    return text[: len(text) - len(text.lstrip(letters))]


def _number(text: str, low: int, high: int) -> int | None:
    """Two or four ASCII digits."""
    return int(text) if text.isascii() and text.isdecimal() and low <= int(text) <= high else None


def _unix(text: str) -> int | None:
    whole, dot, fraction = text.partition(".")
    digits = whole + fraction
    if not (whole and digits.isascii() and digits.isdecimal() and len(whole) < 11 and bool(dot) == bool(fraction)):
        return None
    return int(whole) * SECOND + _fraction(fraction)


def _fraction(digits: str) -> int:
    return int(digits[:9].ljust(9, "0"))


def _calendar(text: str) -> int | None:
    date, t, clock = text.partition("T")
    if not t:  # "2026-11-23Z", "2026-11-23+01:00"
        date, zone = text[:10], text[10:]
    else:
        clock, zone = _split_zone(clock)
    offset = parse_offset(zone)
    day = _date(date)
    if day is None or (zone and offset is None):
        return None
    seconds = _clock(clock) if t else (0, 0)
    if seconds is None:
        return None
    if zone:
        return (_days(*day) * 86400 + seconds[0] - (offset or 0)) * SECOND + seconds[1]
    hour, minute, second = seconds[0] // 3600, seconds[0] // 60 % 60, seconds[0] % 60
    return int(time.mktime((*day, hour, minute, second, 0, 0, -1))) * SECOND + seconds[1]


def _split_zone(text: str) -> tuple[str, str]:
    for at, letter in enumerate(text):
        if letter in "Zz+-":
            return text[:at], text[at:]
    return text, ""


def parse_offset(text: str) -> int | None:
    """Seconds of "Z" or "+05:30"; None for anything else."""
    if text in ("Z", "z"):
        return 0
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":":
        return None
    hours, minutes = _number(text[1:3], 0, 23), _number(text[4:], 0, 59)
    if hours is None or minutes is None:
        return None
    return (hours * 60 + minutes) * (-60 if text[0] == "-" else 60)


def _date(text: str) -> tuple[int, int, int] | None:
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    year, month, day = _number(text[:4], 1970, 2115), _number(text[5:7], 1, 12), _number(text[8:], 1, 31)
    if year is None or month is None or day is None or day > _DAYS[month - 1]:
        return None
    if (month, day) == (2, 29) and (year % 4 or year == 2100):
        return None
    return year, month, day


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01, counted in years that begin in March."""
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def _clock(text: str) -> tuple[int, int] | None:
    """Seconds of the day and ns of "15:04", "15:04:05" or "15:04:05.123"."""
    clock, dot, fraction = text.partition(".")
    if dot and not (fraction.isascii() and fraction.isdecimal() and len(clock) == 8):
        return None
    if len(clock) not in (5, 8) or clock[2] != ":" or clock[5:6] not in ("", ":"):
        return None
    hour, minute, second = _number(clock[:2], 0, 23), _number(clock[3:5], 0, 59), _number(clock[6:] or "0", 0, 59)
    if hour is None or minute is None or second is None:
        return None
    return hour * 3600 + minute * 60 + second, _fraction(fraction) if dot else 0


@lru_cache(256)
def _minute(text: bytes, zone: bytes) -> int | None:
    """Seconds since the epoch of b"2026-11-23T13:05" in `zone`: in a log the same thousands of times over."""
    day, offset = _date(text[:10].decode("ascii", "replace")), parse_offset(zone.decode("ascii", "replace"))
    clock = _clock(text[11:].decode("ascii", "replace"))
    if day is None or offset is None or clock is None or text[10:11] != b"T":
        return None
    return _days(*day) * 86400 + clock[0] - offset


def parse_stamp(text: bytes) -> int | None:
    """The moment of b"2026-11-23T13:05:14.862059169+00:00" as conmon writes it; None for anything else."""
    end = 19
    if text[19:20] == b".":
        end = 20
        while text[end : end + 1].isdigit():
            end += 1
    minute = _minute(text[:16], text[end:])
    second, fraction = text[17:19], text[20:end]
    if minute is None or text[16:17] != b":" or len(second) != 2 or not second.isdigit() or len(fraction) > 9:
        return None
    return (minute + int(second)) * SECOND + (int(fraction.ljust(9, b"0")) if fraction else 0)

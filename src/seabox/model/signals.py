"""Signal names as people write them, and back."""

from __future__ import annotations

import signal

from ..errors import InvalidArgument

_RTMIN, _RTMAX = 34, 64  # as glibc programs see them; fixed here, whatever libc runs this interpreter
_NUMBERS = {member.name[3:]: int(member) for member in signal.Signals if int(member) < _RTMIN}
_NUMBERS |= {"IOT": 6, "CLD": 17, "POLL": 29, "STKFLT": 16, "RTMIN": _RTMIN, "RTMAX": _RTMAX}
_NAMES = {number: name for name, number in reversed(_NUMBERS.items()) if name not in ("IOT", "CLD", "POLL")}


def signal_number(text: str | int) -> int:
    """The number of a signal given as 15, "15", "TERM", "sigterm", "RTMIN+3" or, as for kill(1), "-TERM".

    Raises: InvalidArgument with podman's words.
    """
    text = text.removeprefix("-") if isinstance(text, str) else text
    if isinstance(text, int):
        number = text
    elif text.isascii() and text.isdecimal() and len(text) < 20:
        number = int(text)
    else:
        found = _by_name(text.upper().removeprefix("SIG"))
        if found is None:
            raise InvalidArgument(f"invalid signal: {text if text.isprintable() else ascii(text)}")
        number = found
    if number == 0:
        raise InvalidArgument("invalid signal: 0")
    if not 1 <= number <= 64:
        raise InvalidArgument("valid signals are 1 through 64")
    return number


def _by_name(name: str) -> int | None:
    if name in _NUMBERS:
        return _NUMBERS[name]
    base, sign, offset = name[:5], name[5:6], name[6:]
    if not (offset.isascii() and offset.isdecimal() and len(offset) < 3):
        return None
    number = {("RTMIN", "+"): _RTMIN + int(offset), ("RTMAX", "-"): _RTMAX - int(offset)}.get((base, sign))
    return number if number is not None and _RTMIN <= number <= _RTMAX else None


def signal_name(number: int) -> str:
    """ "SIGTERM" for 15, "SIGRTMIN+3" for 37, the bare number if it has no name."""
    if number in _NAMES:
        return f"SIG{_NAMES[number]}"
    return f"SIGRTMIN+{number - _RTMIN}" if _RTMIN <= number <= _RTMAX else str(number)

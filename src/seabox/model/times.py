"""Times as podman writes them."""

from __future__ import annotations

import time

from ..errors import InvalidArgument

ZERO = "0001-01-01T00:00:00Z"
LONGEST = 2**31 - 1  # s; conmon and podman count seconds in 32 bits


def check_timeout(seconds: float | None) -> None:
    """Nothing, for a number of seconds that can be waited, or None. Raises: InvalidArgument."""
    if seconds is not None and not 0 <= seconds <= LONGEST:
        raise InvalidArgument(f"invalid timeout {seconds:g}: it must be from 0 to {LONGEST} seconds")


def utc(at: int) -> str:
    """A time in ns as RFC 3339 with nanoseconds in UTC, as docker writes it; the zero time for 0."""
    if not at:
        return ZERO
    seconds, nanoseconds = divmod(at, 10**9)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + fraction + "Z"


def rfc3339(at: int) -> str:
    """A time in ns as RFC 3339 with nanoseconds in the local zone; the zero time for 0."""
    if not at:
        return ZERO
    seconds, nanoseconds = divmod(at, 10**9)
    local = time.localtime(seconds)
    offset = time.strftime("%z", local)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    zone = "Z" if offset in ("+0000", "") else f"{offset[:3]}:{offset[3:]}"
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + fraction + zone

"""Times as podman writes them."""

from __future__ import annotations

import time

ZERO = "0001-01-01T00:00:00Z"


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

"""Durations and sizes for people, worded and rounded as Go's docker/go-units does: scripts compare these."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A length of time in its largest sensible unit: "5 seconds", "About a minute", "3 weeks"."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    if whole < 3600:
        return "About a minute" if whole < 120 else f"{whole // 60} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for limit, size, unit in ((24 * 14, 24, "days"), (24 * 60, 24 * 7, "weeks"), (24 * 730, 24 * 30, "months")):
        if hours < limit:
            return f"{hours // size} {unit}"
    return f"{whole // 3600 // 24 // 365} years"


def since(then_ns: int, now_ns: int) -> str:
    """How long ago a wall clock time was: "5 seconds ago"."""
    return duration((now_ns - then_ns) / 1e9) + " ago"


def go_time(at: int) -> str:
    """A wall clock time (ns) as Go prints it: "2026-11-24 09:02:03.5 +0000 UTC"."""
    import time

    seconds, nanoseconds = divmod(at, 10**9)
    local = time.localtime(seconds)
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%d %H:%M:%S", local) + fraction + time.strftime(" %z %Z", local)


def size(count: float, digits: int = 4, *, gap: str = "") -> str:
    """Bytes in decimal units, 1.235MB; podman shows images with digits=3 and gap=" "."""
    return _scaled(count, 1000, ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"), digits, gap)


def binary_size(count: float, digits: int = 4, *, gap: str = "") -> str:
    """Bytes in binary units, 1.953GiB."""
    return _scaled(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"), digits, gap)


def _scaled(count: float, base: int, units: tuple[str, ...], digits: int, gap: str) -> str:
    step = 0
    while count >= base and step < len(units) - 1:
        count /= base
        step += 1
    return f"{count:.{digits}g}{gap}{units[step]}"

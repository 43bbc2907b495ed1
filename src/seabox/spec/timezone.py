"""The time zone of a container: a file of the host's."""

from __future__ import annotations

import os

from ..errors import InvalidArgument
from .text import plain

_ZONES = "/usr/share/zoneinfo"


def check_timezone(text: str) -> str:
    """`text`, if it is "", "local" or a zone of this host. Raises: InvalidArgument."""
    if plain("time zone", text) in ("", "local"):
        return text
    path = f"{_ZONES}/{text}"
    if text.startswith("/") or ".." in text.split("/"):
        raise InvalidArgument(f"invalid time zone {text!a}")
    if not os.path.exists(path):
        raise InvalidArgument(f"finding timezone for container: stat {path}: no such file or directory")
    if os.path.isdir(path):
        raise InvalidArgument("invalid timezone: is a directory")
    return text


def zone_file(zone: str, host_etc: str = "/etc") -> bytes | None:
    """What the container's /etc/localtime says; None to leave it as it is."""
    if not zone:
        return None
    try:
        with open(f"{host_etc}/localtime" if zone == "local" else f"{_ZONES}/{zone}", "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return None

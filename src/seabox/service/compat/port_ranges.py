"""Docker's HostPort "8000-8010": the container's one port is published on the first of them that is free."""

from __future__ import annotations

import os
import re

from ...network.errors import PortTaken
from ...network.ports import parse_publish, reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_RANGE = re.compile(r"(?P<before>(?:.*:)?)(?P<first>\d{1,5})-(?P<last>\d{1,5}):(?P<inside>\d{1,5}(?:/\w+)?)", re.ASCII)


def chosen(published: Iterable[str]) -> list[str]:
    """What is to be published, with a port of the host in place of each such range. Raises: PortTaken: none is free."""
    found: list[str] = []
    for text in published:
        said = _RANGE.fullmatch(text)
        found.append(_first(said, found) if said else text)
    return found


def _first(said: re.Match[str], taken: list[str]) -> str:
    for number in range(int(said["first"]), int(said["last"]) + 1):
        text = f"{said['before']}{number}:{said['inside']}"
        if text not in taken and _is_free(text):
            return text
    raise PortTaken(f"all ports of {said['first']}-{said['last']} are taken")


def _is_free(text: str) -> bool:
    try:
        held = reserve([parse_publish(text)])
    except PortTaken:
        return False
    for fd in held:
        os.close(fd)
    return True

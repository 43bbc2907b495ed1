"""--add-host NAME:IP."""

from __future__ import annotations

from ..errors import InvalidArgument
from .text import plain

GATEWAY = "host-gateway"
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def check_hostname(what: str, name: str) -> str:
    """`name`, if it can stand in /etc/hosts and in the kernel's node name.

    Raises: InvalidArgument.
    """
    if not name or len(name) > 64 or not set(name) <= _LETTERS or name[0] in "-.":
        raise InvalidArgument(f"invalid {what} {name!a}: up to 64 letters, digits, dots, dashes and underscores")
    return name


def check_add_host(text: str) -> str:
    """`text`, if it is NAME[;NAME...]:IP or NAME:host-gateway. Blanks between the names will do as well.

    Raises: InvalidArgument with podman's words.
    """
    names, colon, address = plain("add-host", text).partition(":")
    if not colon or not names:
        raise InvalidArgument(f'invalid format for add-host: "{text}"')
    for name in names.replace(" ", ";").split(";"):
        check_hostname("host name in add-host", name)
    if address != GATEWAY and not is_address(address.removeprefix("[").removesuffix("]")):
        raise InvalidArgument(f'invalid IP address in add-host: "{address}"')
    return text


def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False

"""The `user[:group]` of a container, as text."""

from __future__ import annotations

from ..errors import InvalidArgument
from .text import plain

MAX_ID = 2**31 - 1
OUT_OF_RANGE = f"uids and gids must be in range 0-{MAX_ID}"


def is_number(text: str) -> bool:
    """Whether `text` stands for a uid or gid and not for a name."""
    return text.isascii() and text.isdecimal()


def check_user(text: str) -> str:
    """`text`, if it can be a `user[:group]`; whether they exist is found out in the container's root.

    Raises: InvalidArgument.
    """
    user, colon, group = plain("user", text).partition(":")
    if ":" in group or (colon and not group) or any(c.isspace() for c in text):
        raise InvalidArgument(f"invalid user {text!r}: must be user[:group]")
    for part in (user, group):
        check_id(part)
    return text


def check_id(text: str) -> str:
    """`text`, if it is a name, or a number that the kernel takes for the same number.

    Raises: InvalidArgument. "-1", "+1" and digits of other scripts are no names.
    """
    signless = text.lstrip("+-")
    if is_number(text):
        if len(text) > 10 or int(text) > MAX_ID:
            raise InvalidArgument(OUT_OF_RANGE)
    elif text and signless.replace(".", "").isnumeric():
        raise InvalidArgument(OUT_OF_RANGE)
    return text

"""--secret: from text to `SecretUse`s, or one line that says what is wrong."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from ..model.container import SecretUse
from .mounts_syntax import check_destination
from .text import normal, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from ..model.container import Mount

    class Known(Protocol):
        """A secret that there is."""

        @property
        def id(self) -> str: ...
        @property
        def name(self) -> str: ...

    FindSecret = Callable[[str], Known]

_FOLDER = "/run/secrets"
_LARGEST_ID = 2**31 - 1


def parse_secrets(
    texts: Iterable[str], mounts: Iterable[Mount], find: FindSecret | None
) -> tuple[SecretUse, ...]:
    """The secrets asked for, in the order given, beside these mounts.

    Raises: InvalidArgument (also for two in one place), what `find` raises.
    """
    found = tuple(dict.fromkeys(_parse(text, find) for text in texts))
    check_places(found, mounts)
    return found


def check_places(secrets: Iterable[SecretUse], mounts: Iterable[Mount]) -> None:
    """Nothing, if each has a place of its own, where one can be. Raises: InvalidArgument."""
    taken = {mount.destination for mount in mounts}
    variables: set[str] = set()
    for each in secrets:
        if each.type == "env":
            if not plain("environment variable", each.target) or "=" in each.target or each.target in variables:
                raise InvalidArgument(f"{each.target}: not the name of a variable, or that of two secrets")
            variables.add(each.target)
            continue
        path = each.target
        if each.type != "mount" or path != check_destination(path) or path == _FOLDER:
            raise InvalidArgument(f"{path}: not a place for the file of a secret")
        if path in taken:
            raise InvalidArgument(f"{path}: duplicate mount destination")
        taken.add(path)
        if not (0 <= each.uid <= _LARGEST_ID and 0 <= each.gid <= _LARGEST_ID and 0 <= each.mode <= 0o7777):
            raise InvalidArgument(f"{path}: no such owner or mode can be given to the file of a secret")


def _parse(text: str, find: FindSecret | None) -> SecretUse:
    name, kind, target, given = _read(text)
    if not name:
        raise _wrong(f"no source found {text}")
    if kind == "env" and given:
        raise _wrong("UID, GID, Mode options cannot be set with secret type env")
    if find is None:
        raise Unsupported("secrets cannot be looked up here")
    known = find(name)
    target = target or known.name
    if kind == "env":
        return SecretUse(name=known.name, id=known.id, type="env", target=target)
    place = normal(target if target.startswith("/") else f"{_FOLDER}/{target}")
    return SecretUse(name=known.name, id=known.id, type="mount", target=place, **given)


def _read(text: str) -> tuple[str, str, str, dict[str, int]]:
    """The name, the type, the target, and what else is said of the file."""
    words = plain("secret", text).split(",")
    if len(words) == 1:
        return text, "mount", "", {}
    name = words.pop(0) if "=" not in words[0] else ""
    kind, target, given = "", "", dict[str, int]()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise _wrong(f"option {word} must be in form option=value")
        if key == "source":
            name = value
        elif key == "target":
            target = value
        elif key == "type":
            if kind:
                raise _wrong("cannot set more than one secret type")
            if value not in ("mount", "env"):
                raise _wrong(f"type {value} is invalid")
            kind = value
        elif key == "mode":
            given["mode"] = _number(value, "01234567", 8, f"mode {value} invalid")
        elif key in ("uid", "gid", "UID", "GID"):
            given[key.lower()] = _number(value, "0123456789", 10, f"{key.upper()} {value} invalid")
        else:
            raise _wrong(f"option {word} invalid")
    return name, kind or "mount", target, given


def _number(text: str, digits: str, base: int, why: str) -> int:
    if not text or len(text) > 19 or not set(text) <= set(digits):
        raise _wrong(why)
    return int(text, base)


def _wrong(why: str) -> InvalidArgument:
    return InvalidArgument(f"{why}: parsing secret")

"""The options of the driver "local": what they may say, and the mount that they mean."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, Unsupported
from ..kernel.mount_words import is_option_of_bind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.volume import Volume

_KNOWN = ("type", "device", "o")
_BINDS = ("none", "bind", "rbind")
_FORBIDDING = ("ro", "nosuid", "nodev", "noexec")
_LIMITS = ("size", "inodes")


def check_driver(driver: str) -> None:
    """Nothing, if there is such a driver. Raises: Unsupported."""
    if driver not in ("", "local"):
        raise Unsupported(f"no volume plugin with name {driver} available: required plugin missing")


def check_options(options: Mapping[str, str]) -> tuple[dict[str, str], int | None, int | None]:
    """The options as they are kept, and the owner that they give the volume's top directory.

    Raises: InvalidArgument with one line, Unsupported.
    """
    for key, value in options.items():
        if key not in _KNOWN:
            raise InvalidArgument(f"invalid mount option {key!a} for driver 'local': invalid argument")
        if not value.isprintable():
            raise InvalidArgument(f"the option {key} has control characters: invalid argument")
    words = [word for word in options.get("o", "").split(",") if word]
    owner = {key: _owner(words, key) for key in ("uid", "gid")}
    _check_place(options.get("type", ""), options.get("device", ""), words)
    return {key: value for key, value in options.items() if value}, owner["uid"], owner["gid"]


def _check_place(kind: str, device: str, words: list[str]) -> None:
    """What is mounted, and the options of that, fit each other."""
    bind = kind in _BINDS or not {"bind", "rbind"}.isdisjoint(words)
    if not (kind or device):
        for word in words:
            name = word.partition("=")[0]
            if name in _LIMITS:
                raise Unsupported(f'the volume option "{word}" needs project quotas: give it a type, as type=tmpfs')
            if name not in ("uid", "gid", "noquota"):
                raise InvalidArgument(f'the volume option "{word}" needs a type or a device: invalid argument')
        return
    if bind:
        if not device.startswith("/"):
            raise InvalidArgument("a volume of type bind needs the path of a directory as its device: invalid argument")
        try:
            os.stat(device)
        except OSError as problem:
            why = (problem.strerror or "unknown error").lower()
            raise InvalidArgument(f"invalid volume option device for driver 'local': stat {device}: {why}") from None
        if not os.path.isdir(device):
            raise InvalidArgument(f"invalid volume option device for driver 'local': {device} is not a directory")
        for word in words:
            if not (is_option_of_bind(word) or word.startswith(("uid=", "gid="))):
                raise InvalidArgument(f'"{word}" is not an option of a bind mount: invalid argument')
    elif device and not kind and not device.startswith("/"):
        raise InvalidArgument(f"the device {device!a} needs a type: invalid argument")


def _owner(words: list[str], key: str) -> int | None:
    for word in words:
        name, equals, value = word.partition("=")
        if name == key:
            if not (equals and value.isascii() and value.isdecimal() and int(value) < 2**31):
                raise InvalidArgument(f"cannot convert {key} {value!a} to integer: invalid argument")
            return int(value)
    return None


def restrictions(volume: Volume) -> tuple[str, ...]:
    """What the volume's options forbid wherever it is mounted."""
    return tuple(word for word in volume.options.get("o", "").split(",") if word in _FORBIDDING)


def mount_of(volume: Volume) -> tuple[str, str, list[str]]:
    """The type, the source and the options of the volume's mount."""
    kind, device = volume.options.get("type", ""), volume.options.get("device", "")
    words = [word for word in volume.options.get("o", "").split(",") if word]
    if kind in _BINDS or not {"bind", "rbind"}.isdisjoint(words):
        words = [word for word in words if not word.startswith(("uid=", "gid="))]
        if {"bind", "rbind"}.isdisjoint(words):
            words.append("rbind")
        kind = "none"
    return kind, device or kind, words

"""--change: lines of a Containerfile that alter an image's configuration. The configuration stays a plain document."""

from __future__ import annotations

import msgspec

from ..errors import InvalidArgument
from ..model.decoding import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_LISTS = {"CMD": "Cmd", "ENTRYPOINT": "Entrypoint"}
_WORDS = {"USER": "User", "STOPSIGNAL": "StopSignal", "WORKDIR": "WorkingDir"}
_MAPS = ("ExposedPorts", "Labels", "Volumes")


def put_over(settings: dict[str, Any], given: Mapping[str, Any]) -> None:
    """`settings` are as docker makes them of `given`, which has the same keys, and of what they were.

    Maps and variables are joined; a new entrypoint ends the command that was for the old one.
    """
    if given.get("Entrypoint"):
        settings.pop("Cmd", None)
    for key, value in given.items():
        if not value:
            continue
        if key in _MAPS:
            settings[key] = {**(settings.get(key) or {}), **value}
        elif key == "Env":
            names = {entry.partition("=")[0] for entry in value}
            kept = [entry for entry in settings.get("Env") or [] if entry.partition("=")[0] not in names]
            settings["Env"] = [*kept, *value]
        else:
            settings[key] = value


def apply(settings: dict[str, Any], lines: Sequence[str]) -> None:
    """`settings`, the "config" of an image, is as the lines say. Raises: InvalidArgument."""
    for line in lines:
        text = line.strip()
        at = next((at for at, char in enumerate(text) if char in " \t="), len(text))
        word, rest = text[:at].upper(), text[at + 1 :].strip()
        if not rest:
            raise InvalidArgument(f'invalid change "{line}" - must be formatted as KEY VALUE')
        if word in _LISTS:
            settings[_LISTS[word]] = _command(rest)
        elif word in _WORDS:
            settings[_WORDS[word]] = rest
        elif word == "ENV":
            _set_env(settings, rest)
        elif word == "LABEL":
            settings["Labels"] = {**(settings.get("Labels") or {}), **_pairs(rest, line)}
        elif word == "EXPOSE":
            ports: dict[str, dict[str, str]] = {each if "/" in each else f"{each}/tcp": {} for each in rest.split()}
            settings["ExposedPorts"] = {**(settings.get("ExposedPorts") or {}), **ports}
        elif word == "VOLUME":
            places = _command(rest) if rest.startswith("[") else rest.split()
            settings["Volumes"] = {**(settings.get("Volumes") or {}), **{place: {} for place in places}}
        elif word == "ONBUILD":
            settings["OnBuild"] = [*(settings.get("OnBuild") or []), rest]
        else:
            raise InvalidArgument(f'invalid change "{line}" - invalid instruction {word}')


def _command(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return decode(text.encode(), list[str])
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return ["/bin/sh", "-c", text]


def _pairs(text: str, line: str) -> dict[str, str]:
    """KEY=VALUE KEY="VALUE WITH SPACES"..., or KEY VALUE."""
    import shlex

    first = text.split(None, 1)
    if "=" not in first[0] and len(first) == 2:
        return {first[0]: first[1]}
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise InvalidArgument(f'invalid change "{line}" - {problem}') from None
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _set_env(settings: dict[str, Any], text: str) -> None:
    for key, value in _pairs(text, f"ENV {text}").items():
        kept = [entry for entry in settings.get("Env") or [] if entry.partition("=")[0] != key]
        settings["Env"] = [*kept, f"{key}={value}"]

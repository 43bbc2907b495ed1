"""--security-opt, --cap-add, --cap-drop, --privileged, --read-only: from a request to a `Security`."""

from __future__ import annotations

import os

from ..errors import InvalidArgument
from ..model.container import Security
from . import capabilities, seccomp
from .text import absolute, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import CreateRequest

_WRITTEN_OUT = "seccomp={"  # a profile as Docker's clients send it
_LABEL_WORDS = ("disable", "nested")
_LABEL_KEYS = ("user", "role", "type", "level", "filetype")


def parse_security(request: CreateRequest, *, no_new_privileges: bool) -> Security:
    """What the request allows the container; `no_new_privileges` is the engine's default.

    Raises: InvalidArgument.
    """
    cap_add, cap_drop = capabilities.parse_changes(request.cap_add, request.cap_drop)
    profile, apparmor = "", ""
    mask: tuple[str, ...] = ()
    unmask: tuple[str, ...] = ()
    proc_options: tuple[str, ...] = ()
    for option in request.security_opt:
        key, equals, value = _split(option if option.startswith(_WRITTEN_OUT) else plain("security option", option))
        if key == "no-new-privileges":
            no_new_privileges = _truth(option, value) if equals else True
        elif not equals:
            raise InvalidArgument(f'invalid --security-opt 1: "{option}"')
        elif key == "seccomp":
            profile = _seccomp(value)
        elif key == "apparmor":
            apparmor = value
        elif key == "mask":
            mask += tuple(absolute("path to mask", path) for path in value.split(":"))
        elif key == "unmask":
            unmask += _unmask(value)
        elif key == "proc-opts":
            proc_options += tuple(_proc_option(option, word) for word in value.split(","))
        elif key == "systempaths" and value == "unconfined":
            unmask += ("ALL",)
        elif key == "label":
            _label(option, value)
        else:
            raise InvalidArgument(f'invalid --security-opt 2: "{option}"')
    return Security(
        privileged=request.privileged,
        capabilities=None if request.capabilities is None else capabilities.parse(request.capabilities),
        cap_add=cap_add,
        cap_drop=cap_drop,
        no_new_privileges=no_new_privileges,
        seccomp=profile,
        apparmor=apparmor,
        mask=mask,
        unmask=unmask,
        read_only=bool(request.read_only),
        read_only_tmpfs=request.read_only_tmpfs,
        proc_options=proc_options,
    )


def _split(option: str) -> tuple[str, str, str]:
    """Key, separator, value; "key:value" is the older way to write it."""
    if "=" not in option and ":" in option:
        return option.partition(":")
    return option.partition("=")


def _truth(option: str, value: str) -> bool:
    if value.lower() in ("true", "1", "t"):
        return True
    if value.lower() in ("false", "0", "f"):
        return False
    raise InvalidArgument(f'invalid --security-opt 2: "{option}"')


def _seccomp(value: str) -> str:
    if value in ("unconfined", "nested"):
        return value
    if not value:
        raise InvalidArgument("opening seccomp profile failed: no path given")
    if value == "builtin":  # Docker's word for the default
        return ""
    path = value if value.startswith("{") else os.path.abspath(value)
    seccomp.read_profile(path)
    return path


def _unmask(value: str) -> tuple[str, ...]:
    if value.upper() == "ALL":
        return ("ALL",)
    return tuple(absolute("path to unmask", path) for path in value.split(":"))


def _proc_option(option: str, word: str) -> str:
    name, _, value = word.partition("=")
    if name not in ("hidepid", "gid", "subset") or not value.isalnum():
        raise InvalidArgument(f'invalid --security-opt 2: "{option}"')
    return word


def _label(option: str, value: str) -> None:
    """SELinux labels: accepted and without effect, as on every host without SELinux."""
    key, separator, word = value.partition(":")
    if value not in _LABEL_WORDS and not (key in _LABEL_KEYS and separator and word):
        raise InvalidArgument(f'invalid --security-opt 2: "{option}"')

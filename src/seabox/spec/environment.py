"""The variables of a container's first process: ours, the image's, the user's, in this order."""

from __future__ import annotations

import re

from ..errors import InvalidArgument
from .text import content, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.container import CreateRequest, ImageConfig

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


def environment(request: CreateRequest, image: ImageConfig | None) -> dict[str, str]:
    """All variables that are set at creation. Raises: InvalidArgument."""
    env = {"PATH": DEFAULT_PATH, "container": "podman"}  # scripts look for exactly this to know they are contained
    if request.tty:
        env["TERM"] = "xterm"
    env |= request.base_env
    env |= image.env if image else {}
    merged = {name: _filled(value, env) for name, value in request.env_merge.items()}
    if request.unset_env_all:
        env = {}
    for name in request.unset_env:
        env.pop(name, None)
    env |= request.env
    env |= merged
    return _checked(env)


def changed(env: Mapping[str, str], request: CreateRequest) -> dict[str, str]:
    """The variables of a container that is updated. Raises: InvalidArgument."""
    return _checked({name: value for name, value in env.items() if name not in request.unset_env} | request.env)


def _checked(env: dict[str, str]) -> dict[str, str]:
    for name, value in env.items():
        if not plain("environment variable", name) or "=" in name:
            raise InvalidArgument(f"invalid environment variable name {name!r}")
        content(f"environment variable {name}", value)
    return env


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: known.get(match[1] or match[2], ""), text)

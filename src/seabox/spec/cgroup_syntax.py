"""--cgroup-parent and --cgroups."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from .text import normal, plain


def check_cgroup_parent(path: str) -> str:
    """The cgroup below which a container has its own, "" for the top. Raises: InvalidArgument."""
    if not path:
        return ""
    if plain("cgroup parent", path).endswith(".slice") or ".." in path.split("/"):
        raise InvalidArgument(f"cgroup parent {path} is not valid: it must be a path below the cgroup mount")
    return normal("/" + path)


def check_cgroups(word: str) -> str:
    """The mode. Raises: InvalidArgument, Unsupported."""
    word = word or "enabled"
    if word in ("enabled", "disabled", "no-conmon"):
        return word
    if word == "split":
        raise Unsupported("--cgroups=split is not supported: use enabled, disabled or no-conmon")
    raise InvalidArgument(f"invalid cgroup mode {word!a}: use enabled or disabled")

"""What a client wants built, as buildah's words: each of them checked, for they come from anybody."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..errors import InvalidArgument
from ..model.decoding import decode
from .platforms import platform
from .routing import flag, number, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .request import Request

NETWORKS = {  # as buildah calls them
    "": "", "default": "", "bridge": "private", "private": "private", "host": "host", "none": "none",
    # as podman's clients say it, which count buildah's own words
    "0": "", "1": "none", "2": "", "NetworkDefault": "", "NetworkDisabled": "none", "NetworkEnabled": "",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*")
_SIMPLE = (
    ("memory", "memory"), ("memswap", "memory-swap"), ("cpushares", "cpu-shares"), ("cpuperiod", "cpu-period"),
    ("cpuquota", "cpu-quota"), ("shmsize", "shm-size"),
)  # fmt: skip
_LISTED = (("cpusetcpus", "cpuset-cpus"), ("cpusetmems", "cpuset-mems"), ("cgroupparent", "cgroup-parent"))
_IGNORED = "Accepted, without effect"

PARAMETERS = (
    text("dockerfile", about="The Containerfile's path in the context"), texts("t", "Names of the image"),
    text("remote", about="Must be empty, or an address of an archive or a Containerfile"), flag("q"), flag("nocache"),
    text("pull", about="Whether to pull what the image is made from: true, false, or one of podman's policies"),
    text("pullpolicy", about="As pull"), flag("rm", True),
    flag("forcerm"), flag("squash"), text("buildargs", about="{NAME: VALUE} as JSON"),
    text("labels", about="{NAME: VALUE} as JSON"), text("target"), text("platform"), text("networkmode"),
    texts("extrahosts", "HOST:ADDRESS, each or as a JSON list"), text("ulimits", about="As JSON"),
    number("memory"), number("memswap"), number("cpushares"), number("cpuperiod"), number("cpuquota"),
    number("shmsize"), text("cpusetcpus"), text("cpusetmems"), text("cgroupparent"),
    text("version", about="Must be 1: BuildKit is another program's"),
    text("outputs", about="Must be empty: the image is kept here"), text("cachefrom", about="Images, as a JSON list"),
    text("isolation", about=_IGNORED), text("session", about=_IGNORED), text("buildid", about=_IGNORED),
    text("securityopt", about=_IGNORED),
)  # fmt: skip


class _Ulimit(msgspec.Struct, rename="pascal"):
    name: str
    soft: int
    hard: int


def policy(ask: Request) -> str:
    """When the images are pulled that it is made from. Raises: InvalidArgument."""
    said = (ask.text("pull") or ask.text("pullpolicy")).lower()
    if said in ("", "0", "false"):
        return "missing"
    if said in ("1", "true"):
        return "always"
    known = {"always": "always", "never": "never", "missing": "missing", "ifmissing": "missing", "newer": "newer"}
    if said not in known:
        raise InvalidArgument(f'pull must be true, false, always, missing, never or newer, not "{said}"')
    return known[said]


def build_arguments(ask: Request) -> list[str]:
    """NAME=VALUE for each; those without a value are left out. Raises: InvalidArgument."""
    return [f"{name}={value}" for name, value in _map(ask, "buildargs").items() if value is not None]


def cache_from(ask: Request) -> list[str]:
    """The images whose steps may be taken; [] = whatever is known. Raises: InvalidArgument."""
    found: list[str] = _json(ask, "cachefrom", list[str]) or []
    return found


def words(ask: Request) -> Iterator[str]:
    """buildah's flags, but for names, files, the network and build arguments. Raises: InvalidArgument."""
    if ask.text("version") not in ("", "1"):
        raise InvalidArgument("BuildKit is not supported: build with DOCKER_BUILDKIT=0, or with buildx in a container")
    if ask.text("outputs"):
        raise InvalidArgument("outputs is not supported: the image is kept here, get it from here")
    squash = ask.flag("squash")
    yield f"--layers={str(not squash).lower()}"
    yield f"--squash={str(squash).lower()}"
    yield f"--no-cache={str(ask.flag('nocache')).lower()}"
    yield f"--rm={str(ask.flag('rm')).lower()}"
    yield f"--force-rm={str(ask.flag('forcerm')).lower()}"
    for name, value in _map(ask, "labels").items():
        yield f"--label={name}={value or ''}"
    if target := ask.text("target"):
        yield f"--target={_word('target', target)}"
    said = ask.text("platform")
    if place := platform("" if said == "/" else said):  # which is how podman 4's clients say nothing
        yield f"--platform={place}"
    for name, option in _SIMPLE:
        if amount := ask.number(name):
            if amount < 0 and name != "memswap":
                raise InvalidArgument(f"{name} must not be negative")
            yield f"--{option}={amount}"
    for name, option in _LISTED:
        if said := ask.text(name):
            yield f"--{option}={_word(name, said)}"
    for each in _hosts(ask):
        yield f"--add-host={_word('extrahosts', each)}"
    for limit in _json(ask, "ulimits", list[_Ulimit]) or ():
        yield f"--ulimit={_word('ulimits', limit.name)}={limit.soft}:{limit.hard}"


def _hosts(ask: Request) -> Iterator[str]:
    for each in ask.texts("extrahosts"):
        if each.startswith("["):
            yield from _decoded(each, "extrahosts", list[str])
        elif each.startswith("{"):
            yield from (f"{name}:{address}" for name, address in _decoded(each, "extrahosts", dict[str, str]).items())
        elif each:
            yield each.replace("=", ":", 1) if ":" not in each.partition("=")[0] else each


def _map(ask: Request, name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = _json(ask, name, dict[str, str | None]) or {}
    if any(not key or "=" in key or "\0" in key + (value or "") for key, value in found.items()):
        raise InvalidArgument(f"{name}: a name must not be empty, or hold =")
    return found


def _json(ask: Request, name: str, kind: Any) -> Any:
    return _decoded(ask.text(name), name, kind) if ask.text(name) else None


def _decoded(said: str, name: str, kind: Any) -> Any:
    if said.strip() == "null":
        return kind()
    try:
        return decode(said.encode(), kind)
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise InvalidArgument(f"{name}: {problem}") from None


def _word(name: str, said: str) -> str:
    if not _WORD.fullmatch(said.replace(",", "")):
        raise InvalidArgument(f"{name}: {said!a} is not a word that can be used there")
    return said

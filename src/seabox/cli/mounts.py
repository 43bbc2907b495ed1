"""--mount type=bind,src=...,dst=...: from text to a `Mount`; what it may contain is the spec room's affair."""

from __future__ import annotations

import os

from msgspec import structs

from seabox.errors import InvalidArgument, Unsupported
from seabox.model.container import Mount
from seabox.model.literals import read_bool, read_csv

_SOURCE = ("src", "source", "from")
_DESTINATION = ("dst", "dest", "destination", "target")
_PART = ("subpath", "volume-subpath", "image-subpath")
_LATER = ("artifact",)
_KINDS = ("bind", "volume", "tmpfs", "ramfs", "devpts", "image", "glob")
_OTHERS = ", ".join(_KINDS)
_WORDS = frozenset(
    "suid nosuid dev nodev exec noexec private rprivate shared rshared slave rslave unbindable runbindable "
    "rbind bind z Z O copy nocopy idmap relatime noatime strictatime upperdir workdir".split()
)  # of binds and volumes
_TMPFS_SETTINGS = {"tmpfs-size": "size", "tmpfs-mode": "mode"}


def parse_mounts(text: str) -> list[Mount]:
    """The mounts that one --mount describes: several for type=glob. Raises: InvalidArgument, Unsupported."""
    mount = _parse(text)
    if mount.type != "glob":
        return [mount]
    from glob import glob

    found = sorted(glob(mount.source))
    if not found:
        raise InvalidArgument(f'no file paths matching glob "{mount.source}"')
    into = mount.destination
    places = [f"{into}/{os.path.basename(path)}" if into else path for path in found]
    return [
        structs.replace(mount, type="bind", source=path, destination=place)
        for path, place in zip(found, places, strict=True)
    ]


def _parse(text: str) -> Mount:
    try:
        words = read_csv(text)
    except ValueError as problem:
        raise InvalidArgument(f"invalid --mount {text!r}: {problem}") from None
    pairs = [word.partition("=") for word in words]
    kind = next((value for key, _, value in pairs if key == "type"), "volume")
    if kind in _LATER:
        raise Unsupported(f"mounts of type {kind} are not supported yet: use type={_OTHERS}")
    if kind not in _KINDS:
        raise InvalidArgument(f'invalid filesystem type "{kind}"')
    source = destination = part = ""
    options: list[str] = []
    about: dict[str, dict[str, str]] = {"volume-opt": {}, "volume-label": {}}
    driver = ""
    for key, equals, value in pairs:
        if key == "type":
            continue
        if key in _SOURCE and kind in ("bind", "volume", "image", "glob"):
            source = _given(key, value)
        elif key in _SOURCE:
            raise InvalidArgument(f'"source" option not supported for "{kind}" mount types')
        elif key in _DESTINATION:
            destination = _given(key, value)
        elif kind == "volume" and key in about:
            name, _, word = _given(key, value).partition("=")
            about[key][name] = word
        elif kind == "volume" and key == "volume-driver":
            driver = value
        elif kind in ("volume", "image") and key in _PART:
            part = _given(key, value).removeprefix("/")
        else:
            options += _option("bind" if kind == "glob" else kind, key, bool(equals), value)
    if not destination and kind != "glob":
        raise InvalidArgument("must set volume destination")
    if kind in ("bind", "image", "glob") and not source:
        raise InvalidArgument(f"must set source of a{'n' if kind == 'image' else ''} {kind} mount")
    return Mount(
        type=kind, source=source, destination=destination, options=tuple(options), driver=driver,
        driver_options=about["volume-opt"], labels=about["volume-label"], subpath=part,
    )  # fmt: skip


def _given(key: str, value: str) -> str:
    if not value:
        raise InvalidArgument(f"{key}: must provide an argument for option")
    return value


def _option(kind: str, key: str, has_value: bool, value: str) -> list[str]:
    """The mount options that one word of the text means. Raises: InvalidArgument."""
    if key == "consistency":
        return []  # a word of Docker's that means nothing on Linux
    if key == "readwrite":
        key = "rw"
    if key in ("ro", "readonly", "rw"):
        return ["ro" if _truth(key, has_value, value) == (key != "rw") else "rw"]
    if key in ("U", "chown") and kind != "devpts":
        return ["U"] if _truth(key, has_value, value) else []
    if key in _TMPFS_SETTINGS and kind in ("tmpfs", "ramfs"):
        return [f"{_TMPFS_SETTINGS[key]}={_given(key, value)}"]
    if kind in ("bind", "volume"):
        if key == "bind-propagation":
            return [_given(key, value)]
        if key == "bind-nonrecursive":
            return ["bind" if _truth(key, has_value, value) else "rbind"]
        if key == "volume-nocopy":
            return ["nocopy"] if _truth(key, has_value, value) else []
        if key == "relabel":
            if value not in ("shared", "private"):
                raise InvalidArgument("relabel can only be 'private' or 'shared'")
            return ["z" if value == "shared" else "Z"]
        if key not in _WORDS:
            raise InvalidArgument(f"{key}: invalid mount option")
    return [f"{key}={value}" if has_value else key]


def _truth(key: str, has_value: bool, value: str) -> bool:
    if not has_value:
        return True
    try:
        return read_bool(value)
    except ValueError:
        raise InvalidArgument(f"the value of {key} must be true or false, not {value!r}") from None

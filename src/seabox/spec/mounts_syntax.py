"""-v, --tmpfs and mounts given as values: from text to `Mount`s, or one line that says what is wrong."""

from __future__ import annotations

import os

from msgspec import structs

from ..errors import InvalidArgument, Unsupported
from ..model.container import Mount
from ..model.ids import check_name, new_id
from .text import normal, plain, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..model.container import ImageConfig

    FindImage = Callable[[str], ImageConfig]

OVERLAY = "O"  # what is written to the mount goes elsewhere and is gone when the container is started again
CHOWN = "U"  # kept in a Mount's options for the caller, never given to the runtime
COPY = ("copy", "nocopy")  # as well: whether a volume's first use copies what the image has in its place

_EXCLUSIVE = (  # of each row one, by default the first; "" = nothing is said
    ("rw", "ro"),
    ("", "suid", "nosuid"),
    ("", "dev", "nodev"),
    ("", "exec", "noexec"),
    ("rprivate", "private", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"),
    ("", "relatime", "noatime", "strictatime"),
)
_BIND = (("rbind", "bind"), ("", OVERLAY))
_LABELS = (("", "z", "Z"), ("", CHOWN))
_COPY = (("", *COPY),)
_TMPFS = (("tmpcopyup", "notmpcopyup"), ("", CHOWN))

# what LXCFS provides in place of the kernel's own: the only files below /proc that a mount may cover
_LXCFS = "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev sys/kernel/ns_last_pid"
_PROC_FILES = frozenset(f"/proc/{name}" for name in _LXCFS.split())


def parse_mounts(volumes: Iterable[str], tmpfs: Iterable[str], mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """All mounts asked for, sources made absolute, in the order given.

    Raises: InvalidArgument (also for a source that does not exist, or one destination twice), Unsupported.
    """
    found = [parse_volume(text) for text in volumes]
    found += [parse_tmpfs(text) for text in tmpfs]
    found += [_checked(mount) for mount in mounts]
    found = [mount for number, mount in enumerate(found) if mount not in found[:number]]  # said twice
    seen: set[str] = set()
    for mount in found:
        if mount.destination in seen:
            raise InvalidArgument(f"{mount.destination}: duplicate mount destination")
        seen.add(mount.destination)
    return tuple(found)


def parse_volume(text: str) -> Mount:
    """`[SRC:]DEST[:OPTIONS]`: the directory of the host SRC, the volume of that name, or one without a name.

    Raises: InvalidArgument.
    """
    parts = plain("volume", text).split(":")
    if len(parts) == 1:
        return volume("", parts[0], ())
    if len(parts) > 3:
        raise InvalidArgument(f'"{text}": incorrect volume format, should be [host-dir:]ctr-dir[:option]')
    source, destination = parts[:2]
    if not source:
        raise InvalidArgument("host directory cannot be empty")
    options = parts[2].split(",") if len(parts) == 3 else []
    if not source.startswith(("/", ".")):
        return volume(source, destination, options)
    return _bind(source, destination, options)


def parse_tmpfs(text: str) -> Mount:
    """`DEST[:OPTIONS]` as a tmpfs.

    Raises: InvalidArgument.
    """
    destination, _, options = plain("tmpfs", text).partition(":")
    return tmpfs_mount(destination, options.split(",") if options else [])


def _checked(mount: Mount) -> Mount:
    for option in mount.options:
        plain("mount option", option)
    if mount.type == "bind":
        if not mount.source:
            raise InvalidArgument("must set source of a bind mount")
        return _bind(mount.source, mount.destination, mount.options)
    if mount.type in ("tmpfs", "ramfs"):
        if mount.source not in ("", mount.type):
            raise InvalidArgument(f"a {mount.type} mount has no source")
        return tmpfs_mount(mount.destination, mount.options, mount.type)
    if mount.type == "devpts":
        return _devpts(mount.destination, mount.options)
    if mount.type == "image":
        if not mount.source:
            raise InvalidArgument("must set source of an image mount")
        options = _options(mount.options, ())
        return Mount(
            type="image", source=plain("image", mount.source), destination=check_destination(mount.destination),
            options=("rw" if "rw" in mount.options and "ro" not in mount.options else "ro",
                     *(option for option in options if option not in ("rw", "ro"))),
            subpath=_part(mount.subpath),
        )  # fmt: skip
    if mount.type == "volume":
        return volume(mount.source, mount.destination, mount.options, like=mount)
    raise InvalidArgument(f'invalid filesystem type "{plain("mount type", mount.type)}"')


def _bind(source: str, destination: str, options: Sequence[str]) -> Mount:
    path = os.path.abspath(plain("mount source", source))
    try:
        os.stat(path)
    except OSError as problem:
        raise InvalidArgument(f"statfs {path}: {(problem.strerror or 'unknown error').lower()}") from None
    idmap, rest = _idmap(options)
    elsewhere = [option for option in rest if option.startswith(("upperdir=", "workdir="))]
    chosen = _options((option for option in rest if option not in (*elsewhere, *COPY)), _BIND + _LABELS)
    if OVERLAY in chosen:
        if not os.path.isdir(path):
            raise InvalidArgument(f"{path} is no directory: it cannot be overlaid")
        if any(char in path for char in ",:\\"):
            raise InvalidArgument(f"{path}: a directory with such a name cannot be overlaid")
        chosen += _elsewhere(elsewhere)
    elif elsewhere:
        raise InvalidArgument(f'invalid mount option "{elsewhere[0]}": it goes with the option O')
    return Mount(type="bind", source=path, destination=check_destination(destination), options=chosen + idmap)


def volume(name: str, destination: str, options: Iterable[str], *, like: Mount | None = None) -> Mount:
    """The volume `name` ("": one made for this container alone) at `destination`. Raises: InvalidArgument."""
    place = check_destination(destination)
    if name:
        check_name(plain("volume name", name))
    idmap, rest = _idmap(options)
    elsewhere = [option for option in rest if option.startswith(("upperdir=", "workdir="))]
    chosen = _options((option for option in rest if option not in elsewhere), _BIND + _LABELS + _COPY)
    for flag, allowed in (("nosuid", "suid"), ("nodev", "dev")):
        if flag not in chosen and allowed not in chosen:
            chosen += (flag,)
    if OVERLAY in chosen:
        chosen += _elsewhere(elsewhere)
    elif elsewhere:
        raise InvalidArgument(f'invalid mount option "{elsewhere[0]}": it goes with the option O')
    return Mount(
        type="volume", source=name or new_id(), destination=place, options=chosen + idmap, anonymous=not name,
        driver=like.driver if like else "", driver_options=like.driver_options if like else {},
        labels=like.labels if like else {}, subpath=_part(like.subpath) if like else "",
    )  # fmt: skip


def _part(path: str) -> str:
    """The path of a part, from the top of what it is of. Raises: InvalidArgument."""
    if plain("subpath", path).startswith("/") or ".." in path.split("/"):
        raise InvalidArgument(f"subpath {path!a} must be a relative path within the volume")
    return normal(path).removeprefix("/")


def _idmap(options: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The option idmap, and the others. Raises: InvalidArgument."""
    given = list(options)
    found = [option for option in given if option.partition("=")[0] == "idmap"]
    if len(found) > 1:
        raise InvalidArgument(f'invalid options "{",".join(given)}", can only specify 1 of {", ".join(found)}')
    return tuple(found), [option for option in given if option not in found]


def _elsewhere(options: Iterable[str]) -> tuple[str, ...]:
    """upperdir and workdir, both or none: where what is written is kept."""
    found = dict(option.split("=", 1) for option in options)
    if found and found.keys() != {"upperdir", "workdir"}:
        raise InvalidArgument("cannot specify upperdir without workdir, nor workdir without upperdir")
    for path in found.values():
        if not os.path.isdir(path) or any(char in path for char in ",:\\"):
            raise InvalidArgument(f"{path} is no directory that can take what is written")
    return tuple(f"{key}={os.path.abspath(path)}" for key, path in found.items())


def _devpts(destination: str, options: Iterable[str]) -> Mount:
    given = {"mode": "0620", "ptmxmode": "0666"}
    for option in options:
        key, _, value = option.partition("=")
        octal = key in ("mode", "ptmxmode") and bool(value) and len(value) < 6 and set(value) <= set("01234567")
        if not octal and not (key in ("uid", "gid", "max") and value.isascii() and value.isdecimal()):
            raise InvalidArgument(f'invalid mount option "{option}"')
        given[key] = value
    words = tuple(f"{key}={value}" for key, value in given.items())
    return Mount(
        type="devpts", source="devpts", destination=check_destination(destination),
        options=("rprivate", "nosuid", "noexec", "newinstance", *words),
    )  # fmt: skip


def with_layers(mounts: Iterable[Mount], find_image: FindImage | None) -> tuple[Mount, ...]:
    """The mounts, images being known by their ids and layers. Raises: what `find_image` raises; Unsupported."""
    found = []
    for mount in mounts:
        if mount.type == "image":
            if find_image is None:
                raise Unsupported("images cannot be looked up here")
            image = find_image(mount.source)
            mount = structs.replace(mount, source=image.id, layers=image.layers, image=mount.image or mount.source)
        found.append(mount)
    return tuple(found)


def tmpfs_mount(destination: str, options: Iterable[str], kind: str = "tmpfs") -> Mount:
    """A file system in memory. Raises: InvalidArgument."""
    settings: dict[str, str] = {}
    flags = []
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            flags.append(option)
        elif _fits(key, value) and key not in settings:
            settings[key] = option
        else:
            raise InvalidArgument(f'invalid mount option "{option}"')
    chosen = _options(flags, _TMPFS if kind == "tmpfs" else (("", CHOWN),))
    for flag, allowed in (("nosuid", "suid"), ("nodev", "dev"), ("noexec", "exec")):
        if flag not in chosen and allowed not in chosen:
            chosen += (flag,)
    return Mount(type=kind, destination=check_destination(destination), options=(*chosen, *settings.values()))


def _fits(key: str, value: str) -> bool:
    number = value.rstrip("kKmMgG%") if key in ("size", "nr_inodes", "nr_blocks") else value
    if not (number.isascii() and number.isdecimal() and len(number) < 20 and len(value) - len(number) < 2):
        return False
    if key == "mode":
        return len(number) < 6 and set(number) <= set("01234567")
    if key in ("uid", "gid"):
        return int(number) < 2**31
    return key in ("size", "nr_inodes", "nr_blocks")


def _options(options: Iterable[str], extra: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    given = {option: None for option in options if option}
    groups = extra + _EXCLUSIVE
    chosen = []
    for group in groups:
        named = [option for option in given if option in group]
        if len(named) > 1:
            raise InvalidArgument(f'invalid options "{",".join(given)}", can only specify 1 of {", ".join(named)}')
        if option := named[0] if named else group[0]:
            chosen.append(option)
        for option in named:
            del given[option]
    for option in given:
        raise InvalidArgument(f'invalid option type "{option}"')
    return tuple(chosen)


def check_destination(path: str) -> str:
    """The place of a mount, as it is kept. Raises: InvalidArgument."""
    if not path:
        raise InvalidArgument("must set volume destination")
    if not plain("mount destination", path).startswith("/"):
        raise InvalidArgument(f'invalid container path "{path}", must be an absolute path')
    clean = normal(path)
    if clean == "/":
        raise InvalidArgument("container directory cannot be '/': invalid specification: destination can't be '/'")
    if within(clean, "/proc") and clean not in _PROC_FILES:
        raise InvalidArgument(f'"{clean}" cannot be mounted because it is inside /proc')
    if clean in ("/dev/console", "/run/podman-init"):
        raise InvalidArgument(f'"{clean}" is reserved: it cannot be a mount destination')
    return clean

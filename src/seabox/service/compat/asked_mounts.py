"""Docker's ways to ask for mounts: Binds, Mounts, Volumes and Tmpfs."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...model.container import Mount
from ...spec.text import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import create_body as body

_CONSISTENCY = ("consistent", "cached", "delegated", "default")  # of a desktop's shared folders: nothing here


class AskedMounts:
    """What the engine is asked for, and which directories of the host are made if they are not there."""

    __slots__ = ("mounts", "tmpfs", "to_make", "volumes")

    def __init__(self) -> None:
        self.mounts: list[Mount] = []
        self.volumes: list[str] = []
        self.tmpfs: list[str] = []
        self.to_make: list[str] = []


def asked_mounts(container: body.CreateBody, host: body.HostConfig) -> AskedMounts:
    """All mounts that a body asks for. Raises: InvalidArgument."""
    found = AskedMounts()
    taken = set()
    for text in host.binds or ():
        bind, destination, source = _bind(text)
        found.volumes.append(bind)
        taken.add(normal(destination))
        if source.startswith("/"):
            found.to_make.append(source)
    for each in host.mounts or ():
        mount = _mount(each)
        found.mounts.append(mount)
        taken.add(normal(mount.destination))
        if mount.type == "bind" and each.bind_options and each.bind_options.create_mountpoint:
            found.to_make.append(mount.source)
    for destination, options in (host.tmpfs or {}).items():
        found.tmpfs.append(f"{destination}:{options}" if options else destination)
        taken.add(normal(destination))
    # clients repeat here what they have already said
    found.volumes += [place for place in container.volumes or () if normal(place) not in taken]
    return found


def _bind(text: str) -> tuple[str, str, str]:
    """The bind as the engine takes it, its destination and its source."""
    parts = text.split(":")
    if len(parts) == 1:
        return text, text, ""
    if len(parts) > 3 or not parts[0]:
        raise InvalidArgument(f'invalid volume specification: "{text}"')
    source, destination = parts[:2]
    if source.startswith("."):
        raise InvalidArgument(
            f"create {source}: includes invalid characters for a local volume name: to pass a host directory, use "
            "an absolute path"
        )
    options = [word for word in (parts[2].split(",") if len(parts) > 2 else ()) if word not in _CONSISTENCY]
    return ":".join((source, destination, *([",".join(options)] if options else []))), destination, source


def _mount(asked: body.Mount) -> Mount:
    if not asked.target:
        raise InvalidArgument("invalid mount config: field Target must not be empty")
    kind = asked.type or ""
    options = ["ro"] if asked.read_only else []
    if kind == "bind":
        return _bind_mount(asked, options)
    if kind == "volume":
        return _volume(asked, options)
    if kind == "tmpfs":
        return Mount(type="tmpfs", destination=asked.target, options=(*options, *_tmpfs(asked.tmpfs_options)))
    if kind == "image":
        part = (asked.image_options.subpath if asked.image_options is not None else "") or ""
        return Mount(type="image", source=asked.source or "", destination=asked.target, options=("ro",), subpath=part)
    raise InvalidArgument(f'mount type unknown: "{kind}": use bind, volume, tmpfs or image')


def _bind_mount(asked: body.Mount, options: list[str]) -> Mount:
    said = asked.bind_options
    if said is not None:
        options += ["bind"] if said.non_recursive else []
        options += [said.propagation] if said.propagation else []
    if not (asked.source or "").startswith("/"):
        raise InvalidArgument(f'invalid mount config for type "bind": invalid mount path: "{asked.source or ""}"')
    return Mount(type="bind", source=asked.source or "", destination=asked.target or "", options=tuple(options))


def _volume(asked: body.Mount, options: list[str]) -> Mount:
    said = asked.volume_options
    if said is None:
        return Mount(
            type="volume", source=asked.source or "", destination=asked.target or "", options=tuple(options)
        )  # fmt: skip
    driver = said.driver_config
    return Mount(
        type="volume",
        source=asked.source or "",
        destination=asked.target or "",
        options=(*options, *(("nocopy",) if said.no_copy else ())),
        driver=(driver.name if driver else "") or "",
        driver_options=(driver.options if driver else None) or {},
        labels=said.labels or {},
        subpath=said.subpath or "",
    )


def _tmpfs(said: body.TmpfsOptions | None) -> Iterable[str]:
    if said is None:
        return
    if said.size_bytes:
        yield f"size={said.size_bytes}"
    if said.mode:
        yield f"mode={said.mode:o}"
    for words in said.options or ():
        if len(words) not in (1, 2):
            raise InvalidArgument("invalid option array length: an option of a tmpfs is a name, or a name and a value")
        yield "=".join(words)

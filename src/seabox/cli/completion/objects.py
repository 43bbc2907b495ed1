"""Candidates by kind: containers, images, networks, signals, files inside of containers and images."""

from __future__ import annotations

import os

from seabox.cli.completion import DEFAULT, DIRECTORIES, NO_FILES, NO_SPACE, Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.completion.position import Position
    from seabox.cli.flags import Flag
    from seabox.engine import Engine

# the word of a usage line -> the kind of its candidates
_WORDS = {
    "CONTAINER": "containers", "POD": "pods", "IMAGE": "images", "NETWORK": "networks", "VOLUME": "volumes",
    "REGISTRY": "registries", "SECRET": "secrets", "PATH": "files", "CONTEXT": "files", "FILE": "files",
    "COMMAND": "files", "ARG": "files", "DIRECTORY": "directories", "SHELL": "shells",
}  # fmt: skip
# commands that make sense for containers in some states only
_STATES = {
    "attach": ("running", "created"), "exec": ("running",), "kill": ("running", "paused"), "pause": ("running",),
    "stats": ("running",), "stop": ("running", "paused"), "top": ("running",), "unpause": ("paused",),
}  # fmt: skip
_SHORT = 12
_SHELLS = ("bash", "zsh", "fish")


def arguments(position: Position) -> Offer:
    """Candidates for the next argument of the command."""
    command, number = position.command, len(position.rest)
    assert command is not None
    if command.most is not None and number >= command.most:
        return Offer({})
    name = command.path.rpartition(" ")[2]
    if name == "cp":
        return _of_cp(position)
    if name in ("run", "create") and number >= 1:
        return _inside_image(position, position.rest[0])
    words = [word for word in command.usage.split() if word != "[options]"]
    word = words[min(number, len(words) - 1)] if words else ""
    if number >= len(words) and "..." not in word:
        return Offer({})
    if word == "[...]":
        word = words[-2]
    kinds = dict.fromkeys(kind for key, kind in _WORDS.items() if key in word.upper())
    if not kinds and command.completion:
        return values(command.completion, position)
    found: dict[str, str] = {}
    directive = NO_FILES
    for kind in kinds:
        offer = values(kind, position)
        found |= offer.candidates
        directive = offer.directive if len(kinds) == 1 else NO_FILES
    return Offer(found, directive)


def values(kind: str | tuple[str, ...], position: Position, flag: Flag | None = None) -> Offer:
    """Candidates of a kind."""
    if isinstance(kind, tuple):
        return Offer(dict.fromkeys(kind, ""))
    if kind == "files" or (not kind and flag is not None and flag.name in ("volume", "mount", "device")):
        return Offer({}, DEFAULT)
    if kind == "directories":
        return Offer({}, DIRECTORIES)
    if kind == "shells":
        return Offer(dict.fromkeys(_SHELLS, ""))
    if kind == "signals":
        from signal import Signals

        return Offer({signal.name.removeprefix("SIG"): "" for signal in Signals})
    if flag is not None and flag.name == "format":
        return Offer({"json": "", "table": ""} if position.typed != "{{" else {})
    if flag is not None and flag.name == "log-level":
        return Offer(dict.fromkeys(("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"), ""))
    look_up = _LOOK_UPS.get(kind)
    if look_up is None:
        return Offer({})
    with _engine(position) as on:
        return Offer(look_up(on, position))


def _engine(position: Position) -> Engine:
    from seabox.cli import registry
    from seabox.cli.context import engine
    from seabox.cli.parse import parse

    return engine(parse(registry.PROGRAM_TABLE, position.outer))


def _containers(on: Engine, position: Position) -> dict[str, str]:
    name = position.command.path.rpartition(" ")[2] if position.command is not None else ""
    states = _STATES.get(name)
    found = {}
    for seen in on.containers.list():
        if states and seen.status not in states:
            continue
        found[seen.facts.name] = seen.facts.id[:_SHORT]
        if len(position.typed) > 1:
            found[seen.facts.id[:_SHORT]] = seen.facts.name
    return found


def _images(on: Engine, position: Position) -> dict[str, str]:
    found: dict[str, str] = {}
    for image in on.images.list():
        if len(position.typed) > 1:
            found[image.id[:_SHORT]] = next(iter(image.names), "")
        for name in image.names:
            found[name] = image.id[:_SHORT]
            if position.typed:
                parts = name.split("/")
                for short in ("/".join(parts[at:]) for at in range(1, len(parts))):
                    found[short] = image.id[:_SHORT]
                    found[short.rpartition(":")[0]] = image.id[:_SHORT]
    return found


def _networks(on: Engine, position: Position) -> dict[str, str]:
    return {network.name: network.id[:_SHORT] for network in on.networks.list()}


def _pods(on: Engine, position: Position) -> dict[str, str]:
    found = {}
    for seen in on.pods.list():
        found[seen.facts.name] = seen.facts.id[:_SHORT]
        if len(position.typed) > 1:
            found[seen.facts.id[:_SHORT]] = seen.facts.name
    return found


def _volumes(on: Engine, position: Position) -> dict[str, str]:
    return {volume.name: "" for volume in on.volumes.list()}


def _secrets(on: Engine, position: Position) -> dict[str, str]:
    return {secret.name: secret.id[:_SHORT] for secret in on.secrets.list()}


def _registries(on: Engine, position: Position) -> dict[str, str]:
    from seabox.config import registries_files
    from seabox.images.registries import Registries

    return dict.fromkeys(Registries(registries_files()).search(), "")


_LOOK_UPS: dict[str, Callable[[Engine, Position], dict[str, str]]] = {
    "containers": _containers, "images": _images, "networks": _networks, "pods": _pods,
    "registries": _registries, "secrets": _secrets, "volumes": _volumes,
}  # fmt: skip


# --- files that are not the host's -------------------------------------------------------------------------------


def _inside_image(position: Position, image: str) -> Offer:
    """Paths in the image. Without the image the shell's own files are as good a guess as any."""
    from seabox.errors import SeaboxError

    with _engine(position) as on:
        try:
            fresh = on.images.find(image).id not in {row.id for row, _ in on.images.mounted()}
            place = on.images.mount(image)
        except (SeaboxError, OSError):
            return Offer({}, DEFAULT)
        try:
            return Offer(_paths(place, position.typed), NO_SPACE)
        finally:
            if fresh:
                on.images.unmount(image)


def _of_cp(position: Position) -> Offer:
    """Containers with a colon, and after it their paths; the host's files go without saying."""
    name, colon, typed = position.typed.partition(":")
    with _engine(position) as on:
        if not colon:
            names = [f"{seen.facts.name}:" for seen in on.containers.list()]
            fitting = any(each.startswith(position.typed) for each in names)
            return Offer(dict.fromkeys(names, ""), NO_SPACE if fitting else DEFAULT)
        from seabox.container.roots import Root

        with Root(on.containers.get(name)) as root:
            found = _paths(f"/proc/self/fd/{root.fd}", typed)
    return Offer({f"{name}:{path}": "" for path in found}, NO_SPACE)


def _paths(root: str, typed: str) -> dict[str, str]:
    """What `typed` can go on to be below `root`, which is never left."""
    from seabox.kernel.files import open_in_root

    folder, slash, start = typed.rpartition("/")
    try:
        fd = open_in_root(root, folder or "/", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return {}
    found = {}
    try:
        for entry in sorted(os.scandir(fd), key=lambda entry: entry.name):
            if not entry.name.startswith(start):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            whole = f"{folder}{slash or '/'}{entry.name}"
            found[f"{whole}/" if is_folder else whole] = ""
            if is_folder and entry.name == start:
                found |= _paths(root, f"{whole}/")
    finally:
        os.close(fd)
    return found

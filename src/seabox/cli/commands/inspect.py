"""`inspect`, `container inspect` and `image inspect`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, latest_of
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer, NoSuchImage, NoSuchPod, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine

_UNSET: dict[str, object] = {
    "Cmd": [], "Entrypoint": [], "Env": [], "ExposedPorts": {}, "Labels": {}, "StopSignal": "", "User": "",
    "Volumes": {}, "WorkingDir": "",
}  # fmt: skip
_TYPES = ("all", "container", "image", "network", "pod", "volume")


def command(path: str) -> Command:
    """The command's table."""
    flags = [Flag("format", "f", STRING, "Go template, or json", metavar="format")]
    if not path.startswith("image"):
        flags += [
            Flag("latest", "l", BOOL, "The container created last"),
            Flag("size", "s", BOOL, "Say how much room the files take too"),
        ]
    if path == "inspect":
        flags.append(
            Flag("type", "t", STRING, "What the names are of", default="all", completion=_TYPES)
        )
    usage = {"image inspect": "IMAGE [IMAGE...]", "container inspect": "CONTAINER [CONTAINER...]"}.get(
        path, "{CONTAINER|IMAGE|NETWORK} [...]"
    )
    return Command(
        path, tuple(flags), f"[options] {usage}", "Show all that is known about an object", run,
        completion="containers", examples=("seabox inspect web", "seabox inspect --format '{{.State.Status}}' web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it for each; what does not exist is told after the rest."""
    kind = _kind(args)
    with engine(args) as on:
        names = args.rest
        if kind != "image" and args.on("latest"):
            if names:
                raise InvalidArgument("--latest and arguments cannot be used together")
            names = [latest_of(on)]
        elif not names:
            raise InvalidArgument("no names or ids specified")
        found: list[object] = []
        missing: list[NotFound] = []
        for name in names:
            try:
                found.append(_inspect(on, kind, name, size=kind != "image" and args.on("size")))
            except NotFound as problem:
                missing.append(problem)
        _print(args, found)
    if missing:
        from seabox.cli.complaint import complain

        sys.stdout.flush()
        return [complain(problem) for problem in missing][-1]
    return 0


def _kind(args: Arguments) -> str:
    """ "container", "image" or "all"."""
    first = args.command.path.partition(" ")[0]
    if first != "inspect":
        return first
    kind = args.text("type")
    if kind not in _TYPES:
        raise InvalidArgument(f'invalid type "{kind}" is not supported: one of {", ".join(_TYPES)}')
    return kind


def _inspect(on: Engine, kind: str, name: str, *, size: bool = False) -> dict[str, Any]:
    if kind == "network":
        from seabox.listing.networks import inspected as network_inspected

        return network_inspected(on.networks.get(name))
    if kind == "pod":
        from seabox.listing.pods import sparse

        try:
            return sparse(on.pods.get(name).inspect())
        except NoSuchPod:
            raise NotFound(f"inspecting object: no such pod {name}") from None
    if kind == "volume":
        from seabox.listing.volumes import inspected as volume_inspected

        return volume_inspected(on.volumes.get(name))
    if kind != "image":
        try:
            return on.containers.get(name).inspect(size=size)
        except NoSuchContainer:
            if kind == "container":
                raise NotFound(f'no such container "{name}"') from None
    try:
        from seabox.listing.images import inspected

        image = on.images.find(name)
        return inspected(image, on.images.past_names(image.id), on.images.graph_driver(image))
    except (NoSuchImage, InvalidArgument):
        if kind == "image":
            raise
        if on.networks.exists(name):
            return _inspect(on, "network", name)
        if on.pods.exists(name):
            return _inspect(on, "pod", name)
        if on.volumes.exists(name):
            return _inspect(on, "volume", name)
        raise NotFound(f'no such object: "{name}"') from None


def _print(args: Arguments, found: list[object]) -> None:
    from seabox.cli.output import as_json, is_json, render, write

    form = args.text("format")
    if not form or is_json(form):
        text = as_json(found) if found else "[]\n"
    else:
        text = "".join(render(_known_names(form, each), _with_unset(each)) for each in found)
    write(text, sys.stdout)


def _with_unset(shown: object) -> object:
    """What a template sees: of an image also the settings that it leaves out, of a network the names in Go."""
    if isinstance(shown, dict) and "network_interface" in shown:
        from seabox.cli.commands.network_inspect import in_go

        return in_go(shown)
    if not isinstance(shown, dict) or "RootFS" not in shown:
        return shown
    settings = shown["Config"]
    health = settings.get("Healthcheck")
    return {**shown, "HealthCheck": health, "Healthcheck": health, "Config": {**_UNSET, **settings}}


def _known_names(form: str, shown: object) -> str:
    """The template with the field names that podman takes as well in the place of those that are shown."""
    import re

    other = "ID" if isinstance(shown, dict) and ("ID" in shown or "network_interface" in shown) else "Id"
    form = re.sub(r"({{-?\s*)\.I[Dd](\s*-?}})", rf"\1.{other}\2", form)
    if isinstance(shown, dict) and "State" in shown:
        form = re.sub(r"\.ImageID\b", ".Image", form)
    return re.sub(r"\.Dst\b", ".Destination", re.sub(r"\.Src\b", ".Source", form))

"""`container snapshot`: its four verbs."""

from __future__ import annotations

import sys

from seabox.cli.commands.checkpoint import ESTABLISHED
from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.snapshots import Snapshots

_COUNTS = {"create": (0, 1), "ls": (0, 0), "restore": (1, 1), "rm": (1, None)}  # of words after the container's name


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("quiet", "q", BOOL, "Print names only"),
        ESTABLISHED,
    )
    return Command(
        path, flags, "[options] create|ls|restore|rm CONTAINER [SNAPSHOT...]",
        "Take a container back to an earlier moment, with its memory and its files", run, least=2,
        completion=tuple(_COUNTS),
        description="create CONTAINER [SNAPSHOT]   keeps this moment of the running container, which goes on\n"
        "ls CONTAINER                  lists the moments that were kept\n"
        "restore CONTAINER SNAPSHOT    the container runs and is as it was then\n"
        "rm CONTAINER SNAPSHOT...      forgets them",
        examples=("seabox container snapshot create box clean", "seabox container snapshot restore box clean"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Carry the verb out."""
    verb, name, *rest = args.rest
    if verb not in _COUNTS:
        raise InvalidArgument(f'unknown verb "{verb}": one of {", ".join(_COUNTS)}')
    least, most = _COUNTS[verb]
    if len(rest) < least or (most is not None and len(rest) > most):
        raise InvalidArgument(f"wrong number of arguments: {args.command.full_path} {args.command.usage}")
    with engine(args) as on:
        snapshots = on.containers.get(name).snapshots
        if verb == "create":
            say(snapshots.create(rest[0] if rest else None, tcp_established=args.on("tcp-established")))
        elif verb == "restore":
            snapshots.restore(rest[0])
            say(name)
        elif verb == "rm":
            return for_each(rest, lambda each: _remove(snapshots, each))
        else:
            _list(args, snapshots)
    return 0


def _remove(snapshots: Snapshots, name: str) -> None:
    snapshots.remove(name)
    say(name)


def _list(args: Arguments, snapshots: Snapshots) -> None:
    import time

    from seabox.cli.output import as_json, is_json, report, write
    from seabox.model.human import since, size

    found = snapshots.list()
    if args.on("quiet"):
        for each in found:
            say(each.name)
        return
    now = time.time_ns()
    rows: list[dict[str, object]] = [
        {"Name": each.name, "Created": since(each.created_at, now), "Size": size(each.size)} for each in found
    ]
    if is_json(args.text("format")):
        write(as_json(rows), sys.stdout)
    else:
        write(report(args.text("format"), rows, ("Name", "Created", "Size")), sys.stdout)

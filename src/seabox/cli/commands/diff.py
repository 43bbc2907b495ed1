"""`diff`, of a container or an image."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_KINDS = {"changed": "C", "added": "A", "deleted": "D"}


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "", STRING, "json", metavar="format"),
        Flag("latest", "l", BOOL, "The container created last"),
    )
    what = {"image": "IMAGE", "container": "CONTAINER"}.get(path.partition(" ")[0], "{CONTAINER|IMAGE}")
    return Command(
        path, flags, f"[options] {what}", "Show what it changed of what is below it", run, most=1,
        completion="images" if what == "IMAGE" else "containers", examples=("seabox diff web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print the changes."""
    from seabox.cli.output import as_json, is_json, write

    form = args.text("format")
    if form and not is_json(form):
        raise InvalidArgument(f"only supported value for '--format' is 'json', not {form!r}")
    with engine(args) as on:
        if args.on("latest"):
            from seabox.cli.context import latest_of

            if args.rest:
                raise InvalidArgument("--latest and containers cannot be used together")
            name = latest_of(on)
        elif args.rest:
            name = args.rest[0]
        else:
            raise InvalidArgument("a container or an image must be named")
        group = args.command.path.partition(" ")[0]
        if group == "image":
            on.images.find(name)
            found = on.images.diff(name)
        else:
            try:
                found = on.images.container_diff(name)
            except NoSuchContainer:
                if group == "container" or not on.images.exists(name):
                    raise
                found = on.images.diff(name)
    if form:
        grouped = {word: [path for kind, path in found if kind == letter] for word, letter in _KINDS.items()}
        write(as_json({word: paths for word, paths in grouped.items() if paths}), sys.stdout)
    else:
        write("".join(f"{kind} {path}\n" for kind, path in found), sys.stdout)
    return 0

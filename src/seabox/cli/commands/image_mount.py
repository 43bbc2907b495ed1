"""`image mount` and `image unmount`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    every = Flag("all", "a", BOOL, "All images")
    if path.endswith(("umount", "unmount")):
        return Command(
            path, (every, Flag("force", "f", BOOL, "Accepted, without effect")), "[options] IMAGE [IMAGE...]",
            "Take the mounts of images away", unmount, completion="images",
        )  # fmt: skip
    return Command(
        path, (every, Flag("format", "", STRING, "json", metavar="format")), "[options] [IMAGE...]",
        "Mount images read-only and print where; without arguments, list the mounts", run, completion="images",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Mount them, or show what is mounted."""
    from seabox.cli.output import as_json, is_json, table, write

    with engine(args) as on:
        names = [next(iter(row.names), row.id) for row in on.images.list()] if args.on("all") else args.rest
        if names:
            single = len(names) == 1 and not args.on("all")

            def mount(name: str) -> None:
                place = on.images.mount(name)
                say(place if single else f"{name} {place}")

            return for_each(names, mount)
        found = on.images.mounted()
        if is_json(args.text("format")):
            listed = [
                {"id": row.id, "Names": list(row.names), "Repositories": list(row.names), "mountpoint": place}
                for row, place in found
            ]
            write(as_json(listed), sys.stdout)
        else:
            write(table([next(iter(row.names), row.id), place] for row, place in found), sys.stdout)
    return 0


def unmount(args: Arguments) -> int:
    """Unmount them and print their ids."""
    with engine(args) as on:
        names = [row.id for row, _ in on.images.mounted()] if args.on("all") else args.rest
        if not names and not args.on("all"):
            raise InvalidArgument("at least one image name or ID must be specified")

        def take_away(name: str) -> None:
            id = on.images.find(name).id
            if on.images.unmount(name):
                say(id)

        return for_each(names, take_away)

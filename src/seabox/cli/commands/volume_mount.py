"""`volume mount` and `volume unmount`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    if path.endswith(("umount", "unmount")):
        return Command(
            path, (), "VOLUME [VOLUME...]", "Take back a mount of volumes", unmount, least=1, completion="volumes"
        )
    return Command(
        path, (), "VOLUME [VOLUME...]", "Mount volumes and print where", mount, least=1, completion="volumes"
    )


def mount(args: Arguments) -> int:
    """Mount them."""
    with engine(args) as on:
        return for_each(args.rest, lambda name: say(on.volumes.mount(name)))


def unmount(args: Arguments) -> int:
    """Unmount them and print their names."""
    with engine(args) as on:

        def one(name: str) -> None:
            on.volumes.unmount(name)
            say(name)

        return for_each(args.rest, one)

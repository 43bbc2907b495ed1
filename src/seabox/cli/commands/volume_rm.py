"""`volume rm`, also called `volume remove`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, INT, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All volumes"),
        Flag("force", "f", BOOL, "Remove the containers that use it as well; one that does not exist is no error"),
        Flag("time", "t", INT, "Seconds to wait before containers are killed", default=10),
    )
    return Command(
        path, flags, "[options] VOLUME [VOLUME...]", "Remove volumes", run, completion="volumes",
        examples=("seabox volume rm data", "seabox volume rm --all --force"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove what was named."""
    from seabox.volumes.errors import NoSuchVolume, NothingToRemove

    force = args.on("force")
    if args.given("time") and not force:
        raise InvalidArgument("--force option must be specified to use the --time option")
    if bool(args.rest) == args.on("all"):
        raise InvalidArgument("choose either one or more volumes or all")
    timeout = args.number("time") if args.given("time") else None
    if timeout is not None and timeout < 0:
        timeout = None
    with engine(args) as on:

        def remove(name: str) -> None:
            try:
                on.volumes.remove(name, force=force, timeout=timeout)
            except NoSuchVolume:
                raise NothingToRemove(name) from None
            say(name)

        names = args.rest or [volume.name for volume in on.volumes.list()]
        return for_each(names, remove, forgive=(NothingToRemove,) if force or args.on("all") else ())

"""`umount`, also called `unmount`."""

from __future__ import annotations

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, Flag("force", "f", BOOL, "Unmount, however often it was mounted"), LATEST),
        "[options] CONTAINER [CONTAINER...]", "Unmount the root file systems of containers", run,
        completion="containers",
        description="What `mount` mounted is unmounted once it was unmounted as often, or with --force at once.",
        examples=("seabox umount web", "seabox umount --all"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Take back one mount of each."""
    with engine(args) as on:

        def unmount(name: str) -> None:
            on.containers.get(name).unmount(force=args.on("force"))
            say(name)

        forgive = (Conflict,) if args.on("all") else ()
        return for_each(chosen(args, on, fits=lambda seen: bool(seen.state.mount_count)), unmount, forgive=forgive)
